"""Classify the values of a column: URLs of videos, pages or pictures, titles, IDs. No I/O.

A column name can be any word of any language; values are more reliable. This module must not know
column names, nor which column becomes which field.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property
from statistics import median
from typing import Final
from urllib.parse import unquote

from batch_import.addresses.objects import percent_encoded
from batch_import.addresses.urls import parse
from batch_import.manifest.extensions import ACCEPTED_EXTENSIONS
from batch_import.manifest.rules import pages


class CellKind(IntEnum):
    """What a cell is, ordered by how good it is as a source URL, the best last."""

    BLANK = 0
    TEXT = 1
    #: The URL of a picture, a caption file, a document or a sound.
    OTHER_FILE = 2
    #: The name or path of a video file without a URL.
    PATH = 3
    #: A URL that does not end in a file name: a web page, or a download link.
    PAGE = 4
    #: The URL of a streaming manifest.
    STREAM = 5
    #: The URL of a video file.
    VIDEO = 6


#: Description of each kind, in the plural, for the user.
KIND_LABELS: Final = {
    CellKind.OTHER_FILE: "addresses of other files",
    CellKind.PATH: "names of video files",
    CellKind.PAGE: "web addresses",
    CellKind.STREAM: "addresses of streaming manifests",
    CellKind.VIDEO: "video addresses",
}

_VIDEOS: Final = ACCEPTED_EXTENSIONS | frozenset(
    "m4v qt 3gpp 3g2 asf mpg mpeg m2v m2ts mts ts ogv flv f4v vob mxf divx dv rm rmvb".split()
)
_STREAMS: Final = frozenset("m3u8 mpd f4m ism isml".split())
_OTHER_FILES: Final = frozenset(
    """
    jpg jpeg jpe png gif webp svg bmp tif tiff ico heic avif jp2 psd mp3 m4a aac wav ogg oga opus
    flac wma srt vtt ttml dfxp sbv ass ssa txt pdf doc docx ppt pptx odp odt xls xlsx csv json xml
    rss zip rar 7z gz tar js css
    """.split()
)
_WEB: Final = re.compile(r"\s*https?://[^\s/]", re.IGNORECASE)
_ANY_ADDRESS: Final = re.compile(r"\s*(?:https?|ftp|s3|az|gs)://", re.IGNORECASE)
#: A reference to a file in cloud storage.
_STORAGE: Final = re.compile(r"(?:s3|az|gs)://[^\s/]", re.IGNORECASE)
#: The end of a URL: these characters and the start of another URL are never part of a URL.
_END: Final = re.compile(r"""["|\t]|[,;\s]https?://""", re.IGNORECASE)
_SEPARATED: Final = re.compile(r"[,;\s]")
_PATH: Final = re.compile(r"[^\r\n]{1,1000}\.([A-Za-z0-9]{2,5})(?:[?#]\S*)?\Z")

#: Minimum fraction of the cells for "mostly".
_MOST: Final = 0.5
#: Minimum fraction of distinct cells for titles and IDs.
_NEARLY_ALL: Final = 0.9
_LONGEST_TITLE: Final = 120
_LONGEST_ID: Final = 200
_LETTERS: Final = re.compile(r"[^\W\d_].*[^\W\d_]", re.DOTALL)
#: Numbers, dates, times, sizes, durations, ratios and percentages, which are no titles.
_MEASURE: Final = re.compile(
    r"""[^\w]*(?:\d[\d.,:/\s'TZ+-]*)(?:\s*[^\W\d]{1,3}\b\.?[\s\d.,:]*)*[^\w]*
    |(?:\d{1,2}[.\s]\s*)?[^\W\d]{3,9}\.?\s+\d{1,2}(?:st|nd|rd|th)?,?\s+\d{4}
    |\d{1,2}\.?\s+[^\W\d]{3,9}\.?,?\s+\d{4}""",
    re.VERBOSE,
)
_DATE_OR_FRACTION: Final = re.compile(
    r"\d{4}-\d\d-\d\d.*|\d{1,2}[./]\d{1,2}[./]\d{2,4}|\d+[.,]\d+|\d{1,3}(?::\d\d){1,2}"
)
_CODE: Final = re.compile(r"(?=\S*\d)\S+")


def has_url(cells: Iterable[str]) -> bool:
    """Whether one of the cells is a URL. A column name is never a URL."""
    return any(map(_ANY_ADDRESS.match, cells))


def kind_of(cell: str) -> CellKind:
    """Classify one cell."""
    text = cell.strip()
    if not text:
        return CellKind.BLANK
    if _WEB.match(text):
        return _web(text)
    if _STORAGE.match(text):
        return _web(percent_encoded(text))
    path = _PATH.match(text)
    return CellKind.PATH if path and path[1].lower() in _VIDEOS else CellKind.TEXT


def _web(text: str) -> CellKind:
    # If a whole line was read as one cell, other cells follow the URL, and the end of the text says
    # nothing about the URL.
    first, *more = _END.split(text, maxsplit=1)
    if more and _SEPARATED.search(first):
        return CellKind.PAGE
    text = first
    path = text.partition("#")[0].partition("?")[0].partition("://")[2].partition("/")[2]
    name = path.rstrip("/").rpartition("/")[2].partition(";")[0]
    suffix = unquote(name).rstrip().rpartition(".")[2].lower() if "." in name else ""
    if suffix in _OTHER_FILES:
        return CellKind.OTHER_FILE
    if suffix in _STREAMS:
        return CellKind.STREAM
    if suffix not in _VIDEOS:
        return CellKind.PAGE
    url = parse(text)
    return (
        CellKind.PAGE
        if url and pages.has_pages(url.host) and pages.violation_of(url)
        else CellKind.VIDEO
    )


@dataclass(frozen=True)
class SampleColumn:
    """The values of one column in the first rows.

    Attributes:
        position: of the column, from 0.
        name: the column name.
        cells: without surrounding white space, in file order.
    """

    position: int
    name: str
    cells: tuple[str, ...]

    @cached_property
    def kinds(self) -> tuple[CellKind, ...]:
        """The kind of each cell."""
        return tuple(map(kind_of, self.cells))

    @cached_property
    def filled(self) -> list[str]:
        """The cells that are not blank."""
        return [cell for cell in self.cells if cell]

    @cached_property
    def kind(self) -> CellKind:
        """The best kind such that most of the filled cells are of it or better."""
        for kind in reversed(CellKind):
            if self.count_of_kind(kind) > _MOST * len(self.filled):
                return kind
        return CellKind.BLANK

    def count_of_kind(self, kind: CellKind) -> int:
        """Count the cells of a kind or better."""
        return sum(1 for found in self.kinds if found >= kind and found is not CellKind.BLANK)

    @property
    def has_urls_or_paths(self) -> bool:
        """Whether the cells are URLs or paths that may be of videos."""
        return self.kind >= CellKind.PATH

    def about_addresses(self) -> str:
        """The evidence for a column of URLs, for the user."""
        count = self.count_of_kind(self.kind)
        return f"{count} of {len(self.filled)} cells are {KIND_LABELS[self.kind]}"

    def about_gaps(self) -> str:
        """How many cells are blank, for the user; empty if none is."""
        blank = len(self.cells) - len(self.filled)
        verb = "is" if blank == 1 else "are"
        return f"{blank} of {len(self.cells)} cells {verb} blank" if blank else ""

    def about_misfits(self) -> str:
        """Returns how many filled cells are not source URLs, with an example; empty if all are."""
        least = max(self.kind, CellKind.PATH)
        odd = [cell for cell, of in zip(self.cells, self.kinds, strict=True) if cell and of < least]
        if not odd:
            return ""
        what = KIND_LABELS[self.kind] if self.has_urls_or_paths else "addresses or names of videos"
        return f"not {what}: {len(odd)} of {len(self.filled)} cells, e.g. {odd[0]}"

    # Titles and ids --------------------------------------------------------------------------

    @cached_property
    def distinct(self) -> int:
        """The number of distinct values."""
        return len(set(self.filled))

    def about_values(self, what: str) -> str:
        """The evidence for a column of titles or IDs, for the user."""
        return f"{self.distinct} of {len(self.filled)} cells are distinct {what}"

    @cached_property
    def is_title(self) -> bool:
        """Whether the cells are mostly distinct short texts."""
        filled = self.filled
        if not filled or len(filled) < _MOST * len(self.cells) or self.kind is not CellKind.TEXT:
            return False
        if self.distinct < _NEARLY_ALL * len(filled):
            return False
        texts = sum(1 for cell in filled if _is_text(cell))
        return texts > _MOST * len(filled) and median(map(len, filled)) <= _LONGEST_TITLE

    def is_id(self, least_distinct: float = _NEARLY_ALL) -> bool:
        """Whether the cells could be IDs: single words, and mostly distinct.

        Args:
            least_distinct: minimum fraction of distinct values among the filled cells.
        """
        filled = self.filled
        if not filled or self.kind not in (CellKind.TEXT, CellKind.PATH):
            return False
        words = sum(1 for cell in filled if len(cell) <= _LONGEST_ID and len(cell.split()) == 1)
        odd = sum(1 for cell in filled if _DATE_OR_FRACTION.fullmatch(cell))
        return (
            words >= _NEARLY_ALL * len(filled)
            and odd <= _MOST * len(filled)
            and self.distinct >= least_distinct * len(filled)
        )

    @property
    def looks_like_codes(self) -> bool:
        """Whether the values look like IDs: all distinct, with letters and digits."""
        return (
            len(self.filled) > 1
            and self.distinct == len(self.filled)
            and self.is_id()
            and all(_CODE.fullmatch(cell) and _LETTERS_OR_LONG.search(cell) for cell in self.filled)
        )


_LETTERS_OR_LONG: Final = re.compile(r"[^\W\d_]|\d{6}")


def is_measure(cell: str) -> bool:
    """Whether a cell is a number, a date, a time or similar, which is no title."""
    return bool(_MEASURE.fullmatch(cell))


def _is_text(cell: str) -> bool:
    return (
        len(cell) > 1
        and bool(_LETTERS.search(cell))
        and "@" not in cell
        and not _CODE.fullmatch(cell)
        and not is_measure(cell)
    )
