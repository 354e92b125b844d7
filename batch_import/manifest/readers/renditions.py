"""Choose which of several files of one video is imported. No I/O.

The files are objects of JSON or YAML, as cells: key → text.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from batch_import.manifest.columns.headings import last_part
from batch_import.manifest.columns.rendition_names import ORIGINAL_WORDS
from batch_import.manifest.columns.values import CellKind, kind_of
from batch_import.manifest.readers.record import RecordFault

_TRUE_VALUES: Final = frozenset({"true", "yes", "1"})
#: Names of members with a size. Each group is one kind of size, the most reliable kind first.
_SIZE_NAMES: Final = (
    ("height",),
    ("width",),
    ("resolution", "quality", "rendition", "label", "definition", "res", "name", "format"),
    ("bitrate", "bit_rate", "bandwidth", "avg_bitrate", "encoding_rate"),
    ("size", "filesize", "file_size", "bytes", "contentlength"),
)
#: Matches `1080p` and `1920x1080`. The second of two numbers is the height.
_SIZE: Final = re.compile(r"(?:\d+\s*[x*\xd7]\s*)?(\d+(?:\.\d+)?)\D*")
#: Maximum length of a value in a problem, in characters.
_MAX_VALUE_LENGTH: Final = 200


def choose_file(files: Sequence[Mapping[str, str]]) -> int | None:
    """Choose the original of several files, or else the largest.

    URLs of files have priority over streaming manifests, and these over web pages.

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
        if value in ORIGINAL_WORDS:
            return True
        word = _fold(last_part(name)).removeprefix("is")
        if word in ORIGINAL_WORDS and value in _TRUE_VALUES:
            return True
    return False


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
