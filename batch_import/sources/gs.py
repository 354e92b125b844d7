"""The source `gs://bucket/prefix`: Google Cloud Storage.

Credentials follow the conventions of Google (Google Cloud documentation, "How Application Default
Credentials works"): `GOOGLE_APPLICATION_CREDENTIALS`, the file of `gcloud`, the metadata server;
`STORAGE_EMULATOR_HOST` for an emulator. Only a service account can sign.
"""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, Final

import google.auth
import google.auth.transport.requests
from google.api_core.exceptions import (
    ClientError,
    GoogleAPICallError,
    RetryError,
    ServerError,
    TooManyRequests,
    Unauthorized,
)
from google.auth.credentials import Signing
from google.auth.exceptions import GoogleAuthError, TransportError
from google.cloud import storage

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

_CREDENTIALS_HINT: Final = (
    "Set GOOGLE_APPLICATION_CREDENTIALS to the key file of a service account, or sign in again"
    " with gcloud, impersonating a service account."
)
#: Seconds for opening a connection, and for waiting for a response. They are short, because a run
#: that is stopped waits for the response.
_TIMEOUTS: Final = (10.0, 20.0)
_SCOPE: Final = "https://www.googleapis.com/auth/devstorage.read_only"

# Without any handler, Python prints the warnings of the library to standard error.
logging.getLogger("google").addHandler(logging.NullHandler())


class GsSource:
    """Lists buckets, and signs URLs of objects (V4 signatures)."""

    #: Maximum validity of a signed URL in seconds (Google Cloud documentation, "Signed URLs").
    max_url_seconds: Final = 7 * 24 * 3600

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._storage: Any = None
        self._checks = AccessChecks()

    def videos(self, location: str, options: ListingOptions) -> Iterator[ListedVideo | SkippedItem]:
        """As in `Source`."""
        del options
        bucket, prefix = bucket_and_prefix(location)
        with listing_faults(), _faults(location):
            for blob in self._client().list_blobs(bucket, prefix=prefix or None):
                video = listed_object(f"gs://{bucket}", blob.name, blob.size, blob.updated)
                if video:
                    yield video

    def signed_url(self, reference: str, seconds: int) -> str:
        """As in `SigningSource`."""
        bucket, name = bucket_and_key(reference, "bucket/object")
        with _faults(reference):
            client = self._client()
            blob = client.bucket(bucket).blob(name)
            self._checks.confirm(bucket, lambda: _check(blob))
            url: str = blob.generate_signed_url(
                version="v4",
                expiration=timedelta(seconds=seconds),
                method="GET",
                # The host of an emulator, if one is configured; otherwise storage.googleapis.com.
                api_access_endpoint=client._connection.API_BASE_URL,  # noqa: SLF001 - no other way
                **_signing_options(client._credentials),  # noqa: SLF001
            )
        return url

    def _client(self) -> Any:
        with self._lock:
            if self._storage is None:
                with _faults("gs:"):
                    credentials, project = google.auth.default(scopes=[_SCOPE])
                    self._storage = storage.Client(project or "unknown", credentials)
            return self._storage


def _signing_options(credentials: Any) -> dict[str, str]:
    """Returns the options of the library for signing with credentials; empty with a private key.

    Credentials of a virtual machine have no private key. With them, the library requests each
    signature from Google's service.

    Raises:
        SourceUnavailable: the credentials are not of a service account.
    """
    if isinstance(credentials, Signing):
        return {}
    email = getattr(credentials, "service_account_email", "")
    if not email:
        raise SourceUnavailable(
            "gs: the credentials are a user's, and users cannot sign URLs.", _CREDENTIALS_HINT
        )
    if not credentials.valid or email == "default":
        credentials.refresh(google.auth.transport.requests.Request())
    return {
        "service_account_email": credentials.service_account_email,
        "access_token": credentials.token,
    }


def _check(blob: Any) -> None:
    """Request the properties of an object. It is no error if the object is missing."""
    # No retries: the importer signs again later, without blocking a thread meanwhile.
    blob.exists(retry=None, timeout=_TIMEOUTS)


@contextmanager
def _faults(subject: str) -> Iterator[None]:
    """Convert the errors of Google's libraries to errors of a source.

    Args:
        subject: location or reference, for the message.
    """
    try:
        yield
    # The library uses requests, whose errors for failed connections are subclasses of OSError.
    except (ServerError, TooManyRequests, RetryError, TransportError, OSError) as error:
        raise SigningFailed(f"{subject}: {one_line(error)}") from error
    except (Unauthorized, GoogleAuthError, ValueError) as error:
        raise SourceUnavailable(f"{subject}: {one_line(error)}", _CREDENTIALS_HINT) from error
    except ClientError as error:
        message = one_line(error.message)
        raise ReferenceRefused(f"{subject}: Google answers {error.code}: {message}") from error
    except GoogleAPICallError as error:
        raise SourceUnavailable(f"{subject}: {one_line(error)}", _CREDENTIALS_HINT) from error
