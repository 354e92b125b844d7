"""When two titled addresses are evidently alike: the same title at the same place. Pure.

This file must not know rows, nor what follows from a likeness.
"""

import re
import unicodedata
from typing import Final

from batch_import.addresses.opaque import SHORT, is_opaque
from batch_import.addresses.urls import parse

_ANY: Final = "*"
_FILE_END = re.compile(r"\.[A-Za-z][A-Za-z0-9]{1,4}$")
#: IDs and times in a path that a new export of the same videos may change.
_CHANGING = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[12]\d{9}(?:\d{3})?",
    re.IGNORECASE,
)


def likeness(title: str, address: str) -> str:
    """The same text for addresses that are alike: title, host, and path but for opaque parts.

    Args:
        address: without its signature (`signatures.stripped`).
    """
    url = parse(address)
    host, path = (url.host, url.path) if url else ("", address)
    folded = " ".join(unicodedata.normalize("NFKC", title).casefold().split())
    return f"{folded}\n{host.lower()}{'/'.join(map(_plain, path.split('/')))}"


def _plain(segment: str) -> str:
    end = _FILE_END.search(segment)
    stem = segment[: end.start()] if end else segment
    if _CHANGING.fullmatch(stem) or is_opaque(stem, SHORT):
        return _ANY + (end[0].lower() if end else "")
    return segment
