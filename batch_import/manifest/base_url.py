"""Resolve bare file names against a base URL (`--base-url`). No I/O.

This module must not know rows or columns.
"""

import re
from urllib.parse import quote

#: Matches texts that are not resolved: a URL, an absolute path, a path with `..`, no file name.
_NOT_BELOW = re.compile(
    r"\w[\w+.-]*:|//|\\\\|~|.*(?:^|[/\\])\.\.(?:[/\\]|\Z)|.*[\x00-\x1f]", re.DOTALL
)
_HOST = re.compile(r"(?:[\w-]+\.)+[a-z]{2,}(?::\d+)?/", re.IGNORECASE)
_ENDING = re.compile(r".*\.[a-z0-9]{2,5}\s*\Z", re.IGNORECASE | re.DOTALL)
#: Characters that are not percent-encoded. A `%` is kept if it already encodes a character.
_SAFE = "/!$&'()*+,-.:;=@_~"
_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")


def resolve_file_name(base: str, name: str) -> str:
    """Resolve a relative file name against a base URL. Any other text is returned unchanged.

    `#` and `?` are part of the file name, because a list of files has no fragments and queries.

    Args:
        base: a URL that ends in `/`.
    """
    if _NOT_BELOW.match(name) or _HOST.match(name) or not _ENDING.match(name):
        return name
    path = name.replace("\\", "/").removeprefix("./").lstrip("/")
    return base + quote(_PERCENT.sub("%25", path), safe=f"{_SAFE}%")
