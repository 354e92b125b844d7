"""A file → its header, and its rows in chunks of text columns with line numbers.

A format is one module beside this one; which one reads a file, its content tells rather than its
name. This file must not know what a column means; that is `columns.py` and `validate.py`.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pandas as pd

from batch_import.configuration.settings import ReadingOptions
from batch_import.csv_escaping import MARK, unguarded
from batch_import.errors import ManifestError, UsageError
from batch_import.manifest.readers import csv_reader, json_reader, xlsx_reader, yaml_reader
from batch_import.manifest.readers.manifest_file import ManifestFile, found
from batch_import.manifest.readers.record import Block, CellViolation, Content, RecordFault
from batch_import.manifest.readers.text import DecodedFile, decode
from batch_import.manifest.rules.characters import LOST
from batch_import.manifest.rules.violation import Violation

#: Rows of a chunk: enough to work on columns, few enough to stay in a processor's cache.
CHUNK_ROWS = 4_000
#: The same for manifests with very many columns.
_CHUNK_CELLS: Final = 2_000_000

_ZIP_STARTS: Final = (b"PK\x03\x04", b"PK\x05\x06")
_OLD_EXCEL_START: Final = b"\xd0\xcf\x11\xe0"
#: Characters that tell the format.
_START: Final = 4096
_JSON_START: Final = re.compile(r'\s*(?:\[\s*[\[{"\]]|\{\s*["}])')
# Possessive: a file that begins with thousands of blank lines is given up at once.
_YAML_START: Final = re.compile(r"(?:\s*+#.*\n|\s*\n)*+(?:---\s|-\s+[\w\"']+:\s|[\w\"']+:\s*\n)")
#: JSON can write half of a pair that UTF-16 makes one character of; no file of ours can hold it.
_HALF: Final = re.compile("[\ud800-\udfff]")
#: What stands for a byte that is not of the encoding (PEP 383).
_STRAY: Final = re.compile("[\udc80-\udcff]")
_STRAY_BASE: Final = 0xDC00
_UNSAID: Final = ReadingOptions()
#: What programs save under the name .xls though it is another thing.
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
    """Some rows of the manifest, in the file's order.

    Attributes:
        frame: a column of `str` objects per column of the header, labelled by position. Objects,
            not pandas' own string type: rules give the same answer with every pandas,
            with and without pyarrow.
        lines: the first line in the file of each row, from 1.
        faults: index in this chunk → why the row's cells cannot be trusted.
        comments: the lines of comments among these rows.
        violations: index in this chunk → what the reader found wrong with single cells of the row.
    """

    frame: pd.DataFrame
    lines: list[int]
    faults: dict[int, RecordFault]
    comments: list[int] = field(default_factory=list)
    violations: dict[int, list[CellViolation]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Manifest:
    """A manifest that was found fit to be read.

    Attributes:
        form: how it is read, in words.
        header: the names of the columns as they stand in the file.
        digest: SHA-256 of the file's bytes, in hex.
        notes: what was seen in the file and is not read, one line each.
    """

    path: Path
    form: str
    header: tuple[str, ...]
    digest: str
    source: ManifestFile
    content: Content
    notes: tuple[str, ...] = ()

    def chunks(self) -> Iterator[Chunk]:
        """Read all rows, from the first one at every call.

        Raises:
            ManifestError: the file can be read no further, and where.
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
    """Find out how a file is to be read, and read its header.

    Args:
        path: `-` is standard input.

    Raises:
        ManifestError: it is missing, unreadable, in no known format, or holds no row.
        UsageError: an option does not go with the format.
    """
    with found(path) as source:
        content = _content(source, options)
        header = tuple(_plain(content.header))
        manifest = Manifest(
            path, content.form, header, source.digest(), source, content, content.notes
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
    text = decode(source, options.encoding)
    _refuse_pages(text)
    read = _format(text)
    if read is csv_reader.read:
        _refuse("separated text", source, sheet=options.sheet, records=options.records)
    else:
        _refuse("JSON and YAML", source, sheet=options.sheet, columns=options.columns)
    return read(text, options)


def _refuse_pages(text: DecodedFile) -> None:
    """Some programs call a page a workbook, and Excel opens it all the same."""
    start = text.start(_START)
    what = next((what for pattern, what in _PAGES if pattern.match(start)), "")
    if what:
        raise ManifestError(
            f"The manifest {text.source.name} {what}, whatever its name says.",
            "Open it in Excel, save it as “Excel Workbook (.xlsx)”, and try again.",
        )


def _format(text: DecodedFile) -> Callable[[DecodedFile, ReadingOptions], Content]:
    """What text that starts so is. A name may lie; `[{"` and `---` hardly do."""
    suffix, start = text.source.suffix, text.start(_START)
    if suffix in _YAML:
        return yaml_reader.read
    if _JSON_START.match(start) or suffix == ".json" or suffix in json_reader.LINES:
        return json_reader.read
    if suffix not in _SEPARATED and _YAML_START.match(start):
        return yaml_reader.read
    return csv_reader.read


def _refuse(form: str, source: ManifestFile, **given: object) -> None:
    """An option that would do nothing is a mistake."""
    for name, value in given.items():
        if value:
            raise UsageError(
                f"{value!r} does not apply to {form}, and {source.name} is one of these.",
                "Leave it out.",
                setting=name,
            )


def _plain(cells: Sequence[str]) -> Sequence[str]:
    """The cells as they were before they were guarded, and fit to be kept."""
    joined = "".join(cells)
    if MARK in joined:
        cells = [unguarded(cell) for cell in cells]
    if not joined.isascii() and _HALF.search(joined):
        cells = [_HALF.sub(LOST, cell) for cell in cells]
    return cells


def _as_windows(found: re.Match[str]) -> str:
    """A stray byte as what it most often is: a character of Windows-1252."""
    return bytes([ord(found[0]) - _STRAY_BASE]).decode("cp1252", "replace")


class _Gathered:
    """Blocks that are to be one chunk."""

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
            {at: pd.Series(cells, dtype=object) for at, cells in enumerate(self._columns)}
        )
        return Chunk(frame, self.lines, self._faults, self.comments, self._violations)
