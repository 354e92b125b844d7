"""Which extensions a video may have, and which one a URL ends in. Pure: text in, text out.

This file must not know rows or columns.
"""

from urllib.parse import unquote

#: What the platform is known to take; bare and in lower case, as it is sent.
KNOWN = frozenset({"mp4", "mov", "avi", "wmv", "mkv", "webm", "3gp"})


def extension_of(url: str) -> str:
    """Tell the known extension at the end of a URL's path; empty where there is none.

    `https://example.mov` has none: its dot is the host's.
    """
    # Not urlsplit: it is slow over a million rows, and refuses some hosts with an exception.
    path = url.partition("#")[0].partition("?")[0].partition("://")[2].partition("/")[2]
    name = path.rpartition("/")[2]
    if "%" in name:
        name = unquote(name).rstrip()
    _, dot, suffix = name.rpartition(".")
    suffix = suffix.lower()
    return suffix if dot and suffix in KNOWN else ""
