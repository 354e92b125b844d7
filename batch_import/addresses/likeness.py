"""Recognizes videos that are probably the same, by equal titles and similar URLs. No I/O."""

import re
from typing import Final

from batch_import.addresses.opaque import SHORT_TOKEN_LENGTH, looks_random
from batch_import.addresses.unicode_forms import normalized
from batch_import.addresses.urls import parse

#: Replaces a part of a path that may be different in two URLs of the same video.
_WILDCARD: Final = "*"
_FILE_EXTENSION = re.compile(r"\.[A-Za-z][A-Za-z0-9]{1,4}$")
#: An ID (UUID) or a time (epoch seconds or milliseconds) in a path. Both may be different when the
#: same videos are exported again.
_EXPORT_ID = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[12]\d{9}(?:\d{3})?",
    re.IGNORECASE,
)


def similarity_key(title: str, address: str) -> str:
    """Returns a text that is equal for videos that are probably the same.

    It consists of the title, the host, and the path without random parts.

    Args:
        title: title of the video.
        address: URL of the video without its signature (`signatures.strip_signature`).
    """
    url = parse(address)
    host, path = (url.host, url.path) if url else ("", address)
    normalised_title = " ".join(normalized("NFKC", title).casefold().split())
    return f"{normalised_title}\n{host.lower()}{'/'.join(map(_segment_pattern, path.split('/')))}"


def _segment_pattern(segment: str) -> str:
    extension = _FILE_EXTENSION.search(segment)
    stem = segment[: extension.start()] if extension else segment
    if _EXPORT_ID.fullmatch(stem) or looks_random(stem, SHORT_TOKEN_LENGTH):
        return _WILDCARD + (extension[0].lower() if extension else "")
    return segment
