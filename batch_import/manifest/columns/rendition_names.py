"""Recognize columns with renditions of one video by their names: `source`, `1080p`, `url_hd`.

A rendition is one of several files of the same video. No I/O. This module must not know cells.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from batch_import.manifest.columns.headings import split_words

#: Words of the file from which the other renditions were made.
ORIGINAL_WORDS: Final = frozenset({"original", "source", "master", "mezzanine"})
#: Words of renditions without a size: only their order is known.
_SMALL_WORDS: Final = frozenset({"low", "lq", "mobile", "small"})
_LARGE_WORDS: Final = frozenset({"best", "full", "high", "highres", "hq", "large", "max"})
#: Word → picture height in pixels: the usual names of heights, and the usual heights themselves.
_HEIGHT_OF: Final = {"sd": 480, "hd": 720, "fhd": 1080, "uhd": 2160} | {
    str(height): height for height in (144, 240, 270, 288, 360, 432, 480, 540, 576, 720, 1080,
                                       1440, 2160, 4320)
}  # fmt: skip
#: Words after a height that are its unit.
_UNITS: Final = frozenset({"p", "px"})
#: All words of renditions without a height.
_WORDS: Final = ORIGINAL_WORDS | _SMALL_WORDS | _LARGE_WORDS


@dataclass(frozen=True, slots=True)
class RenditionName:
    """The parts of a column name with words of renditions.

    Attributes:
        stem: all other words, which the columns of the other renditions have in common.
        is_original: whether the name means the original file.
        is_large: whether the name means a large rendition.
        height: height of the picture in pixels; 0 if the name has none.
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
    """Parse a column name; None if it has no word of a rendition."""
    words = split_words(heading)
    rendition_words = [word for word in words if word in _HEIGHT_OF or word in _WORDS]
    if not rendition_words:
        return None
    stem = tuple(word for word in words if word not in rendition_words and word not in _UNITS)
    return RenditionName(
        stem,
        is_original=not ORIGINAL_WORDS.isdisjoint(rendition_words),
        is_large=not _LARGE_WORDS.isdisjoint(rendition_words),
        height=max(_HEIGHT_OF.get(word, 0) for word in rendition_words),
    )


def are_renditions(heading: str, other: str) -> bool:
    """Whether the other column may have renditions of the videos in the first column.

    Then the names differ only in words of renditions, as `url` and `url_hd` do. A name that
    consists only of such words, like `1080p`, may be of a rendition of any column.
    """
    other_rendition = rendition_of(other)
    if other_rendition is None:
        return False
    rendition = rendition_of(heading)
    stem = split_words(heading) if rendition is None else rendition.stem
    return other_rendition.stem in ((), stem)
