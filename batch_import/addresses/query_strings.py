"""Splits and joins the query of a URL, and decodes its names and values. No I/O."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final
from urllib.parse import unquote, unquote_plus

#: Maximum depth of URLs in the parameters of URLs, and maximum number of times that a text is
#: percent-decoded. Deeper nesting is not used in practice.
MAX_NESTING: Final = 3
#: A separator of query parameters: `&`, also escaped as in HTML or JSON. `;` is one only if a name
#: and `=` follow, because values may contain it (`q-sign-time=1;2`).
_SEPARATOR = re.compile(
    r"(&(?:amp;|#38;|#x26;)*|\\u0026|;(?=[\w.%-]{1,64}=))", re.IGNORECASE | re.ASCII
)


def split_query(query: str) -> tuple[list[str], list[str]]:
    """Returns the parameters (`name=value`) of a query, and the separators between them."""
    if ";" not in query and "\\" not in query:
        parts = query.split("&")
        return parts, ["&"] * (len(parts) - 1)
    pieces = _SEPARATOR.split(query)
    return pieces[::2], pieces[1::2]


def join_query(parts: Sequence[str], separators: Sequence[str]) -> str:
    """Returns a query; the reverse of `split_query`."""
    return "".join(map("".join, zip(["", *separators], parts, strict=True)))


def fully_decoded(text: str) -> tuple[str, int]:
    """Decode a text that may be percent-encoded several times.

    Returns:
        The decoded text, and how many times it was decoded: at most `MAX_NESTING`.
    """
    for decode_count in range(MAX_NESTING):
        decoded_text = unquote(text) if "%" in text else text
        if decoded_text == text:
            return text, decode_count
        text = decoded_text
    return text, MAX_NESTING


@lru_cache(maxsize=1024)
def normalised_name(name: str) -> str:
    """Returns a parameter name for comparison: decoded and case-folded."""
    return unquote_plus(name).casefold()
