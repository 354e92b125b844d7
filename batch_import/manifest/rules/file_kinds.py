"""Describe file types by their extension, for hints. No I/O.

This module must not know cells or URLs.
"""

from typing import Final

from batch_import.manifest.extensions import ACCEPTED_EXTENSIONS

#: Extension of a video file that the platform does not accept → extension to convert the file to.
_CONVERSIONS: Final = {
    "m4v": "mp4", "f4v": "mp4", "flv": "mp4", "swf": "mp4", "mpg": "mp4", "mpeg": "mp4",
    "m2v": "mp4", "mts": "mp4", "m2ts": "mp4", "ts": "mp4", "vob": "mp4", "ogv": "webm",
    "mxf": "mp4", "rm": "mp4", "rmvb": "mp4", "divx": "avi", "dv": "mov", "asf": "wmv",
    "qt": "mov", "3gpp": "3gp", "3g2": "3gp", "h264": "mp4", "hevc": "mp4",
}  # fmt: skip
#: Description → extensions of files that are no videos.
_OTHER_TYPES: Final = {
    "a picture": "jpg jpeg png gif webp svg tif tiff bmp heic psd ai eps ico raw",
    "a document": "pdf doc docx ppt pptx xls xlsx odt odp ods rtf txt csv md key pages html htm",
    "a sound file": "mp3 m4a aac wav ogg oga flac wma aif aiff opus mid",
    "an archive": "zip rar 7z gz tar tgz iso dmg",
    "a file of subtitles": "srt vtt ass ssa sub ttml",
    "a streaming playlist": "m3u8 mpd m3u",
    "a project of a video editor": "prproj aep fcpx veg camproj imovieproj drp",
}
_DESCRIPTIONS: Final = {
    extension: description
    for description, extensions in _OTHER_TYPES.items()
    for extension in extensions.split()
}


def describe_file_type(extension: str) -> str:
    """Return a sentence about a type of files that the platform does not accept.

    The sentence is empty if the platform accepts the type, or if the type is not known.

    Args:
        extension: file extension without a dot, in lower case.
    """
    if extension in _CONVERSIONS:
        return f"Convert the .{extension} file to {_CONVERSIONS[extension]}."
    if extension in _DESCRIPTIONS:
        return f".{extension} is {_DESCRIPTIONS[extension]}, not a video format of the platform."
    return ""


def is_file_extension(suffix: str) -> bool:
    """Whether a suffix is a usual file extension, and not the end of a host name.

    Args:
        suffix: text after the last dot, in lower case.
    """
    return suffix in ACCEPTED_EXTENSIONS or suffix in _CONVERSIONS or suffix in _DESCRIPTIONS
