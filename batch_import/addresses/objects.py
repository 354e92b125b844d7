"""References to objects in cloud storage, and https URLs of the same objects. No I/O.

A reference is a text such as `s3://bucket/key`. The key is written as it is, without
percent-encoding: `?`, `#` and `%` are part of the name. An https URL of the same object may have
several hosts; `same_object_url` returns one of them, so that all can be compared.
"""

import re
from typing import Final, NamedTuple
from urllib.parse import quote

from batch_import.addresses.urls import canonical_url

_REFERENCE = re.compile(
    r"(?P<scheme>[a-z][a-z0-9+.-]*)://(?P<place>[^/\\]*)(?:/(?P<path>.*))?",
    re.IGNORECASE | re.DOTALL,
)
_WEB_SCHEMES: Final = ("http", "https")

#: Hosts of Amazon S3 (AWS documentation, "Methods for accessing a general purpose bucket"), with
#: the bucket in front of the host, or at the start of the path. Bucket names are unique in all
#: regions. Hosts of websites and access points are not included: they serve other files.
_S3 = re.compile(
    r"https://(?:(?P<bucket>[a-z0-9][a-z0-9._-]+)\.)?"
    r"s3(?:[.-](?:accelerate|dualstack|fips|[a-z]{2}(?:-[a-z]+)+-\d+))*\.amazonaws\.com/(?P<path>.+)"
)
#: Hosts of Google Cloud Storage (Google's documentation, "Request endpoints").
_GCS = re.compile(
    r"https://(?P<bucket>[a-z0-9][a-z0-9._-]+)\.storage\.googleapis\.com/(?P<path>.+)"
)
#: A text without one of these words has no other host than the host of `_REFERENCE_URLS`.
_VENDOR_HOSTS: Final = (".amazonaws.com/", ".storage.googleapis.com/", "//s3")
#: https URLs of the object of a reference, by scheme: `{place}` and `{path}` are its parts.
_REFERENCE_URLS: Final = {
    "s3": "https://{place}.s3.amazonaws.com/{path}",
    "az": "https://{place}.blob.core.windows.net/{path}",
    "gs": "https://storage.googleapis.com/{place}/{path}",
}


#: Names of buckets and storage accounts, by scheme (the naming rules of Amazon S3, Azure and
#: Google; the storage itself refuses a wrong length). A name becomes part of a host to which
#: credentials are sent: with any other character, a manifest could choose this host.
_PLACES: Final = {
    "s3": re.compile(r"[A-Za-z0-9._-]{1,255}"),
    "az": re.compile(r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?"),
    "gs": re.compile(r"[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?"),
}


class ObjectReference(NamedTuple):
    """The parts of a reference.

    Attributes:
        scheme: URL scheme in lower case.
        place: bucket or account; may be empty.
        path: everything after the next slash, not percent-encoded; may be empty.
    """

    scheme: str
    place: str
    path: str


def parse_reference(text: str) -> ObjectReference | None:
    """Returns the parts of a reference; None if the text is a web URL or has no `scheme://`."""
    match = _REFERENCE.fullmatch(text)
    if match is None or match["scheme"].lower() in _WEB_SCHEMES:
        return None
    return ObjectReference(match["scheme"].lower(), match["place"], match["path"] or "")


def has_valid_place(reference: ObjectReference) -> bool:
    """Whether a bucket or storage account may have this name; any is valid for other schemes."""
    pattern = _PLACES.get(reference.scheme)
    return pattern is None or pattern.fullmatch(reference.place) is not None


def percent_encoded(text: str) -> str:
    """Returns a reference with its path percent-encoded, as in a URL; other texts unchanged."""
    reference = None if text.startswith("http") else parse_reference(text)
    if reference is None:
        return text
    return f"{reference.scheme}://{reference.place}/{_quoted(reference.path)}"


def as_web_url(text: str) -> str:
    """Returns a reference in the form of an https URL, for a platform that downloads nothing.

    Any other text is returned unchanged.
    """
    reference = None if text.startswith("http") else parse_reference(text)
    return f"https://{reference.place}/{_quoted(reference.path)}" if reference else text


def reference_url(reference: ObjectReference) -> str:
    """Returns the canonical https URL of a reference's object.

    For a scheme of another vendor: the reference itself in canonical form.
    """
    path = _quoted(reference.path)
    form = _REFERENCE_URLS.get(reference.scheme)
    if form is None:
        return canonical_url(f"{reference.scheme}://{reference.place}/{reference.path}")
    return canonical_url(form.format(place=reference.place, path=path))


def may_have_other_hosts(text: str) -> bool:
    """Whether `same_object_url` may change a URL in a text. Fast, also for whole columns."""
    return any(host in text for host in _VENDOR_HOSTS)


def same_object_url(url: str) -> str:
    """Returns the same URL for all hosts of an object: the URL that `reference_url` returns.

    Args:
        url: a canonical https URL without a signature. Any other text is returned unchanged.
    """
    if "?" in url or not may_have_other_hosts(url):
        return url
    if match := _S3.fullmatch(url):
        place, path = match["bucket"], match["path"]
        if place is None:
            place, _, path = path.partition("/")
        return _REFERENCE_URLS["s3"].format(place=place, path=path) if path else url
    if match := _GCS.fullmatch(url):
        return _REFERENCE_URLS["gs"].format(place=match["bucket"], path=match["path"])
    return url


def _quoted(path: str) -> str:
    # Half of a surrogate pair has no UTF-8 bytes; it is encoded as a question mark.
    return quote(path, errors="replace")
