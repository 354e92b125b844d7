"""Resolve relative file names against a base URL (setting `base_url`). No I/O.

A manifest may have file names such as `videos/a.mp4` instead of URLs. This module must not know
rows or columns.
"""

import re
from urllib.parse import quote

#: Matches texts that are not resolved: a URL, a path on a server or in a home folder, a path with
#: `..`, and a text with control characters.
_NOT_RELATIVE = re.compile(
    r"\w[\w+.-]*:|//|\\\\|~|.*(?:^|[/\\])\.\.(?:[/\\]|\Z)|.*[\x00-\x1f]", re.DOTALL
)
#: Matches a URL without a scheme: a host and a slash.
_HOST_AND_PATH = re.compile(r"(?:[\w-]+\.)+[a-z]{2,}(?::\d+)?/", re.IGNORECASE)
#: Matches a text that ends in a file extension.
_FILE_NAME = re.compile(r".*\.[a-z0-9]{2,5}\s*\Z", re.IGNORECASE | re.DOTALL)
#: Characters that are not percent-encoded.
_UNENCODED_CHARACTERS = "/!$&'()*+,-.:;=@_~"
#: Matches a `%` that does not start a percent-encoded character already.
_LITERAL_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")


def resolve_file_name(base: str, name: str) -> str:
    """Resolve a relative file name against a base URL. Any other text is returned unchanged.

    The characters `#` and `?` are encoded, because a file name has no fragment and no query.

    Args:
        base: a URL that ends in `/`.
        name: the cell of the manifest.
    """
    if _NOT_RELATIVE.match(name) or _HOST_AND_PATH.match(name) or not _FILE_NAME.match(name):
        return name
    path = name.replace("\\", "/").removeprefix("./").lstrip("/")
    return base + quote(_LITERAL_PERCENT.sub("%25", path), safe=f"{_UNENCODED_CHARACTERS}%")
