"""Classify the values of a column: URLs of videos, pages or pictures, titles, IDs. No I/O.

A column may have any name, in any language; its values are more reliable. This module must not know
column names, nor which column becomes which field.
"""

import re
from collections.abc import Iterable, Sequence
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
    """The kind of a cell, ordered by how good the cell is as a source URL, the best last."""

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

_VIDEO_EXTENSIONS: Final = ACCEPTED_EXTENSIONS | frozenset(
    "m4v qt 3gpp 3g2 asf mpg mpeg m2v m2ts mts ts ogv flv f4v vob mxf divx dv rm rmvb".split()
)
_STREAM_EXTENSIONS: Final = frozenset("m3u8 mpd f4m ism isml".split())
_OTHER_EXTENSIONS: Final = frozenset(
    """
    jpg jpeg jpe png gif webp svg bmp tif tiff ico heic avif jp2 psd mp3 m4a aac wav ogg oga opus
    flac wma srt vtt ttml dfxp sbv ass ssa txt pdf doc docx ppt pptx odp odt xls xlsx csv json xml
    rss zip rar 7z gz tar js css
    """.split()
)
_WEB_URL: Final = re.compile(r"\s*https?://[^\s/]", re.IGNORECASE)
_ANY_URL_START: Final = re.compile(r"\s*(?:https?|ftp|s3|az|gs)://", re.IGNORECASE)
#: A reference to a file in cloud storage.
_STORAGE_REFERENCE: Final = re.compile(r"(?:s3|az|gs)://[^\s/]", re.IGNORECASE)
#: The text that ends a URL: these characters and the start of another URL are never part of a URL.
_URL_END: Final = re.compile(r"""["|\t]|[,;\s]https?://""", re.IGNORECASE)
_CELL_SEPARATOR: Final = re.compile(r"[,;\s]")
#: A file name or path. The group is the extension.
_PATH: Final = re.compile(r"[^\r\n]{1,1000}\.([A-Za-z0-9]{2,5})(?:[?#]\S*)?\Z")

#: Minimum number of columns of a manifest that may have headings between its rows. In a manifest
#: with two columns, a row with only a title is a video without its URL.
MIN_HEADING_COLUMNS: Final = 3
#: If more than this fraction of the cells has a property, most cells have it.
_MOST: Final = 0.5
#: If at least this fraction of the cells has a property, nearly all cells have it.
_NEARLY_ALL: Final = 0.9
#: Maximum median length of titles, in characters. Descriptions are longer.
_MAX_TITLE_LENGTH: Final = 120
#: Maximum length of an ID, in characters.
_MAX_ID_LENGTH: Final = 200
_TWO_LETTERS: Final = re.compile(r"[^\W\d_].*[^\W\d_]", re.DOTALL)
#: Numbers, dates, times, sizes, durations, ratios and percentages, which are no titles. The three
#: alternatives match texts that begin with a digit, such as `12:30` and `1.5 GB`; `March 4, 2025`;
#: and `4 March 2025`.
_MEASURE: Final = re.compile(
    r"""[^\w]*(?:\d[\d.,:/\s'TZ+-]*)(?:\s*[^\W\d]{1,3}\b\.?[\s\d.,:]*)*[^\w]*
    |(?:\d{1,2}[.\s]\s*)?[^\W\d]{3,9}\.?\s+\d{1,2}(?:st|nd|rd|th)?,?\s+\d{4}
    |\d{1,2}\.?\s+[^\W\d]{3,9}\.?,?\s+\d{4}""",
    re.VERBOSE,
)
_DATE_OR_FRACTION: Final = re.compile(
    r"\d{4}-\d\d-\d\d.*|\d{1,2}[./]\d{1,2}[./]\d{2,4}|\d+[.,]\d+|\d{1,3}(?::\d\d){1,2}"
)
#: A word with a digit.
_CODE: Final = re.compile(r"(?=\S*\d)\S+")
#: A letter, or six digits in a row.
_LETTER_OR_LONG_NUMBER: Final = re.compile(r"[^\W\d_]|\d{6}")


def has_url(cells: Iterable[str]) -> bool:
    """Whether one of the cells is a URL or a reference to a file in cloud storage."""
    return any(map(_ANY_URL_START.match, cells))


def may_be_heading(cells: Sequence[str]) -> bool:
    """Whether a row may be a heading: exactly one of its cells is filled, and this is not a URL.

    A row of fewer than three cells is never a heading: it may be a video without its URL.
    """
    if len(cells) < MIN_HEADING_COLUMNS:
        return False
    filled = [cell for cell in cells if cell and not cell.isspace()]
    return len(filled) == 1 and not has_url(filled)


def kind_of(cell: str) -> CellKind:
    """Classify one cell."""
    text = cell.strip()
    if not text:
        return CellKind.BLANK
    if _WEB_URL.match(text):
        return _kind_of_url(text)
    if _STORAGE_REFERENCE.match(text):
        return _kind_of_url(percent_encoded(text))
    path = _PATH.match(text)
    return CellKind.PATH if path and path[1].lower() in _VIDEO_EXTENSIONS else CellKind.TEXT


def _kind_of_url(text: str) -> CellKind:
    """Classify a cell that starts with a URL."""
    # If a whole line was read as one cell, other cells follow the URL, and the end of the text says
    # nothing about the URL.
    first_url, *other_cells = _URL_END.split(text, maxsplit=1)
    if other_cells and _CELL_SEPARATOR.search(first_url):
        return CellKind.PAGE
    path = first_url.partition("#")[0].partition("?")[0].partition("://")[2].partition("/")[2]
    file_name = path.rstrip("/").rpartition("/")[2].partition(";")[0]
    suffix = unquote(file_name).rstrip().rpartition(".")[2].lower() if "." in file_name else ""
    if suffix in _OTHER_EXTENSIONS:
        return CellKind.OTHER_FILE
    if suffix in _STREAM_EXTENSIONS:
        return CellKind.STREAM
    if suffix not in _VIDEO_EXTENSIONS:
        return CellKind.PAGE
    url = parse(first_url)
    is_page = url and pages.has_pages(url.host) and pages.violation_of(url)
    return CellKind.PAGE if is_page else CellKind.VIDEO


@dataclass(frozen=True)
class SampleColumn:
    """The values of one column in the first rows.

    Attributes:
        position: position of the column, from 0.
        name: name of the column; may be blank.
        cells: the cells without surrounding white space, in file order.
    """

    position: int
    name: str
    cells: tuple[str, ...]

    @cached_property
    def kinds(self) -> tuple[CellKind, ...]:
        """The kind of each cell."""
        return tuple(map(kind_of, self.cells))

    @cached_property
    def filled_cells(self) -> list[str]:
        """The cells that are not blank."""
        return [cell for cell in self.cells if cell]

    @cached_property
    def kind(self) -> CellKind:
        """The best kind for which most of the filled cells are of this kind or a better one."""
        for kind in reversed(CellKind):
            if self.count_of_kind(kind) > _MOST * len(self.filled_cells):
                return kind
        return CellKind.BLANK

    def count_of_kind(self, kind: CellKind) -> int:
        """Count the filled cells of a kind or a better one."""
        return sum(
            1 for cell_kind in self.kinds if cell_kind >= kind and cell_kind is not CellKind.BLANK
        )

    @property
    def has_urls_or_paths(self) -> bool:
        """Whether most filled cells are URLs or paths that may be of videos."""
        return self.kind >= CellKind.PATH

    def about_addresses(self) -> str:
        """Return how many cells are of the column's kind, for the user."""
        count = self.count_of_kind(self.kind)
        return f"{count} of {len(self.filled_cells)} cells are {KIND_LABELS[self.kind]}"

    def about_gaps(self) -> str:
        """Return how many cells are blank, for the user; empty if no cell is blank."""
        blank = len(self.cells) - len(self.filled_cells)
        verb = "is" if blank == 1 else "are"
        return f"{blank} of {len(self.cells)} cells {verb} blank" if blank else ""

    def about_misfits(self) -> str:
        """Return how many filled cells are not source URLs, with an example; empty if all are."""
        expected_kind = max(self.kind, CellKind.PATH)
        misfits = [
            cell
            for cell, kind in zip(self.cells, self.kinds, strict=True)
            if cell and kind < expected_kind
        ]
        if not misfits:
            return ""
        label = "addresses or names of videos"
        if self.has_urls_or_paths:
            label = KIND_LABELS[self.kind]
        return f"not {label}: {len(misfits)} of {len(self.filled_cells)} cells, e.g. {misfits[0]}"

    # Titles and IDs --------------------------------------------------------------------------

    @cached_property
    def distinct_count(self) -> int:
        """The number of distinct values."""
        return len(set(self.filled_cells))

    def about_values(self, label: str) -> str:
        """Return how many cells are distinct, for the user.

        Args:
            label: description of the values, in the plural.
        """
        return f"{self.distinct_count} of {len(self.filled_cells)} cells are distinct {label}"

    @cached_property
    def has_titles(self) -> bool:
        """Whether the cells are mostly distinct short texts."""
        filled = self.filled_cells
        if not filled or len(filled) < _MOST * len(self.cells) or self.kind is not CellKind.TEXT:
            return False
        if self.distinct_count < _NEARLY_ALL * len(filled):
            return False
        text_count = sum(1 for cell in filled if _is_text(cell))
        is_short = median(map(len, filled)) <= _MAX_TITLE_LENGTH
        return text_count > _MOST * len(filled) and is_short

    def has_ids(self, min_distinct_share: float = _NEARLY_ALL) -> bool:
        """Whether the cells could be IDs: nearly all are single words, and distinct.

        Args:
            min_distinct_share: minimum fraction of distinct values among the filled cells.
        """
        filled = self.filled_cells
        if not filled or self.kind not in (CellKind.TEXT, CellKind.PATH):
            return False
        word_count = sum(map(_may_be_id, filled))
        date_count = sum(1 for cell in filled if _DATE_OR_FRACTION.fullmatch(cell))
        return (
            word_count >= _NEARLY_ALL * len(filled)
            and date_count <= _MOST * len(filled)
            and self.distinct_count >= min_distinct_share * len(filled)
        )

    def describe_ids(self) -> str:
        """Return how many cells could be IDs, for the user; empty if less than half could be."""
        count = len(set(filter(_may_be_id, self.filled_cells)))
        return (
            f"{count} of {len(self.filled_cells)} cells"
            if count > _MOST * len(self.filled_cells)
            else ""
        )

    @property
    def looks_like_codes(self) -> bool:
        """Whether the values look like IDs: all are distinct words of digits and letters.

        Words of six digits or more need no letters.
        """
        return (
            len(self.filled_cells) > 1
            and self.distinct_count == len(self.filled_cells)
            and self.has_ids()
            and all(map(_CODE.fullmatch, self.filled_cells))
            and all(map(_LETTER_OR_LONG_NUMBER.search, self.filled_cells))
        )


def _may_be_id(cell: str) -> bool:
    """Whether a cell is a single word."""
    return len(cell) <= _MAX_ID_LENGTH and len(cell.split()) == 1


def is_measure(cell: str) -> bool:
    """Whether a cell is a number, a date, a time or similar, which is no title."""
    return bool(_MEASURE.fullmatch(cell))


def _is_text(cell: str) -> bool:
    """Whether a cell could be a title: no number, date, ID or e-mail address."""
    return (
        len(cell) > 1
        and bool(_TWO_LETTERS.search(cell))
        and "@" not in cell
        and not _CODE.fullmatch(cell)
        and not is_measure(cell)
    )
