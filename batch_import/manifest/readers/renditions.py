"""Choose which of several files of one video is imported. No I/O."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from batch_import.manifest.columns.headings import last_part
from batch_import.manifest.columns.rendition_names import ORIGINAL_WORDS
from batch_import.manifest.columns.values import CellKind, kind_of
from batch_import.manifest.readers.record import RecordFault

_YES: Final = frozenset({"true", "yes", "1"})
#: Names of members with a size, the most reliable first.
_SIZES: Final = (
    ("height",),
    ("width",),
    ("resolution", "quality", "rendition", "label", "definition", "res", "name", "format"),
    ("bitrate", "bit_rate", "bandwidth", "avg_bitrate", "encoding_rate"),
    ("size", "filesize", "file_size", "bytes", "contentlength"),
)
#: Matches `1080p` and `1920x1080`. The second of two numbers is the height.
_SIZE: Final = re.compile(r"(?:\d+\s*[x*\xd7]\s*)?(\d+(?:\.\d+)?)\D*")
_LONGEST_VALUE: Final = 200


def choose_file(files: Sequence[Mapping[str, str]]) -> int | None:
    """Choose the original of several files, or else the largest.

    URLs of files have priority over streaming manifests, and these over web pages.

    Returns:
        The index of the file; None if it cannot be decided.
    """
    if not any(map(_tells, files)):
        return None
    kinds = [max(map(kind_of, cells.values()), default=CellKind.BLANK) for cells in files]
    best = [at for at, kind in enumerate(kinds) if kind is max(kinds)]
    if len(best) == 1:
        return best[0]
    originals = [at for at in best if is_original(files[at])]
    if len(originals) == 1:
        return originals[0]
    for names in _SIZES:
        sizes = [_size(files[at], names) for at in best]
        if None not in sizes:
            known = [size for size in sizes if size is not None]
            largest = [at for at, size in zip(best, known, strict=True) if size == max(known)]
            if len(largest) == 1:
                return largest[0]
    return None


def unclear_choice_fault(lines: Sequence[int], value: str) -> RecordFault:
    """The fault of several files of one video if none can be chosen."""
    listed = ", ".join(map(str, dict.fromkeys(lines)))
    return RecordFault(
        "renditions",
        f"one object holds {len(lines)} files (line {listed}); nothing tells which is the video",
        value[:_LONGEST_VALUE],
        "Leave one of them, or give each a title and an id of its own.",
    )


def _tells(cells: Mapping[str, str]) -> bool:
    """Whether an object looks like one of several sizes of a video."""
    return is_original(cells) or any(_size(cells, names) is not None for names in _SIZES)


def is_original(cells: Mapping[str, str]) -> bool:
    """Whether a file is the original of a video, and not a smaller copy."""
    for name, cell in cells.items():
        word = _folded(last_part(name))
        if cell.strip().casefold() in ORIGINAL_WORDS:
            return True
        if word.removeprefix("is") in ORIGINAL_WORDS and cell.strip().casefold() in _YES:
            return True
    return False


def _size(cells: Mapping[str, str], names: Sequence[str]) -> float | None:
    wanted = {_folded(name) for name in names}
    for name, cell in cells.items():
        if _folded(last_part(name)) in wanted and (found := _SIZE.fullmatch(cell.strip())):
            return float(found[1])
    return None


def _folded(name: str) -> str:
    return re.sub(r"[\s_-]+", "", name).casefold()
