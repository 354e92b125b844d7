"""References to objects in cloud storage, and https URLs of the same objects. No I/O.

The files in cloud storage are called objects. A reference is a text such as `s3://bucket/key`. The
key is written without percent-encoding: `?`, `#` and `%` are characters of the name. The same
object also has https URLs, on several hosts; `same_object_url` returns the same URL for all of
them, so that two texts can be compared.
"""

import re
from typing import Final, NamedTuple
from urllib.parse import quote

from batch_import.addresses.urls import canonical_url

_REFERENCE = re.compile(
    r"(?P<scheme>[a-z][a-z0-9+.-]*)://(?P<bucket>[^/\\]*)(?:/(?P<path>.*))?",
    re.IGNORECASE | re.DOTALL,
)
_WEB_SCHEMES: Final = ("http", "https")

#: URLs of Amazon S3 (AWS documentation, "Methods for accessing a general purpose bucket"), with the
#: bucket at the start of the host or of the path. The region does not matter, because bucket names
#: are unique in all regions. Hosts of websites and access points serve other files.
_S3_URL = re.compile(
    r"https://(?:(?P<bucket>[a-z0-9][a-z0-9._-]+)\.)?"
    r"s3(?:[.-](?:accelerate|dualstack|fips|[a-z]{2}(?:-[a-z]+)+-\d+))*\.amazonaws\.com/(?P<path>.+)"
)
#: URLs of Google Cloud Storage with the bucket in the host (Google's documentation, "Request
#: endpoints").
_GCS_URL = re.compile(
    r"https://(?P<bucket>[a-z0-9][a-z0-9._-]+)\.storage\.googleapis\.com/(?P<path>.+)"
)
#: A text without one of these parts matches neither `_S3_URL` nor `_GCS_URL`. A fast check.
_PARTS_OF_HOSTS: Final = (".amazonaws.com/", ".storage.googleapis.com/", "//s3")
#: Scheme of a reference → the canonical https URL of the object.
_CANONICAL_URLS: Final = {
    "s3": "https://{bucket}.s3.amazonaws.com/{path}",
    "az": "https://{bucket}.blob.core.windows.net/{path}",
    "gs": "https://storage.googleapis.com/{bucket}/{path}",
}


#: Scheme → valid names of buckets or storage accounts (the naming rules of Amazon S3, Azure and
#: Google; the storage itself refuses a wrong length). A name becomes part of a host to which
#: credentials are sent: with other characters, a manifest could choose any host.
_VALID_BUCKETS: Final = {
    "s3": re.compile(r"[A-Za-z0-9._-]{1,255}"),
    "az": re.compile(r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?"),
    "gs": re.compile(r"[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?"),
}


class ObjectReference(NamedTuple):
    """The parts of a reference.

    Attributes:
        scheme: URL scheme in lower case.
        bucket: the text before the next slash: the bucket, or Azure's storage account; may be
            empty.
        path: the text after this slash, not percent-encoded; may be empty.
    """

    scheme: str
    bucket: str
    path: str


def parse_reference(text: str) -> ObjectReference | None:
    """Returns the parts of a reference; None if the text is a web URL or has no `scheme://`."""
    match = _REFERENCE.fullmatch(text)
    if match is None or match["scheme"].lower() in _WEB_SCHEMES:
        return None
    return ObjectReference(match["scheme"].lower(), match["bucket"], match["path"] or "")


def has_valid_bucket(reference: ObjectReference) -> bool:
    """Whether the bucket or storage account has a valid name. For other schemes, all are valid."""
    pattern = _VALID_BUCKETS.get(reference.scheme)
    return pattern is None or pattern.fullmatch(reference.bucket) is not None


def percent_encoded(text: str) -> str:
    """Returns a reference with its path percent-encoded as in a URL. Other texts are unchanged."""
    reference = None if text.startswith("http") else parse_reference(text)
    if reference is None:
        return text
    return f"{reference.scheme}://{reference.bucket}/{_quoted(reference.path)}"


def as_web_url(text: str) -> str:
    """Returns a reference in the form of an https URL that nobody can download.

    The simulated platform of a rehearsal needs a URL, and downloads nothing. Any other text is
    returned unchanged.
    """
    reference = None if text.startswith("http") else parse_reference(text)
    return f"https://{reference.bucket}/{_quoted(reference.path)}" if reference else text


def reference_url(reference: ObjectReference) -> str:
    """Returns the canonical https URL of the object that a reference names.

    For any other scheme than `s3`, `az` and `gs`, it returns the reference in canonical form.
    """
    template = _CANONICAL_URLS.get(reference.scheme)
    if template is None:
        return canonical_url(f"{reference.scheme}://{reference.bucket}/{reference.path}")
    return canonical_url(template.format(bucket=reference.bucket, path=_quoted(reference.path)))


def may_have_other_hosts(text: str) -> bool:
    """Whether `same_object_url` may change a URL in a text. It is fast, also for a long text."""
    return any(host in text for host in _PARTS_OF_HOSTS)


def same_object_url(url: str) -> str:
    """Returns the URL that `reference_url` returns for the same object.

    Args:
        url: a canonical https URL without a signature. Any text that is not the URL of an object is
            returned unchanged.
    """
    if "?" in url or not may_have_other_hosts(url):
        return url
    if match := _S3_URL.fullmatch(url):
        bucket, path = match["bucket"], match["path"]
        if bucket is None:
            bucket, _, path = path.partition("/")
        return _CANONICAL_URLS["s3"].format(bucket=bucket, path=path) if path else url
    if match := _GCS_URL.fullmatch(url):
        return _CANONICAL_URLS["gs"].format(bucket=match["bucket"], path=match["path"])
    return url


def _quoted(path: str) -> str:
    # Half of a surrogate pair has no UTF-8 bytes; it is encoded as a question mark.
    return quote(path, errors="replace")
