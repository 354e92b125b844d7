"""The source `az://account/container/prefix`: Azure Blob Storage.

Credentials follow the conventions of Azure (Azure CLI and Azure SDK documentation):
`AZURE_STORAGE_CONNECTION_STRING` or `AZURE_STORAGE_KEY` for the key of an account; otherwise the
identity that `DefaultAzureCredential` finds, which signs with a user delegation key.
"""

import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    HttpResponseError,
    ResourceNotFoundError,
    ServiceRequestError,
    ServiceResponseError,
)
from azure.identity import DefaultAzureCredential
from azure.storage.blob import (
    BlobSasPermissions,
    BlobServiceClient,
    UserDelegationKey,
    generate_blob_sas,
)

from batch_import.sources.access_checks import AccessChecks
from batch_import.sources.objects import (
    bucket_and_key,
    bucket_and_prefix,
    listed_object,
    listing_faults,
    one_line,
)
from batch_import.sources.source import (
    ListedVideo,
    ListingOptions,
    ReferenceRefused,
    SigningFailed,
    SkippedItem,
    SourceUnavailable,
)

#: Signatures are valid from this time before now, in case this machine's clock is ahead of Azure's
#: (Azure documentation, "Best practices when using SAS": 15 minutes).
_CLOCK_TOLERANCE: Final = timedelta(minutes=15)
#: Maximum validity of a user delegation key (Azure documentation, "Create a user delegation SAS").
_MAX_LIFE: Final = timedelta(days=7)
#: Status codes of requests that may succeed later (Azure documentation, "Common REST API error
#: codes").
_BUSY_STATUSES: Final = frozenset({408, 429, 500, 502, 503, 504})
#: Status codes of requests whose credentials are refused, unless the error code is one of the next.
_UNAUTHORISED_STATUSES: Final = frozenset({401, 403})
#: Error codes for valid credentials that have no permission for this file (the same page).
_PERMISSION_CODES: Final = frozenset(
    {"AuthorizationPermissionMismatch", "InsufficientAccountPermissions"}
)
#: Options of the requests for signing. There are no retries, because the importer signs again
#: later, without blocking a thread meanwhile.
_NO_RETRY: Final[dict[str, Any]] = {"retry_total": 0}
#: Seconds for opening a connection, and for waiting for a response. They are short, because a run
#: that is stopped waits for the response.
_LIMITS: Final[dict[str, Any]] = {"connection_timeout": 10, "read_timeout": 20}
#: Maximum number of characters of Azure's message that are shown: it may list all kinds of
#: credentials that were tried.
_MAX_MESSAGE_LENGTH: Final = 200
#: The tier of blobs that must be restored before they can be downloaded.
_ARCHIVE_TIER: Final = "Archive"
_CREDENTIALS_HINT: Final = (
    "Sign in again (`az login`), or set AZURE_STORAGE_CONNECTION_STRING, or AZURE_STORAGE_KEY;"
    " an identity needs the role Storage Blob Data Reader."
)

# Without any handler, Python prints the warnings of the library to standard error.
logging.getLogger("azure").addHandler(logging.NullHandler())


class AzSource:
    """Lists containers, and signs URLs of blobs (shared access signatures)."""

    #: Maximum validity of a signed URL in seconds: a day less than the validity of a user
    #: delegation key, so that one key can sign all URLs of a day.
    max_url_seconds: Final = 6 * 24 * 3600

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._accounts: dict[str, _Account] = {}
        self._checks = AccessChecks()

    def videos(self, location: str, options: ListingOptions) -> Iterator[ListedVideo | SkippedItem]:
        """As in `Source`."""
        del options
        account, container, prefix = bucket_and_prefix(location, 2)
        with listing_faults(), _faults(location):
            client = self._account(account).client.get_container_client(container)
            for blob in client.list_blobs(name_starts_with=prefix or None):
                video = listed_object(
                    f"az://{account}/{container}",
                    blob.name,
                    blob.size,
                    blob.last_modified,
                    is_archived=blob.blob_tier == _ARCHIVE_TIER,
                )
                if video:
                    yield video

    def signed_url(self, reference: str, seconds: int) -> str:
        """As in `SigningSource`."""
        account_name, container, name = bucket_and_key(reference, "account/container/blob")
        with _faults(reference):
            account = self._account(account_name)
            blob = account.client.get_blob_client(container, name)
            self._checks.confirm(f"{account_name}/{container}", lambda: _check(blob))
            return f"{blob.url}?{account.signature(container, name, seconds)}"

    def _account(self, name: str) -> "_Account":
        with self._lock:
            if name not in self._accounts:
                self._accounts[name] = _Account(name)
            return self._accounts[name]


class _Account:
    """One storage account: its client, and the key that signs its URLs. Thread-safe.

    Args:
        name: name of the account.
    """

    def __init__(self, name: str) -> None:
        self.client = _client(name)
        self._name = name
        self._lock = threading.Lock()
        self._delegation_key: UserDelegationKey | None = None
        self._key_valid_until = datetime.min.replace(tzinfo=UTC)

    def signature(self, container: str, blob: str, seconds: int) -> str:
        """Returns a shared access signature, the query of a URL, that allows reading one blob."""
        now = datetime.now(UTC)
        expiry = now + timedelta(seconds=seconds)
        key = getattr(self.client.credential, "account_key", None)
        signed: str = generate_blob_sas(
            self._name,
            container,
            blob,
            account_key=key,
            user_delegation_key=None if key else self._key_until(now, expiry),
            permission=BlobSasPermissions(read=True),
            expiry=expiry,
            start=now - _CLOCK_TOLERANCE,
        )
        return signed

    def _key_until(self, now: datetime, expiry: datetime) -> UserDelegationKey:
        """Returns a user delegation key that is valid until `expiry`; requests one if necessary."""
        with self._lock:
            if self._delegation_key is None or self._key_valid_until < expiry:
                # Valid twice as long as needed, because the next URL expires a little later.
                until = min(expiry + (expiry - now), now + _MAX_LIFE)
                self._delegation_key = self.client.get_user_delegation_key(
                    now - _CLOCK_TOLERANCE, until, **_NO_RETRY
                )
                self._key_valid_until = until
            return self._delegation_key


def _client(account: str) -> Any:
    """Returns a client with the account's key from the environment, or with an identity.

    Settings for another account are ignored.
    """
    if connection := os.environ.get("AZURE_STORAGE_CONNECTION_STRING", ""):
        client = BlobServiceClient.from_connection_string(connection, **_LIMITS)
        if client.account_name == account:
            return client
    key = os.environ.get("AZURE_STORAGE_KEY", "")
    url = f"https://{account}.blob.core.windows.net"
    if key and os.environ.get("AZURE_STORAGE_ACCOUNT", account) == account:
        return BlobServiceClient(url, {"account_name": account, "account_key": key}, **_LIMITS)
    return BlobServiceClient(url, DefaultAzureCredential(), **_LIMITS)


def _check(blob: Any) -> None:
    """Request the properties of a blob. It is no error if the blob is missing."""
    try:
        blob.get_blob_properties(**_NO_RETRY)
    except ResourceNotFoundError:
        return


@contextmanager
def _faults(subject: str) -> Iterator[None]:
    """Convert the errors of Azure's libraries to errors of a source.

    Args:
        subject: location or reference, for the message.
    """
    try:
        yield
    except HttpResponseError as error:
        raise _fault_of(subject, error) from error
    except (ServiceRequestError, ServiceResponseError) as error:
        raise SigningFailed(f"{subject}: {one_line(error)}") from error
    except (AzureError, ValueError) as error:
        raise SourceUnavailable(f"{subject}: {one_line(error)}", _CREDENTIALS_HINT) from error


def _fault_of(subject: str, error: HttpResponseError) -> Exception:
    code = getattr(error, "error_code", None) or error.reason or type(error).__name__
    code = str(getattr(code, "value", code))  # a text or a member of an enum
    first_line = str(error.message).partition("\n")[0]
    text = one_line(f"{subject}: Azure answers {code}: {first_line[:_MAX_MESSAGE_LENGTH]}")
    if error.status_code in _BUSY_STATUSES:
        return SigningFailed(text)
    is_unauthorised = error.status_code in _UNAUTHORISED_STATUSES and code not in _PERMISSION_CODES
    if isinstance(error, ClientAuthenticationError) or is_unauthorised:
        return SourceUnavailable(text, _CREDENTIALS_HINT)
    return ReferenceRefused(f"{text} Correct the reference, or the rights to read it.")
