"""Addresses that say no host, below one that the user names. Pure: text in, text out.

This file must not know rows or columns.
"""

import re
from urllib.parse import quote

#: What has a host or a disk of its own, climbs out of the folder, or is no file's name.
_NOT_BELOW = re.compile(
    r"\w[\w+.-]*:|//|\\\\|~|.*(?:^|[/\\])\.\.(?:[/\\]|\Z)|.*[\x00-\x1f]", re.DOTALL
)
_HOST = re.compile(r"(?:[\w-]+\.)+[a-z]{2,}(?::\d+)?/", re.IGNORECASE)
_ENDING = re.compile(r".*\.[a-z0-9]{2,5}\s*\Z", re.IGNORECASE | re.DOTALL)
#: What stands for itself in a path. A `%` is kept where it encodes a character already.
_SAFE = "/!$&'()*+,-.:;=@_~"
_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")


def below(base: str, name: str) -> str:
    """The address of a file that is named relative to a base; anything else as it is.

    `#` and `?` are characters of the name: nothing of a query is meant in a list of files.

    Args:
        base: ends in `/`.
    """
    if _NOT_BELOW.match(name) or _HOST.match(name) or not _ENDING.match(name):
        return name
    path = name.replace("\\", "/").removeprefix("./").lstrip("/")
    return base + quote(_PERCENT.sub("%25", path), safe=f"{_SAFE}%")
