"""Which extensions a video may have, and which one a URL ends in. Pure: text in, text out.

This file must not know rows or columns.
"""

from typing import Final
from urllib.parse import unquote

#: What the platform is known to take; bare and in lower case, as it is sent.
KNOWN: Final = frozenset({"mp4", "mov", "avi", "wmv", "mkv", "webm", "3gp"})
#: Suffixes of files that the platform is not known to take.
OTHER: Final = frozenset(
    """
    m4v qt 3gpp asf mpg mpeg m2ts mts ogv flv f4v swf vob mxf mp3 m4a aac wav ogg flac jpg jpeg
    png gif webp svg pdf zip rar 7z gz doc docx ppt pptx xls xlsx csv txt srt vtt html htm
    """.split()
)


def suffix_of(url: str) -> str:
    """What stands behind the last dot of a URL's path, in lower case; empty where there is none.

    `https://example.mov` has none: its dot is the host's.
    """
    # Not urlsplit: it is slow over a million rows, and refuses some hosts with an exception.
    path = url.partition("#")[0].partition("?")[0].partition("://")[2].partition("/")[2]
    name = path.rpartition("/")[2]
    if "%" in name:
        name = unquote(name).rstrip()
    _, dot, suffix = name.rpartition(".")
    return suffix.lower() if dot else ""


def extension_of(url: str) -> str:
    """Tell the known extension at the end of a URL's path; empty where there is none."""
    suffix = suffix_of(url)
    return suffix if suffix in KNOWN else ""
