"""Read a manifest file: its header, and its rows in chunks, with line numbers.

Each format has a module in `readers/`. The format is detected by the content rather than by the
file name. This module must not know the meaning of columns, which is in `columns/`.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pandas as pd

from batch_import.configuration.settings import ReadingOptions
from batch_import.csv_escaping import ESCAPE_MARK, unescape
from batch_import.errors import ManifestError, UsageError
from batch_import.manifest.readers import csv_reader, json_reader, xlsx_reader, yaml_reader
from batch_import.manifest.readers.manifest_file import ManifestFile, open_manifest_file
from batch_import.manifest.readers.record import Block, CellViolation, Content, RecordFault
from batch_import.manifest.readers.text import DecodedFile, detect_encoding
from batch_import.manifest.rules.characters import LOST_CHARACTER
from batch_import.manifest.rules.violation import Violation

#: Number of rows per chunk: enough for fast operations on columns, and small enough for the cache.
CHUNK_ROWS = 4_000
#: Maximum number of cells per chunk, for manifests with very many columns.
_CHUNK_CELLS: Final = 2_000_000

_ZIP_STARTS: Final = (b"PK\x03\x04", b"PK\x05\x06")
_OLD_EXCEL_START: Final = b"\xd0\xcf\x11\xe0"
#: How many of the first characters are used to detect the format.
_START: Final = 4096
_JSON_START: Final = re.compile(r'\s*(?:\[\s*[\[{"\]]|\{\s*["}])')
# A possessive quantifier, because backtracking over thousands of blank lines would take too long.
_YAML_START: Final = re.compile(r"(?:\s*+#.*\n|\s*\n)*+(?:---\s|-\s+[\w\"']+:\s|[\w\"']+:\s*\n)")
#: Single surrogates. JSON can contain them, but no UTF-8 file and no database can.
_HALF: Final = re.compile("[\ud800-\udfff]")
#: Characters that represent undecodable bytes (PEP 383).
_STRAY: Final = re.compile("[\udc80-\udcff]")
_STRAY_BASE: Final = 0xDC00
_UNSAID: Final = ReadingOptions()
#: Formats that programs save under the name .xls.
_PAGES: Final = (
    (re.compile(r"\s*(?:<!doctype\s+html|<html|<head|<body|<table|<meta)\b", re.IGNORECASE),
     "is an HTML page"),
    (re.compile(r"\s*<\?xml[^>]*\?>(?:\s|<!--.*?-->)*<\?mso-application|.{0,2000}<(?:ss:)?Workbook\b",
                re.DOTALL), "is a workbook in the XML of Excel 2003"),
    (re.compile(r"\s*MIME-Version:", re.IGNORECASE), "is a web archive"),
)  # fmt: skip
_YAML: Final = frozenset({".yaml", ".yml"})
_SEPARATED: Final = frozenset({".csv", ".tsv", ".tab", ".txt", ".psv"})


@dataclass(frozen=True, slots=True)
class Chunk:
    """A chunk of rows of the manifest, in file order.

    Attributes:
        frame: one column of `str` objects per column of the header, labelled by position. The dtype
            is object, not pandas' string type, so that the rules behave the same with every version
            of pandas, with and without pyarrow.
        lines: number of the first line of each row, from 1.
        faults: row index → why it is unclear which cell is which column.
        comments: line numbers of comments among these rows.
        violations: row index → problems of single cells that the reader found.
    """

    frame: pd.DataFrame
    lines: list[int]
    faults: dict[int, RecordFault]
    comments: list[int] = field(default_factory=list)
    violations: dict[int, list[CellViolation]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Manifest:
    """A manifest that can be read.

    Attributes:
        format_description: description of the format, for the user.
        header: names of the columns, unchanged.
        digest: SHA-256 of the file, in hex.
        notes: sentences about parts of the file that are not read.
    """

    path: Path
    format_description: str
    header: tuple[str, ...]
    digest: str
    source: ManifestFile
    content: Content
    notes: tuple[str, ...] = ()

    def chunks(self) -> Iterator[Chunk]:
        """Read all rows. Each call starts at the first row.

        Raises:
            ManifestError: the file cannot be read further. The message says where.
        """
        rows = max(1, min(CHUNK_ROWS, _CHUNK_CELLS // len(self.header)))
        gathered = _Gathered(len(self.header))
        with self.source.explained():
            for block in self.content.blocks():
                gathered.add(block)
                if len(gathered.lines) >= rows:
                    yield gathered.chunk()
                    gathered = _Gathered(len(self.header))
            self.source.refuse_changed()
            if gathered.lines or gathered.comments:
                yield gathered.chunk()


def open_manifest(path: Path, options: ReadingOptions = _UNSAID) -> Manifest:
    """Detect the format of a file, and read its header.

    Args:
        path: path of the file; `-` is standard input.

    Raises:
        ManifestError: the file does not exist, cannot be read, has an unknown format, or no rows.
        UsageError: an option does not fit the format.
    """
    with open_manifest_file(path) as source:
        content = _content(source, options)
        header = tuple(_plain(content.header))
        manifest = Manifest(
            path,
            content.format_description,
            header,
            source.digest(),
            source,
            content,
            content.notes,
        )
        if not any(block.lines for block in content.blocks()):
            raise ManifestError(
                f"The manifest {source.name} has a header and no rows.",
                "Put a row for each video below it.",
            )
    return manifest


def _content(source: ManifestFile, options: ReadingOptions) -> Content:
    start = source.start(_START)
    if start.startswith(_OLD_EXCEL_START):
        raise ManifestError(
            f"The manifest {source.name} is a workbook of an old Excel, or has a password.",
            "Save it as “Excel Workbook (.xlsx)” without a password and try again.",
        )
    if start.startswith(_ZIP_STARTS):
        _refuse("Excel workbooks", source, records=options.records, encoding=options.encoding)
        return xlsx_reader.read(source, options)
    text = detect_encoding(source, options.encoding)
    _refuse_pages(text)
    read = _format(text)
    if read is csv_reader.read:
        _refuse("separated text", source, sheet=options.sheet, records=options.records)
    else:
        _refuse("JSON and YAML", source, sheet=options.sheet, columns=options.columns)
    return read(text, options)


def _refuse_pages(text: DecodedFile) -> None:
    """Detect an HTML page that is named .xls, as some programs export it. Excel opens it."""
    start = text.start(_START)
    what = next((what for pattern, what in _PAGES if pattern.match(start)), "")
    if what:
        raise ManifestError(
            f"The manifest {text.source.name} {what}, whatever its name says.",
            "Open it in Excel, save it as “Excel Workbook (.xlsx)”, and try again.",
        )


def _format(text: DecodedFile) -> Callable[[DecodedFile, ReadingOptions], Content]:
    """Detect the format of a text by its first characters, because its file name may be wrong."""
    suffix, start = text.source.suffix, text.start(_START)
    if suffix in _YAML:
        return yaml_reader.read
    if _JSON_START.match(start) or suffix == ".json" or suffix in json_reader.JSON_LINES_SUFFIXES:
        return json_reader.read
    if suffix not in _SEPARATED and _YAML_START.match(start):
        return yaml_reader.read
    return csv_reader.read


def _refuse(form: str, source: ManifestFile, **given: object) -> None:
    """Refuse options that have no effect for the format."""
    for name, value in given.items():
        if value:
            raise UsageError(
                f"{value!r} does not apply to {form}, and {source.name} is one of these.",
                "Leave it out.",
                setting=name,
            )


def _plain(cells: Sequence[str]) -> Sequence[str]:
    """Remove the escaping of spreadsheet cells, and replace characters that cannot be stored."""
    joined = "".join(cells)
    if ESCAPE_MARK in joined:
        cells = [unescape(cell) for cell in cells]
    if not joined.isascii() and _HALF.search(joined):
        cells = [_HALF.sub(LOST_CHARACTER, cell) for cell in cells]
    return cells


def _as_windows(match: re.Match[str]) -> str:
    """Decode an undecodable byte as Windows-1252, which it most often is."""
    return bytes([ord(match[0]) - _STRAY_BASE]).decode("cp1252", "replace")


class _Gathered:
    """Group blocks of rows into chunks."""

    def __init__(self, width: int) -> None:
        self._columns: list[list[str]] = [[] for _ in range(width)]
        self._faults: dict[int, RecordFault] = {}
        self._violations: dict[int, list[CellViolation]] = {}
        self.lines: list[int] = []
        self.comments: list[int] = []

    def add(self, block: Block) -> None:
        begin = len(self.lines)
        self._faults |= {begin + at: fault for at, fault in block.faults.items()}
        self._violations |= {begin + at: violations for at, violations in block.violations.items()}
        self.lines.extend(block.lines)
        self.comments.extend(block.comments)
        for position, (column, cells) in enumerate(zip(self._columns, block.columns, strict=True)):
            plain = _plain(cells)
            if plain is not cells:
                self._note_stray_bytes(begin, position, cells)
            column.extend(plain)

    def _note_stray_bytes(self, begin: int, position: int, cells: Sequence[str]) -> None:
        for at, cell in enumerate(cells, begin):
            if _STRAY.search(cell):
                likely = _STRAY.sub(_as_windows, cell)
                violation = Violation(
                    "bytes",
                    "the cell has bytes that are not of the file's encoding",
                    f"Was it “{likely}”? Then write that, and save the file as UTF-8.",
                )
                self._violations.setdefault(at, []).append((position, violation))

    def chunk(self) -> Chunk:
        frame = pd.DataFrame(
            {at: pd.Series(cells, dtype=object) for at, cells in enumerate(self._columns)},
            copy=False,
        )
        return Chunk(frame, self.lines, self._faults, self.comments, self._violations)
