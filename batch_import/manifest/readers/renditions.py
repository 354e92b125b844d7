"""Choose which of several files of one video is imported. No I/O.

The files are objects of JSON or YAML, as cells: key → text.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from batch_import.manifest.columns.headings import last_part, split_words
from batch_import.manifest.columns.rendition_names import ORIGINAL_WORDS
from batch_import.manifest.columns.restrictions import means_unusable
from batch_import.manifest.columns.values import CellKind, kind_of
from batch_import.manifest.readers.record import RecordFault

#: Values that mark a file as a streaming manifest, if its URL has no extension.
_STREAM_VALUES: Final = frozenset(
    {
        *("applehttp", "dash", "hls", "m3u8", "mpd", "mpegdash"),
        *("application/dash+xml", "application/vnd.apple.mpegurl", "application/x-mpegurl"),
    }
)
#: Names of members about whether a file can be used.
_STATUS_NAMES: Final = frozenset({"state", "status"})
#: Kinds of renditions, the best last. Unlike in `CellKind`, a page is better than a stream, because
#: the URL of a rendition without a file name usually is a download link.
_KIND_ORDER: Final = (
    CellKind.BLANK,
    CellKind.TEXT,
    CellKind.OTHER_FILE,
    CellKind.PATH,
    CellKind.STREAM,
    CellKind.PAGE,
    CellKind.VIDEO,
)
#: Names of members with the size of the picture, or with a bit rate.
_PICTURE_NAMES: Final = (
    ("height",),
    ("width",),
    ("resolution", "quality", "rendition", "label", "definition", "res"),
    ("bitrate", "bit_rate", "bandwidth", "avg_bitrate", "encoding_rate"),
)
_TRUE_VALUES: Final = frozenset({"true", "yes", "1"})
#: Names of members with a size. Each group is one kind of size, the most reliable kind first.
_SIZE_NAMES: Final = (
    ("height",),
    ("width",),
    ("resolution", "quality", "rendition", "label", "definition", "res", "name", "format"),
    ("bitrate", "bit_rate", "bandwidth", "avg_bitrate", "encoding_rate"),
    ("size", "filesize", "file_size", "bytes", "contentlength"),
)
#: Matches `1080p` and `1920x1080`. Group 1 is the size: the height, if there are two numbers.
_SIZE: Final = re.compile(r"(?:\d+\s*[x*\xd7]\s*)?(\d+(?:\.\d+)?)\D*")
#: Words beside `original` in a value that marks the original file.
_FILE_WORDS: Final = frozenset({"asset", "file", "video"})
#: Maximum length of a value that marks the original file, in characters. Longer texts are not split
#: into words, to save time.
_MAX_MARK_LENGTH: Final = 20
#: Prefixes of media types (`image/png`) of files that belong to a video but are not the video.
_OTHER_TYPES: Final = ("application/pdf", "audio/", "image/", "text/")
#: Names of members with a codec. The value `none` means that the file lacks the picture or the
#: sound.
_CODEC_NAMES: Final = frozenset({"acodec", "audiocodec", "vcodec", "videocodec"})
#: Maximum length of a value in a problem, in characters.
_MAX_VALUE_LENGTH: Final = 200


def choose_file(files: Sequence[Mapping[str, str]]) -> int | None:
    """Choose the original of several files, or else the largest.

    It is used if the files are probably, but not certainly, renditions of one video. URLs of files
    have priority over streaming manifests, and these over web pages.

    Returns:
        The index of the file; None if it is unclear which file is the best.
    """
    if not any(map(_is_rendition, files)):
        return None
    kinds = [max(map(kind_of, cells.values()), default=CellKind.BLANK) for cells in files]
    best = [index for index, kind in enumerate(kinds) if kind is max(kinds)]
    if len(best) == 1:
        return best[0]
    originals = [index for index in best if is_original(files[index])]
    if len(originals) == 1:
        return originals[0]
    for names in _SIZE_NAMES:
        sizes = {
            index: size for index in best if (size := _size_of(files[index], names)) is not None
        }
        if len(sizes) == len(best):
            largest = [index for index, size in sizes.items() if size == max(sizes.values())]
            if len(largest) == 1:
                return largest[0]
    return None


def choose_rendition(files: Sequence[Mapping[str, str]]) -> int | None:
    """Choose the best of several files that are certainly renditions of one video.

    The original has priority, then the largest picture. A file that its platform calls deleted or
    failed is never chosen, and a streaming manifest only if there is nothing else.

    Returns:
        The index of the file, the first of equally good ones; None if no file can be used.
    """
    usable = [
        index
        for index, cells in enumerate(files)
        if unusable_status(cells) is None and file_kind(cells) >= CellKind.OTHER_FILE
    ]
    return max(usable, key=lambda index: _quality(files[index]), default=None)


def _quality(cells: Mapping[str, str]) -> tuple[float, ...]:
    """Return a sort key of a rendition: greater is better."""
    kind = _KIND_ORDER.index(file_kind(cells))
    sizes = (_size_of(cells, names) or 0.0 for names in _SIZE_NAMES)
    return (kind, _has_picture_and_sound(cells), is_original(cells), *sizes)


def _has_picture_and_sound(cells: Mapping[str, str]) -> bool:
    return not any(
        cell.strip().casefold() == "none" and _fold(last_part(name)) in _CODEC_NAMES
        for name, cell in cells.items()
    )


def file_kind(cells: Mapping[str, str]) -> CellKind:
    """Return the kind of a file: the best kind of its members, or the kind of its media type."""
    kind = max(map(kind_of, cells.values()), default=CellKind.BLANK)
    if kind is not CellKind.PAGE:
        return kind
    values = {value.strip().casefold() for value in cells.values()}
    if not _STREAM_VALUES.isdisjoint(values):
        return CellKind.STREAM
    is_other_file = any(value.startswith(_OTHER_TYPES) for value in values)
    return CellKind.OTHER_FILE if is_other_file else kind


def unusable_status(cells: Mapping[str, str]) -> str | None:
    """Return the status of a file that its platform calls deleted or failed; None otherwise."""
    for name, cell in cells.items():
        if _fold(last_part(name)) in _STATUS_NAMES and means_unusable(name, cell):
            return cell
    return None


def picture_size(cells: Mapping[str, str]) -> tuple[float, ...]:
    """Return the sizes of the picture and the bit rate of a file; 0 for each unknown size."""
    return tuple(_size_of(cells, names) or 0.0 for names in _PICTURE_NAMES)


def unusable_files_fault(files: Sequence[Mapping[str, str]]) -> RecordFault:
    """Return the fault of a video none of whose files can be used."""
    statuses = dict.fromkeys(status for cells in files if (status := unusable_status(cells)))
    listed = ", ".join(f"“{status[:_MAX_VALUE_LENGTH]}”" for status in statuses)
    reason = f"their status is {listed}" if listed else "none has a URL"
    return RecordFault(
        "renditions",
        f"no file of this video can be used ({len(files)} files): {reason}",
        "",
        "Add the URL of a file that can be used, or delete the object.",
    )


def unclear_choice_fault(lines: Sequence[int], value: str) -> RecordFault:
    """Return the fault of several files of one video of which none can be chosen.

    Args:
        lines: line number of each file.
        value: the text of one of them.
    """
    listed = ", ".join(map(str, dict.fromkeys(lines)))
    return RecordFault(
        "renditions",
        f"one object holds {len(lines)} files (line {listed}); nothing tells which is the video",
        value[:_MAX_VALUE_LENGTH],
        "Leave one of them, or give each a title and an id of its own.",
    )


def _is_rendition(cells: Mapping[str, str]) -> bool:
    """Whether a file has a size, or is marked as the original."""
    return is_original(cells) or any(_size_of(cells, names) is not None for names in _SIZE_NAMES)


def is_original(cells: Mapping[str, str]) -> bool:
    """Whether a file is marked as the original of a video: `type: source`, `is_original: yes`."""
    for name, cell in cells.items():
        value = cell.strip().casefold()
        if len(value) <= _MAX_MARK_LENGTH and _is_original_mark(split_words(cell)):
            return True
        word = _fold(last_part(name)).removeprefix("is")
        if word in ORIGINAL_WORDS and value in _TRUE_VALUES:
            return True
    return False


def _is_original_mark(words: Sequence[str]) -> bool:
    """Whether the words of a value mean the original file: `source`, `OriginalFile`."""
    return len(set(words) - _FILE_WORDS) == 1 and not ORIGINAL_WORDS.isdisjoint(words)


def _size_of(cells: Mapping[str, str], names: Sequence[str]) -> float | None:
    """Return the number in the first member with one of these names; None if there is none."""
    folded_names = {_fold(name) for name in names}
    for name, cell in cells.items():
        if _fold(last_part(name)) in folded_names:
            size = _SIZE.fullmatch(cell.strip())
            if size:
                return float(size[1])
    return None


def _fold(name: str) -> str:
    """Normalize a name: without case, spaces, `_` and `-`."""
    return re.sub(r"[\s_-]+", "", name).casefold()
