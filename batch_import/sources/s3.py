"""The source `s3://bucket/prefix`: Amazon S3, and storage that is compatible with it.

Credentials, profile, region and endpoint follow the conventions of AWS (AWS SDKs and Tools
Reference Guide): `AWS_PROFILE`, `AWS_REGION`, `AWS_ENDPOINT_URL_S3`, the files in `~/.aws`, roles.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ConnectionError, HTTPClientError  # noqa: A004

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

#: Operations that this source requests. An error of another operation comes from boto3's own
#: request for credentials.
_OPERATIONS: Final = frozenset({"ListObjectsV2", "GetObject", "HeadBucket"})
#: Error codes for credentials that are wrong or have expired (Amazon S3 API Reference, "Error
#: responses"). With such credentials, no reference can be signed.
_CREDENTIAL_CODES: Final = frozenset(
    """
    ExpiredToken ExpiredTokenException InvalidAccessKeyId InvalidToken SignatureDoesNotMatch
    TokenRefreshRequired AuthorizationHeaderMalformed RequestTimeTooSkewed
    UnrecognizedClientException NotSignedUp AccountProblem
    """.split()
)
#: Error codes for requests that may succeed later (the same page).
_BUSY_CODES: Final = frozenset(
    "SlowDown ServiceUnavailable InternalError RequestTimeout Throttling 500 502 503 504".split()
)
#: Error codes for an object that does not exist. They show that the credentials were accepted.
_MISSING_CODES: Final = frozenset("NoSuchKey 404".split())
#: Storage classes whose objects must be restored before they can be downloaded.
_ARCHIVE_CLASSES: Final = frozenset({"GLACIER", "DEEP_ARCHIVE"})
_CREDENTIALS_HINT: Final = (
    "Sign in again (`aws sso login`), or correct AWS_PROFILE, AWS_ACCESS_KEY_ID or ~/.aws;"
    " `aws sts get-caller-identity` shows who you are."
)
_LOCATION_HINT: Final = "Correct the location, AWS_REGION or AWS_ENDPOINT_URL_S3, and try again."
#: Options for listing, with the retries that boto3 recommends: up to three attempts, and a pause
#: after "SlowDown". A connection must be open within 10 seconds.
CONFIG: Final = Config(signature_version="s3v4", retries={"mode": "standard"}, connect_timeout=10)
#: Options for signing. There are no retries, because the importer signs again later, without
#: blocking a thread meanwhile. Signing makes up to two requests; if the storage does not answer,
#: both end within a minute, because a run that is stopped waits for them.
_SIGNING_CONFIG: Final = CONFIG.merge(Config(retries={"total_max_attempts": 1}, read_timeout=20))


class S3Source:
    """Lists buckets, and signs URLs of objects (Signature Version 4)."""

    #: Maximum validity of a signed URL in seconds (Amazon S3 User Guide, "Sharing objects with
    #: presigned URLs"). With the credentials of a role, the URL also expires with its session.
    max_url_seconds: Final = 7 * 24 * 3600

    def __init__(self) -> None:
        self._lock = threading.Lock()
        #: Bucket → client for the bucket's region.
        self._clients: dict[str, Any] = {}
        self._default_client: Any = None
        self._checks = AccessChecks()

    def videos(self, location: str, options: ListingOptions) -> Iterator[ListedVideo | SkippedItem]:
        """As in `Source`."""
        del options
        bucket, prefix = bucket_and_prefix(location)
        container = f"s3://{bucket}"
        with listing_faults(_LOCATION_HINT), _faults(location):
            pages = self._new_client(None, CONFIG).get_paginator("list_objects_v2")
            for page in pages.paginate(Bucket=bucket, Prefix=prefix):
                for item in page.get("Contents", ()):
                    video = listed_object(
                        container,
                        item["Key"],
                        item["Size"],
                        item["LastModified"],
                        is_archived=item.get("StorageClass") in _ARCHIVE_CLASSES,
                    )
                    if video:
                        yield video

    def signed_url(self, reference: str, seconds: int) -> str:
        """As in `SigningSource`."""
        bucket, key = bucket_and_key(reference, "bucket/key")
        target = {"Bucket": bucket, "Key": key}
        with _faults(reference):
            self._checks.confirm(bucket, lambda: self._check(target))
            client = self._clients.get(bucket) or self._client()
            url: str = client.generate_presigned_url("get_object", target, seconds)
        return url

    def _check(self, target: dict[str, str]) -> None:
        """Request the first byte of an object. It is no error if the object is missing or empty."""
        client = self._client_for(target["Bucket"])
        try:
            client.get_object(**target, Range="bytes=0-0")["Body"].close()
        except ClientError as error:
            if _code(error) not in (*_MISSING_CODES, "InvalidRange"):
                raise

    def _client_for(self, bucket: str) -> Any:
        """Returns the client of a bucket's region, which is part of the signature."""
        client = self._client()
        region = _region_of(client, bucket)
        if region and region != client.meta.region_name:
            client = self._new_client(region)
        with self._lock:
            return self._clients.setdefault(bucket, client)

    def _client(self) -> Any:
        with self._lock:
            if self._default_client is None:
                self._default_client = self._new_client(None)
            return self._default_client

    @staticmethod
    def _new_client(region: str | None, config: Config = _SIGNING_CONFIG) -> Any:
        # A separate session, because the default session may not be used by several threads.
        session = boto3.session.Session()
        return session.client("s3", region_name=region, config=config)


def _region_of(client: Any, bucket: str) -> str:
    """Returns the region of a bucket; empty if unknown, as for most storage of other vendors."""
    try:
        headers = client.head_bucket(Bucket=bucket)["ResponseMetadata"]["HTTPHeaders"]
    except ClientError as error:  # even a refusal for lack of permission has the header
        headers = error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    return str(headers.get("x-amz-bucket-region", ""))


@contextmanager
def _faults(subject: str) -> Iterator[None]:
    """Convert the errors of boto3 to errors of a source.

    Args:
        subject: location or reference, for the message.
    """
    try:
        yield
    except ClientError as error:
        raise _fault_of(subject, error) from error
    except (HTTPClientError, ConnectionError) as error:
        raise SigningFailed(f"{subject}: {one_line(error)}") from error
    except BotoCoreError as error:
        raise SourceUnavailable(f"{subject}: {one_line(error)}", _CREDENTIALS_HINT) from error


def _fault_of(subject: str, error: ClientError) -> Exception:
    code = _code(error)
    message = str(error.response.get("Error", {}).get("Message", ""))
    text = one_line(f"{subject}: the storage answers {code}: {message}")
    if code in _BUSY_CODES:
        return SigningFailed(text)
    if code in _CREDENTIAL_CODES or error.operation_name not in _OPERATIONS:
        return SourceUnavailable(text, _CREDENTIALS_HINT)
    return ReferenceRefused(f"{text} Correct the reference, or the rights to read it.")


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))
