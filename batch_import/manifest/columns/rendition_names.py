"""Recognize columns with renditions of one video by their names: `source`, `1080p`, `url_hd`.

A rendition is one of several files of the same video. No I/O. This module must not know cells.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from batch_import.manifest.columns.headings import split_words

#: Words of the file that the other renditions were made from.
ORIGINAL_WORDS: Final = frozenset({"original", "source", "master", "mezzanine"})
#: Words of renditions without a size: only their order is known.
_SMALL_WORDS: Final = frozenset({"low", "lq", "mobile", "small"})
_LARGE_WORDS: Final = frozenset({"best", "full", "high", "highres", "hq", "large", "max"})
#: Usual names of picture heights, and the usual heights themselves, in pixels.
_HEIGHT_OF: Final = {"sd": 480, "hd": 720, "fhd": 1080, "uhd": 2160} | {
    str(height): height for height in (144, 240, 270, 288, 360, 432, 480, 540, 576, 720, 1080,
                                       1440, 2160, 4320)
}  # fmt: skip
#: Units behind a height.
_UNITS: Final = frozenset({"p", "px"})


@dataclass(frozen=True, slots=True)
class RenditionName:
    """What a column name says about a rendition.

    Attributes:
        stem: the other words of the name, which the names of the other renditions have, too.
        is_original: whether it is the original file.
        height: of the picture, in pixels; 0 if the name says none.
    """

    stem: tuple[str, ...]
    is_original: bool = False
    is_large: bool = False
    height: int = 0

    @property
    def quality(self) -> tuple[bool, bool, int]:
        """A sort key: greater is better."""
        return self.is_original, self.is_large, self.height


@lru_cache(maxsize=20_000)
def rendition_of(heading: str) -> RenditionName | None:
    """Returns what a column name says about a rendition; None if it has no word for a rendition."""
    words = split_words(heading)
    said = [word for word in words if word in _HEIGHT_OF or word in _WORDS]
    if not said:
        return None
    stem = tuple(word for word in words if word not in said and word not in _UNITS)
    return RenditionName(
        stem,
        not ORIGINAL_WORDS.isdisjoint(said),
        not _LARGE_WORDS.isdisjoint(said),
        max(_HEIGHT_OF.get(word, 0) for word in said),
    )


_WORDS: Final = ORIGINAL_WORDS | _SMALL_WORDS | _LARGE_WORDS


def are_renditions(heading: str, other: str) -> bool:
    """Whether two column names differ only in words of renditions: `url` and `url_hd` do.

    A name that consists only of such words, like `1080p`, may be of a rendition of any column.
    """
    of_other = rendition_of(other)
    if of_other is None:
        return False
    found = rendition_of(heading)
    stem = split_words(heading) if found is None else found.stem
    return of_other.stem in ((), stem)
