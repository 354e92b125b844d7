"""What must not be shown: signatures, tokens and passwords inside URLs.

Anything that leaves the program for a person or a log goes through `mask`; the state and
`failed.csv` keep the working URL. This file must not know where text comes from or goes to.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final
from urllib.parse import unquote_plus

#: Query parameters that sign a URL, folded: AWS S3 and CloudFront, Google Cloud Storage,
#: Akamai; and those that carry a token or key.
_SIGNING: Final = frozenset(
    """
    signature expires key-pair-id policy hash-algorithm awsaccesskeyid googleaccessid
    hdnts hdnea hdntl token access_token auth_token authtoken apikey api_key
    """.split()
)
_SIGNING_STARTS: Final = ("x-amz-", "x-goog-")
#: An Azure shared access signature. Names this short mean something else elsewhere (`st` may be
#: a start time), so they count only beside its `sig`.
_AZURE: Final = frozenset("sig sv ss srt se sp sr st sip spr skoid sktid skt ske sks skv".split())

_USER = re.compile(r"(://)[^/\s@\"'<>]+@")
_QUERY = re.compile(r"[?#][^\s\"'<>?#]+")


# The URLs of a manifest have the same few parameters, a million times.
@lru_cache(maxsize=256)
def signing_parameters(names: tuple[str, ...]) -> frozenset[str]:
    """Which of a URL's query parameters sign it or carry a token.

    Args:
        names: of all its parameters, as they are written in it.
    """
    plain = {name: unquote_plus(name).casefold() for name in names}
    azure = _AZURE if "sig" in plain.values() else frozenset()
    return frozenset(
        name
        for name, folded in plain.items()
        if folded in _SIGNING or folded in azure or folded.startswith(_SIGNING_STARTS)
    )


def parameter_names(parts: Iterable[str]) -> tuple[str, ...]:
    """The names in the `name=value` parts of a query."""
    return tuple([part.partition("=")[0] for part in parts])


def mask(text: str) -> str:
    """Replace what is secret in the URLs of a text by `***`."""
    if "://" not in text and "?" not in text and "#" not in text:
        return text
    return _USER.sub(r"\1***@", _QUERY.sub(_masked_query, text))


def printable(text: str) -> str:
    """A text without what a terminal would take for commands: escapes, and other line ends."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def _masked_query(found: re.Match[str]) -> str:
    mark, query = found.group()[0], found.group()[1:]
    parts = query.split("&")
    names = parameter_names(parts)
    secret = signing_parameters(names)
    return mark + "&".join(
        f"{name}=***" if name in secret else part for name, part in zip(names, parts, strict=True)
    )
