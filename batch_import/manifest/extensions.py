"""File extensions of videos, and the extension of a URL. No I/O.

This module must not know rows or columns.
"""

from typing import Final
from urllib.parse import unquote

#: Extensions that the platform accepts, without a dot and in lower case (Viostream API guide,
#: "Supported File Formats").
ACCEPTED_EXTENSIONS: Final = frozenset({"mp4", "mov", "avi", "wmv", "mkv", "webm", "3gp"})
#: Usual extensions of files that the platform does not accept, in the same form.
OTHER_EXTENSIONS: Final = frozenset(
    """
    m4v qt 3gpp asf mpg mpeg m2ts mts ogv flv f4v swf vob mxf mp3 m4a aac wav ogg flac jpg jpeg
    png gif webp svg pdf zip rar 7z gz doc docx ppt pptx xls xlsx csv txt srt vtt html htm
    """.split()
)


def suffix_of(url: str) -> str:
    """Return the text after the last dot of a URL's file name, in lower case.

    The text is empty if there is no dot: `https://example.mov` has no suffix, because the dot is in
    the host.
    """
    # urlsplit is too slow for a million rows, and raises an exception for some hosts.
    path = url.partition("#")[0].partition("?")[0].partition("://")[2].partition("/")[2]
    file_name = path.rpartition("/")[2]
    if "%" in file_name:
        file_name = unquote(file_name).rstrip()
    _, dot, suffix = file_name.rpartition(".")
    return suffix.lower() if dot else ""


def extension_of(url: str) -> str:
    """Return the suffix of a URL if the platform accepts this extension; otherwise empty."""
    suffix = suffix_of(url)
    return suffix if suffix in ACCEPTED_EXTENSIONS else ""
