"""Choose the best of several files of a video, and recognize URLs that no video comes from. No I/O.

A *rendition* is one of several files of the same video, in another size or format.
"""

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

#: Media type (registered by IANA or in common use) → file extension that the platform accepts.
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
#: Names of facts that show how large a rendition is, the most reliable first. Texts such as `1080p`
#: and `1920x1080` are also understood.
_SIZE_FACTS: Final = ("height", "width", "label", "quality", "bitrate", "size")
_NUMBER: Final = re.compile(r"[0-9]{1,15}(?:\.[0-9]+)?")
_NO_URL: Final = "It has no http URL of a file."

#: Facts about one file of a video: name of the fact → text. `url` is always present. Other names
#: are `type` (media type), `extension`, `original`, and those of `_SIZE_FACTS`.
VideoFile = Mapping[str, str]


def best_file(files: Sequence[VideoFile]) -> VideoFile:
    """Returns the best of several files of one video.

    That is the original. Without an original, it is the largest MP4; without an MP4, the largest
    file that is not a streaming playlist.

    Args:
        files: at least one file.
    """
    originals = [file for file in files if renditions.is_original(file)]
    if originals:
        return max(originals, key=_size)
    no_streams = [file for file in files if kind_of(file.get("url", "")) is not CellKind.STREAM]
    mp4_files = [file for file in no_streams if extension(file) == "mp4"]
    return max(mp4_files or no_streams or files, key=_size)


def _size(file: VideoFile) -> tuple[float, ...]:
    """Returns the largest number of each fact about the size; 0 for a fact without a number."""
    return tuple(
        max((float(number) for number in _NUMBER.findall(file.get(name, ""))), default=0.0)
        for name in _SIZE_FACTS
    )


def extension(file: VideoFile) -> str:
    """Returns the extension of a file: from its URL, its facts or its media type.

    An extension that the platform accepts is preferred. The result is empty if there is none.
    """
    url = file.get("url", "")
    url_extension = extension_of(url)
    if url_extension:
        return url_extension
    extension_fact = file.get("extension", "").lower().lstrip(".")
    if extension_fact in ACCEPTED_EXTENSIONS:
        return extension_fact
    media_type = file.get("type", "").partition(";")[0].strip().lower()
    return _EXTENSION_OF_TYPE.get(media_type, "") or _other_extension(url)


def _other_extension(url: str) -> str:
    """Returns the extension of a URL if it is that of any kind of file; otherwise empty."""
    suffix = suffix_of(url)
    return suffix if file_kinds.is_file_extension(suffix) else ""


def skip_unfetchable(video: ListedVideo) -> ListedVideo | SkippedItem:
    """Returns the video; or, if the platform cannot fetch its URL, an item that says why.

    The platform can fetch neither a web page nor a streaming playlist.
    """
    reason = _unfetchable_reason(video.url)
    return SkippedItem(video.title or mask(video.url), reason) if reason else video


def _unfetchable_reason(address: str) -> str:
    """Returns why the platform cannot fetch a video; empty if it can, as far as the URL shows."""
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
    # A page with a fix is listed: `check` then shows the URL of the file, derived from the page.
    if violation is None or violation.fix:
        return ""
    return f"{violation.reason[0].upper()}{violation.reason[1:]}. {violation.hint}"
