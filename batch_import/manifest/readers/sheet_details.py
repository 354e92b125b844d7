"""Details of a sheet that only its XML has: errors, formulas, hyperlinks, formats, hidden rows.

A workbook is a ZIP archive, and its files are called parts. A part is parsed as a stream, and only
if a search of its bytes finds a detail. A part with a document type declaration is refused, because
such a declaration may define entities of any size, and no spreadsheet program writes it. This
module must not know the meaning of cells.
"""

import re
import zipfile
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from posixpath import dirname, join, normpath
from typing import Final
from xml.parsers.expat import ParserCreate

from batch_import.manifest.readers.manifest_file import BLOCK_BYTES
from batch_import.manifest.readers.sheet_styles import CellStyles, StylesReader
from batch_import.manifest.readers.sheet_xml import (
    TRUE_VALUES,
    InvalidPart,
    local_name,
    refuse_document_type,
    report_invalid_xml,
)

#: The position of a cell: its row from 1, its column from 0.
CellPosition = tuple[int, int]
_Attributes = dict[str, str]

#: Maximum number of details per sheet: more than any sheet that people edit has.
_MAX_DETAILS: Final = 2_000_000
#: Maximum length of the text of a cell, in characters: four times the limit of Excel.
_MAX_TEXT_LENGTH: Final = 1 << 17
#: Number of columns of a sheet: the limit of Excel.
_MAX_COLUMNS: Final = 16_384
_ALPHABET_SIZE: Final = 26
#: A cell reference, such as `B3`, `$B$3`, `B` or `3`. The groups are column and row.
_REFERENCE = re.compile(r"\$?([A-Z]{1,3})?\$?([0-9]{1,7})?")
#: Byte sequences of which a sheet with details has at least one, apart from number formats.
_SIGNS_OF_DETAILS: Final = (
    b't="e"', b"t='e'", b'hidden="1"', b"hidden='1'", b'hidden="true"', b"hyperlink",
    b"filterColumn", b"<f>", b"<f ", b"<f/", b":f>", b":f ", b":f/",
)  # fmt: skip
#: Maximum number of styles that are searched one by one. If a workbook has more, every sheet with
#: styles is parsed.
_MAX_SEARCHED_STYLES: Final = 64
#: The start tag of a row that is not empty.
_ROW_START = re.compile(rb"<(?:\w+:)?row\b[^<>]*[^/<>]>")
#: A formula with a hyperlink. The groups are the target and the text, without their quotes.
_HYPERLINK_FORMULA = re.compile(
    r"\s*HYPERLINK\(\s*\"((?:[^\"]|\"\")*)\"\s*(?:,\s*\"((?:[^\"]|\"\")*)\")?", re.IGNORECASE
)


@dataclass(slots=True)
class SheetDetails:
    """The details of one sheet.

    Attributes:
        errors: cell → its error value, such as `#N/A`.
        uncalculated: cells with a formula that was never calculated.
        links: cell → the target of its hyperlink.
        link_texts: cell with a hyperlink formula that was never calculated → the text in the
            formula.
        formats: cell with a number → its number format, if the format changes the digits.
        struck_counts: row number, from 1 → number of its filled cells that are struck through.
        hidden_rows: numbers of hidden rows, from 1.
        hidden_columns: positions of hidden columns, from 0.
        has_filter: whether a filter is active.
    """

    errors: dict[CellPosition, str] = field(default_factory=dict)
    uncalculated: set[CellPosition] = field(default_factory=set)
    links: dict[CellPosition, str] = field(default_factory=dict)
    link_texts: dict[CellPosition, str] = field(default_factory=dict)
    formats: dict[CellPosition, str] = field(default_factory=dict)
    struck_counts: Counter[int] = field(default_factory=Counter)
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)
    has_filter: bool = False


class WorkbookParts:
    """The XML parts of one workbook.

    Attributes:
        sheets: name of a sheet → name of its part.

    Raises:
        InvalidPart: the part that describes the workbook cannot be read.
    """

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._part_names = frozenset(archive.namelist())
        workbook = self._find_target("", "officeDocument") or "xl/workbook.xml"
        self._styles_part = self._find_target(workbook, "styles")
        self.sheets: dict[str, str] = {}
        #: Whether the workbook requests that Excel calculates all formulas when it is opened. Then
        #: the values of formulas in the file are not reliable.
        self._needs_calculation = False
        targets = {key: target for key, _, target in self._relationships(workbook)}

        def start_element(tag: str, attributes: _Attributes) -> None:
            tag = local_name(tag)
            if tag == "sheet":
                part = targets.get(_relationship_id(attributes), "")
                self.sheets[attributes.get("name", "")] = part
            elif tag == "calcPr":
                self._needs_calculation = attributes.get("fullCalcOnLoad") in TRUE_VALUES

        self._parse(workbook, start_element)

    def count_rows(self, sheet: str) -> int:
        """Estimate the number of rows of a sheet that are not empty."""
        pieces = self._pieces(self.sheets.get(sheet, ""))
        return sum(len(_ROW_START.findall(piece)) for piece in pieces)

    def details(self, sheet: str) -> SheetDetails:
        """Read the details of a sheet. They are empty if its part is not found.

        Raises:
            InvalidPart: a part cannot be read.
        """
        part = self.sheets.get(sheet, "")
        styles = self._styles()
        if part not in self._part_names or not self._may_have_details(part, styles.indexes):
            return SheetDetails()
        links = {
            key: target for key, kind, target in self._relationships(part) if kind == "hyperlink"
        }
        reader = _SheetReader(styles, links, needs_calculation=self._needs_calculation)
        self._parse(part, reader.start_element, reader.end_element, reader.text)
        return reader.details

    def _may_have_details(self, part: str, styles: Collection[int]) -> bool:
        """Whether a sheet may have details. This search takes a tenth of the time of parsing.

        Args:
            part: name of the sheet's part.
            styles: indexes of the styles that matter.
        """
        signs: tuple[bytes, ...] = (b" s=",)
        if len(styles) <= _MAX_SEARCHED_STYLES:
            signs = (*_SIGNS_OF_DETAILS, *(f's="{style}"'.encode() for style in styles))
        return any(sign in piece for piece in self._pieces(part) for sign in signs)

    def _styles(self) -> CellStyles:
        """Read the styles of the workbook."""
        reader = StylesReader()
        if self._styles_part:
            self._parse(self._styles_part, reader.start_element, reader.end_element)
        return reader.styles()

    def _relationships(self, part: str) -> list[tuple[str, str, str]]:
        """Return the relationships of a part: ID, type, and the URL or part name of the target."""
        relationships_part = join(dirname(part), "_rels", f"{part.rpartition('/')[2]}.rels")
        relationships: list[tuple[str, str, str]] = []

        def start_element(tag: str, attributes: _Attributes) -> None:
            if local_name(tag) == "Relationship":
                target = attributes.get("Target", "")
                if attributes.get("TargetMode") != "External":
                    target = normpath(join("/", dirname(part), target)).lstrip("/")
                kind = attributes.get("Type", "").rpartition("/")[2]
                relationships.append((attributes.get("Id", ""), kind, target))
                _check_count(len(relationships))

        self._parse(relationships_part, start_element)
        return relationships

    def _find_target(self, part: str, wanted_kind: str) -> str:
        """Return the target of the first relationship of a type; empty if there is none."""
        for _, kind, target in self._relationships(part):
            if kind == wanted_kind:
                return target
        return ""

    def _pieces(self, part: str) -> Iterator[bytes]:
        """Yield a part in pieces that end before a tag, unless a tag is longer than a block."""
        if part not in self._part_names:
            return
        tail = b""
        with self._archive.open(part) as stream:
            while block := stream.read(BLOCK_BYTES):
                data = tail + block
                cut = max(0, data.rfind(b"<"))
                tail = data[cut:] if len(data) - cut < BLOCK_BYTES else b""
                yield data[: len(data) - len(tail)]
        yield tail

    def _parse(
        self,
        part: str,
        start_element: Callable[[str, _Attributes], object],
        end_element: Callable[[str], object] | None = None,
        text: Callable[[str], object] | None = None,
    ) -> None:
        """Parse a part with these handlers. Nothing happens if the part does not exist."""
        if part not in self._part_names:
            return
        parser = ParserCreate()
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = refuse_document_type
        parser.StartElementHandler = start_element
        parser.EndElementHandler = end_element
        parser.CharacterDataHandler = text
        with report_invalid_xml(part), self._archive.open(part) as stream:
            while block := stream.read(BLOCK_BYTES):
                parser.Parse(block)
            parser.Parse(b"", True)  # noqa: FBT003 - expat's own


def _relationship_id(attributes: _Attributes) -> str:
    """Return the attribute `r:id`, whose prefix varies; empty if there is none."""
    for name, value in attributes.items():
        if local_name(name) == "id":
            return value
    return ""


def _check_count(count: int) -> None:
    if count > _MAX_DETAILS:
        raise InvalidPart("it has more links, hidden rows or formulas than a sheet can have")


class _SheetReader:
    """Collects the details of a sheet, element by element.

    Args:
        styles: the styles that matter.
        targets: relationship ID → target, for hyperlinks.
        needs_calculation: whether the values of formulas in the file are not reliable.
    """

    def __init__(
        self, styles: CellStyles, targets: dict[str, str], *, needs_calculation: bool
    ) -> None:
        self.details = SheetDetails()
        self._formats = {str(style): code for style, code in styles.formats.items()}
        self._struck_styles = frozenset(map(str, styles.struck))
        self._targets = targets
        self._needs_calculation = needs_calculation
        #: Position, attributes, and texts (of the elements `v` and `f`) of the current cell.
        self._row, self._column = 0, -1
        self._cell: _Attributes = {}
        self._texts: dict[str, str] = {}
        #: `v` (value) or `f` (formula) inside such an element; otherwise empty.
        self._text_element = ""
        self._start_handlers: dict[str, Callable[[_Attributes], None]] = {
            "c": self._start_cell,
            "row": self._start_row,
            "col": self._note_hidden_columns,
            "hyperlink": self._note_link,
            "filterColumn": self._note_filter,
        }

    def start_element(self, tag: str, attributes: _Attributes) -> None:
        """Handle the start of an element."""
        tag = local_name(tag)
        if tag in ("v", "f"):
            self._text_element = tag
            self._texts[tag] = ""
        elif tag in self._start_handlers:
            self._start_handlers[tag](attributes)

    def text(self, text: str) -> None:
        """Handle text in an element."""
        if self._text_element:
            self._texts[self._text_element] += text
            if len(self._texts[self._text_element]) > _MAX_TEXT_LENGTH:
                raise InvalidPart("it has a cell without end")

    def end_element(self, tag: str) -> None:
        """Handle the end of an element."""
        tag = local_name(tag)
        if tag == "c":
            cell = self._cell
            if "f" in self._texts or cell.get("t") == "e" or cell.get("s") in self._formats:
                self._note_cell()
            if cell.get("s") in self._struck_styles and (
                "v" in self._texts or cell.get("t") == "inlineStr"
            ):
                self.details.struck_counts[self._row] += 1
        elif self._text_element == tag:
            self._text_element = ""

    def _start_cell(self, attributes: _Attributes) -> None:
        self._column += 1
        self._cell, self._texts = attributes, {}

    def _note_filter(self, _: _Attributes) -> None:
        self.details.has_filter = True

    def _start_row(self, attributes: _Attributes) -> None:
        number = attributes.get("r", "")
        self._row = int(number) if number.isdecimal() else self._row + 1
        self._column = -1
        if attributes.get("hidden") in TRUE_VALUES:
            self.details.hidden_rows.add(self._row)

    def _note_hidden_columns(self, attributes: _Attributes) -> None:
        first, last = attributes.get("min", ""), attributes.get("max", "")
        is_hidden = attributes.get("hidden") in TRUE_VALUES
        if is_hidden and first.isdecimal() and last.isdecimal():
            self.details.hidden_columns.update(range(int(first) - 1, min(int(last), _MAX_COLUMNS)))

    def _note_link(self, attributes: _Attributes) -> None:
        target = self._targets.get(_relationship_id(attributes), "")
        first_cell, _, last_cell = attributes.get("ref", "").partition(":")
        first_row, column = parse_cell_reference(first_cell)
        last_row, _ = parse_cell_reference(last_cell or first_cell)
        fragment = attributes.get("location", "")
        if target and column >= 0:
            url = f"{target}#{fragment}" if fragment and "#" not in target else target
            for row in range(first_row, last_row + 1):
                self.details.links.setdefault((row, column), url)
                _check_count(len(self.details.links))

    def _note_cell(self) -> None:
        _, column = parse_cell_reference(self._cell.get("r", ""))
        position = (self._row, column if column >= 0 else self._column)
        details = self.details
        cell_type, value = self._cell.get("t", ""), self._texts.get("v", "")
        formula = self._texts.get("f")
        number_format = self._formats.get(self._cell.get("s", ""))
        if cell_type == "e" and value:
            details.errors[position] = value
        elif formula is not None:
            self._note_formula(position, formula, cell_type, value)
        elif cell_type in ("", "n") and value and number_format:
            details.formats[position] = number_format
        _check_count(len(details.errors) + len(details.uncalculated) + len(details.formats))

    def _note_formula(
        self, position: CellPosition, formula: str, cell_type: str, value: str
    ) -> None:
        # A program that does not calculate writes no value, or 0. An empty text has the type `str`.
        has_no_value = not value or (value == "0" and self._needs_calculation)
        is_uncalculated = cell_type != "str" and has_no_value
        link = _HYPERLINK_FORMULA.match(formula)
        if link:
            target, link_text = (link[1].replace('""', '"'), (link[2] or "").replace('""', '"'))
            self.details.links[position] = target
            if is_uncalculated:
                self.details.link_texts[position] = link_text or target
        elif is_uncalculated:
            self.details.uncalculated.add(position)


def parse_cell_reference(reference: str) -> CellPosition:
    """Parse a cell reference: `B3` is (3, 1).

    The row is 0 and the column is -1 if they are missing, or if the reference is not valid.
    """
    match = _REFERENCE.fullmatch(reference)
    letters, digits = (match[1] or "", match[2] or "") if match else ("", "")
    column_number = 0
    for letter in letters:
        column_number = column_number * _ALPHABET_SIZE + ord(letter) - ord("A") + 1
    return int(digits or 0), column_number - 1
