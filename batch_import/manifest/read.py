"""Read a manifest file: its header, and its rows in chunks, with line numbers.

Each format has a module in `readers/`, which yields the rows in small blocks. This module detects
the format, by the content rather than by the file name, and joins the blocks to larger chunks. It
must not know the meaning of columns, which is in `columns/`.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pandas as pd

from batch_import.configuration.settings import ReadingOptions
from batch_import.csv_escaping import ESCAPE_MARK, unescape, unescape_correction
from batch_import.errors import ManifestError, UsageError
from batch_import.manifest.origin import origin_columns
from batch_import.manifest.readers import csv_reader, json_reader, xlsx_reader, yaml_reader
from batch_import.manifest.readers.manifest_file import ManifestFile, open_manifest_file
from batch_import.manifest.readers.record import Block, CellViolation, Content, RecordFault
from batch_import.manifest.readers.text import DecodedFile, detect_encoding
from batch_import.manifest.rules.characters import LOST_CHARACTER
from batch_import.manifest.rules.violation import Violation

#: Number of rows per chunk: enough for fast operations on columns, and few enough for the cache of
#: the processor.
CHUNK_ROWS = 4_000
#: Maximum number of cells per chunk, for manifests with very many columns.
_CHUNK_CELLS: Final = 2_000_000

#: First bytes of a ZIP archive, also of an empty one. An Excel workbook is a ZIP archive.
_ZIP_STARTS: Final = (b"PK\x03\x04", b"PK\x05\x06")
#: First bytes of the container format of old Excel workbooks and of encrypted new ones.
_OLD_EXCEL_START: Final = b"\xd0\xcf\x11\xe0"
#: Number of the first bytes or characters that are used to detect the format.
_START_LENGTH: Final = 4096
#: Matches the start of a JSON array whose first item is an array, an object or a text, the start of
#: a JSON object, and an empty array or object. It does not match a CSV file that starts with
#: `[draft]`.
_JSON_START: Final = re.compile(r'\s*(?:\[\s*[\[{"\]]|\{\s*["}])')
#: Matches the first line of YAML after blank lines and comments: `---`, `- url: …` or `videos:`.
#: The quantifier for blank lines is possessive, because backtracking over thousands of them would
#: take too long.
_YAML_START: Final = re.compile(r"(?:\s*+#.*\n|\s*\n)*+(?:---\s|-\s+[\w\"']+:\s|[\w\"']+:\s*\n)")
#: Single surrogates. JSON can contain them, but no UTF-8 file and no database can.
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
#: Surrogates that Python decodes undecodable bytes to (PEP 383): a base plus the value of the byte.
_UNDECODABLE_BYTE: Final = re.compile("[\udc80-\udcff]")
_UNDECODABLE_BASE: Final = 0xDC00
_DEFAULT_OPTIONS: Final = ReadingOptions()
#: Pattern → description of formats that are not supported, and that programs save as `.xls`. The
#: second pattern matches an XML declaration and comments before `<?mso-application`, or `<Workbook`
#: within the first 2,000 characters.
_FAKE_EXCEL_FORMATS: Final = (
    (re.compile(r"\s*(?:<!doctype\s+html|<html|<head|<body|<table|<meta)\b", re.IGNORECASE),
     "is an HTML page"),
    (re.compile(r"\s*<\?xml[^>]*\?>(?:\s|<!--.*?-->)*<\?mso-application|.{0,2000}<(?:ss:)?Workbook\b",
                re.DOTALL), "is a workbook in the XML of Excel 2003"),
    (re.compile(r"\s*MIME-Version:", re.IGNORECASE), "is a web archive"),
)  # fmt: skip
_YAML_SUFFIXES: Final = frozenset({".yaml", ".yml"})
_SEPARATED_SUFFIXES: Final = frozenset({".csv", ".tsv", ".tab", ".txt", ".psv"})


@dataclass(frozen=True, slots=True)
class Chunk:
    """A chunk of rows of the manifest, in file order.

    Attributes:
        frame: one column of `str` objects per column of the header, labelled by position. The dtype
            is object, not pandas' string type, so that the rules behave the same with every version
            of pandas, with and without pyarrow.
        lines: number of the first line of each row, from 1.
        faults: row index → why it is unclear which cell belongs to which column.
        comments: line numbers of comments, which are no rows, between these rows.
        violations: row index → the violations in single cells that the reader found.
    """

    frame: pd.DataFrame
    lines: list[int]
    faults: dict[int, RecordFault]
    comments: list[int] = field(default_factory=list)
    violations: dict[int, list[CellViolation]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Manifest:
    """A manifest file whose format and header were recognized.

    Attributes:
        path: path that the user gave; `-` is standard input.
        format_description: description of the format, for the user.
        header: names of the columns, without the escaping of spreadsheet cells.
        digest: SHA-256 of the file, in hex.
        source: the file on disk.
        content: the rows in blocks, as the reader of the format yields them.
        notes: sentences for the user about parts of the file that are not read.
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
            ManifestError: the file cannot be read any further, or was changed since it was opened.
        """
        chunk_rows = max(1, min(CHUNK_ROWS, _CHUNK_CELLS // len(self.header)))
        builder = _ChunkBuilder(self.header)
        with self.source.explaining_errors():
            for block in self.content.blocks():
                builder.add(block)
                if len(builder.lines) >= chunk_rows:
                    yield builder.chunk()
                    builder = _ChunkBuilder(self.header)
            self.source.refuse_changed()
            if builder.lines or builder.comments:
                yield builder.chunk()


def open_manifest(path: Path, options: ReadingOptions = _DEFAULT_OPTIONS) -> Manifest:
    """Detect the format of a file, and read its header.

    Args:
        path: path of the file; `-` is standard input.
        options: the user's decisions about how the file is read.

    Raises:
        ManifestError: the file does not exist, cannot be read, has an unknown format, or no rows.
        UsageError: an option has no effect for this format.
    """
    with open_manifest_file(path) as source:
        content = _read_content(source, options)
        header = tuple(_storable(content.header, unescape))
        if origin_columns(header):
            header = tuple(_storable(content.header, unescape_correction))
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


def _read_content(source: ManifestFile, options: ReadingOptions) -> Content:
    """Choose the reader of the format, and let it read the header."""
    start = source.start(_START_LENGTH)
    if start.startswith(_OLD_EXCEL_START):
        raise ManifestError(
            f"The manifest {source.name} is a workbook of an old Excel, or has a password.",
            "Save it as “Excel Workbook (.xlsx)” without a password and try again.",
        )
    if start.startswith(_ZIP_STARTS):
        _refuse_options(
            "Excel workbooks", source, records=options.records, encoding=options.encoding
        )
        return xlsx_reader.read(source, options)
    text = detect_encoding(source, options.encoding)
    _refuse_fake_excel(text)
    read = _reader_of(text)
    if read is csv_reader.read:
        _refuse_options("separated text", source, sheet=options.sheet, records=options.records)
    else:
        _refuse_options("JSON and YAML", source, sheet=options.sheet, columns=options.columns)
    return read(text, options)


def _refuse_fake_excel(text: DecodedFile) -> None:
    """Refuse an HTML page or similar that is named `.xls`, as some programs export tables."""
    start = text.start(_START_LENGTH)
    for pattern, description in _FAKE_EXCEL_FORMATS:
        if pattern.match(start):
            raise ManifestError(
                f"The manifest {text.source.name} {description}, whatever its name says.",
                "Open it in Excel, save it as “Excel Workbook (.xlsx)”, and try again.",
            )


def _reader_of(text: DecodedFile) -> Callable[[DecodedFile, ReadingOptions], Content]:
    """Detect the format of a text by its first characters, because its file name may be wrong."""
    suffix, start = text.source.suffix, text.start(_START_LENGTH)
    if suffix in _YAML_SUFFIXES:
        return yaml_reader.read
    if _JSON_START.match(start) or suffix == ".json" or suffix in json_reader.JSON_LINES_SUFFIXES:
        return json_reader.read
    if suffix not in _SEPARATED_SUFFIXES and _YAML_START.match(start):
        return yaml_reader.read
    return csv_reader.read


def _refuse_options(formats: str, source: ManifestFile, **unused_options: object) -> None:
    """Refuse options that have no effect for a format, unless they are empty."""
    for name, value in unused_options.items():
        if value:
            raise UsageError(
                f"{value!r} does not apply to {formats}, and {source.name} is one of these.",
                "Leave it out.",
                setting=name,
            )


def _storable(cells: Sequence[str], remove_mark: Callable[[str], str]) -> Sequence[str]:
    """Remove the escaping of spreadsheet cells, and replace characters that cannot be stored.

    Args:
        cells: the cells.
        remove_mark: returns a cell without the mark of its escaping.

    Returns:
        The same object if nothing has to be changed.
    """
    joined = "".join(cells)
    if ESCAPE_MARK in joined:
        cells = [remove_mark(cell) for cell in cells]
    if not joined.isascii() and _SURROGATE.search(joined):
        cells = [_SURROGATE.sub(LOST_CHARACTER, cell) for cell in cells]
    return cells


def _as_windows_1252(match: re.Match[str]) -> str:
    """Decode an undecodable byte as Windows-1252, its most frequent encoding."""
    return bytes([ord(match[0]) - _UNDECODABLE_BASE]).decode("cp1252", "replace")


class _ChunkBuilder:
    """Joins blocks of rows to a chunk.

    Args:
        header: the names of all columns.
    """

    def __init__(self, header: Sequence[str]) -> None:
        self._columns: list[list[str]] = [[] for _ in header]
        self._remove_mark = unescape_correction if origin_columns(header) else unescape
        self._faults: dict[int, RecordFault] = {}
        self._violations: dict[int, list[CellViolation]] = {}
        self.lines: list[int] = []
        self.comments: list[int] = []

    def add(self, block: Block) -> None:
        offset = len(self.lines)
        for index, fault in block.faults.items():
            self._faults[offset + index] = fault
        for index, violations in block.violations.items():
            self._violations[offset + index] = violations
        self.lines.extend(block.lines)
        self.comments.extend(block.comments)
        for position, (column, cells) in enumerate(zip(self._columns, block.columns, strict=True)):
            storable_cells = _storable(cells, self._remove_mark)
            # `_storable` returns the same object if nothing was changed. Then no cell has
            # undecodable bytes.
            if storable_cells is not cells:
                self._note_undecodable_bytes(offset, position, cells)
            column.extend(storable_cells)

    def _note_undecodable_bytes(self, offset: int, position: int, cells: Sequence[str]) -> None:
        """Add a violation for each of these cells of a column that has undecodable bytes."""
        for index, cell in enumerate(cells, offset):
            if _UNDECODABLE_BYTE.search(cell):
                likely_text = _UNDECODABLE_BYTE.sub(_as_windows_1252, cell)
                violation = Violation(
                    "bytes",
                    "the cell has bytes that are not of the file's encoding",
                    f"Was it “{likely_text}”? Then write that, and save the file as UTF-8.",
                )
                self._violations.setdefault(index, []).append((position, violation))

    def chunk(self) -> Chunk:
        """Return the rows that were added."""
        columns = {
            position: pd.Series(cells, dtype=object) for position, cells in enumerate(self._columns)
        }
        frame = pd.DataFrame(columns, copy=False)
        return Chunk(frame, self.lines, self._faults, self.comments, self._violations)
