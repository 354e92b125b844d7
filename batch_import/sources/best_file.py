"""Choose the file of a video to import, and recognize videos that nobody can fetch. No I/O."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from batch_import.addresses.masking import mask
from batch_import.addresses.urls import parse
from batch_import.manifest.columns.values import CellKind, kind_of
from batch_import.manifest.extensions import ACCEPTED_EXTENSIONS, extension_of, suffix_of
from batch_import.manifest.readers import renditions
from batch_import.manifest.rules import file_kinds, pages
from batch_import.sources.registry import schemes
from batch_import.sources.source import ListedVideo, SkippedItem

#: Media type → file extension that the platform accepts (IANA, and types in common use).
_EXTENSION_OF_TYPE: Final = {
    "video/mp4": "mp4",
    "video/quicktime": "mov",
    "video/x-msvideo": "avi",
    "video/avi": "avi",
    "video/x-ms-wmv": "wmv",
    "video/x-matroska": "mkv",
    "video/webm": "webm",
    "video/3gpp": "3gp",
}
#: Names of facts about the size of a file. `1080p` and `1920x1080` are sizes, too.
_SIZE_FACTS: Final = ("height", "width", "label", "quality", "bitrate", "size")
_NUMBER: Final = re.compile(r"[0-9]{1,15}(?:\.[0-9]+)?")
_NO_URL: Final = "It has no http URL of a file."

#: Facts about one file of a video. `url` is its URL, `type` its media type, and `extension` its
#: file extension; other names are those of the source, such as `height` and `bitrate`.
VideoFile = Mapping[str, str]


def best_file(files: Sequence[VideoFile]) -> VideoFile:
    """Returns the original of several files of one video, or else the largest MP4.

    Args:
        files: at least one file.
    """
    originals = [file for file in files if renditions.is_original(file)]
    usable = [file for file in files if kind_of(file.get("url", "")) is not CellKind.STREAM]
    candidates = originals or [f for f in usable if extension(f) == "mp4"] or usable or files
    return max(candidates, key=_size)


def _size(file: VideoFile) -> tuple[float, ...]:
    """Returns the facts that tell the size of a rendition, the most reliable first."""
    return tuple(
        max((float(number) for number in _NUMBER.findall(file.get(name, ""))), default=0.0)
        for name in _SIZE_FACTS
    )


def extension(file: VideoFile) -> str:
    """Returns the accepted extension, or else the extension of the URL, which may be empty."""
    named = file.get("extension", "").lower().lstrip(".")
    media_type = file.get("type", "").partition(";")[0].strip().lower()
    url = file.get("url", "")
    known = extension_of(url) or (named if named in ACCEPTED_EXTENSIONS else "")
    return known or _EXTENSION_OF_TYPE.get(media_type, "") or _suffix(url)


def _suffix(url: str) -> str:
    suffix = suffix_of(url)
    return suffix if file_kinds.is_file_extension(suffix) else ""


def unless_unfetchable(video: ListedVideo) -> ListedVideo | SkippedItem:
    """Returns the video, or why the platform cannot fetch its URL: a page, or a playlist."""
    reason = _unfetchable_reason(video.url)
    return SkippedItem(video.title or mask(video.url), reason) if reason else video


def _unfetchable_reason(address: str) -> str:
    url = parse(address)
    if url is None:
        is_reference = address.partition("://")[0] in schemes()
        return "" if is_reference else _NO_URL
    if kind_of(address) is CellKind.STREAM:
        return (
            file_kinds.describe_file_type(suffix_of(address))
            or "It is a streaming playlist, not a file."
        )
    violation = pages.violation_of(url)
    # `check` names the URL of the file if it can be derived from the URL of the page.
    if violation is None or violation.fix:
        return ""
    return f"{violation.reason[0].upper()}{violation.reason[1:]}. {violation.hint}"
