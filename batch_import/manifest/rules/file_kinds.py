"""Describe file types by their extension, for hints. No I/O. Must not know cells or URLs."""

from typing import Final

from batch_import.manifest.extensions import ACCEPTED_EXTENSIONS

_CONVERT: Final = {
    "m4v": "mp4", "f4v": "mp4", "flv": "mp4", "swf": "mp4", "mpg": "mp4", "mpeg": "mp4",
    "m2v": "mp4", "mts": "mp4", "m2ts": "mp4", "ts": "mp4", "vob": "mp4", "ogv": "webm",
    "mxf": "mp4", "rm": "mp4", "rmvb": "mp4", "divx": "avi", "dv": "mov", "asf": "wmv",
    "qt": "mov", "3gpp": "3gp", "3g2": "3gp", "h264": "mp4", "hevc": "mp4",
}  # fmt: skip
_KINDS: Final = {
    "a picture": "jpg jpeg png gif webp svg tif tiff bmp heic psd ai eps ico raw",
    "a document": "pdf doc docx ppt pptx xls xlsx odt odp ods rtf txt csv md key pages html htm",
    "a sound file": "mp3 m4a aac wav ogg oga flac wma aif aiff opus mid",
    "an archive": "zip rar 7z gz tar tgz iso dmg",
    "a file of subtitles": "srt vtt ass ssa sub ttml",
    "a streaming playlist": "m3u8 mpd m3u",
    "a project of a video editor": "prproj aep fcpx veg camproj imovieproj drp",
}
_KIND_OF: Final = {ending: kind for kind, endings in _KINDS.items() for ending in endings.split()}


def describe_file_type(ending: str) -> str:
    """A sentence about files with an extension; empty if the platform accepts them.

    Args:
        ending: extension without a dot, in lower case.
    """
    if ending in _CONVERT:
        return f"Convert the .{ending} file to {_CONVERT[ending]}."
    if ending in _KIND_OF:
        return f".{ending} is {_KIND_OF[ending]}, not a video format of the platform."
    return ""


def is_file_extension(ending: str) -> bool:
    """Whether a suffix is a file extension, and not the end of a host name."""
    return ending in ACCEPTED_EXTENSIONS or ending in _CONVERT or ending in _KIND_OF
