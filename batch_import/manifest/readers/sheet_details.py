"""Details of a sheet that only its XML has: errors, formulas, hyperlinks, formats, hidden rows.

A part of the workbook is parsed as a stream, and only if a search of its bytes finds a detail. A
part with a document type declaration is refused, because it may declare entities, and no
spreadsheet program writes one. This module must not know the meaning of cells.
"""

import re
import zipfile
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from posixpath import dirname, join, normpath
from typing import Final
from xml.parsers.expat import ExpatError, ParserCreate

from batch_import.manifest.readers.manifest_file import BLOCK_BYTES
from batch_import.manifest.readers.number_formats import is_plain

#: A cell: its row from 1, its column from 0.
CellPosition = tuple[int, int]
_Attributes = dict[str, str]

#: Maximum number of details per sheet: more than any sheet that people edit has.
_MOST_KEPT: Final = 2_000_000
#: Maximum length of a cell, and of a number format, in characters: the limits of Excel.
_LONGEST_TEXT: Final = 1 << 17
_LONGEST_CODE: Final = 255
_LETTERS: Final = 26
_REFERENCE = re.compile(r"\$?([A-Z]{1,3})?\$?([0-9]{1,7})?")
_TRUE: Final = ("1", "true")
#: Matches the bytes of a sheet that has details.
_TELLING: Final = (
    *(b't="e"', b"t='e'", b'hidden="1"', b"hidden='1'", b'hidden="true"', b"hyperlink"),
    *(b"filterColumn", b"<f>", b"<f ", b"<f/", b":f>", b":f ", b":f/"),
)
#: Maximum number of styles that are searched one by one.
_MOST_STYLES: Final = 64
_ROW = re.compile(rb"<(?:\w+:)?row\b[^<>]*[^/<>]>")
_LITERAL_LINK = re.compile(
    r"\s*HYPERLINK\(\s*\"((?:[^\"]|\"\")*)\"\s*(?:,\s*\"((?:[^\"]|\"\")*)\")?", re.IGNORECASE
)


class InvalidPart(ValueError):
    """A part of the workbook is not valid XML, or is too large."""


@dataclass(slots=True)
class SheetDetails:
    """The details of one sheet.

    Attributes:
        errors: cell → its error.
        uncalculated: cells with a formula that was never calculated.
        links: cell → the target of its hyperlink.
        shown: cell → its text, if only its formula gives it.
        formats: cell with a number → its number format, if that changes the digits.
        filtered: whether a filter is active.
    """

    errors: dict[CellPosition, str] = field(default_factory=dict)
    uncalculated: set[CellPosition] = field(default_factory=set)
    links: dict[CellPosition, str] = field(default_factory=dict)
    shown: dict[CellPosition, str] = field(default_factory=dict)
    formats: dict[CellPosition, str] = field(default_factory=dict)
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)
    filtered: bool = False


class WorkbookParts:
    """The XML parts of one workbook.

    Raises:
        BadPart: a part of the workbook itself cannot be read.
    """

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._names = frozenset(archive.namelist())
        workbook = self._target("", "officeDocument") or "xl/workbook.xml"
        self._styles = self._target(workbook, "styles")
        self.sheets: dict[str, str] = {}
        #: The workbook requests that Excel calculates all formulas when it opens it.
        self.recalculated = False
        targets = {key: target for key, _, target in self._relations(workbook)}

        def start(tag: str, given: _Attributes) -> None:
            tag = local_name(tag)
            if tag == "sheet":
                key = next((v for k, v in given.items() if k.rpartition(":")[2] == "id"), "")
                self.sheets[given.get("name", "")] = targets.get(key, "")
            elif tag == "calcPr":
                self.recalculated = given.get("fullCalcOnLoad") in _TRUE

        self._parse(workbook, start)

    def rows(self, sheet: str) -> int:
        """Estimate the number of rows of a sheet that are not empty."""
        return sum(len(_ROW.findall(data)) for data in self._pieces(self.sheets.get(sheet, "")))

    def _tells(self, part: str, formats: Collection[int]) -> bool:
        """Whether a sheet has details. The search takes a tenth of the time of parsing."""
        styles = [f's="{at}"'.encode() for at in formats]
        telling = (*_TELLING, *styles) if len(styles) <= _MOST_STYLES else (b" s=",)
        return any(sign in data for data in self._pieces(part) for sign in telling)

    def details(self, sheet: str) -> SheetDetails:
        """Read the details of a sheet. They are empty if its part is not found.

        Raises:
            BadPart: a part cannot be read.
        """
        part = self.sheets.get(sheet, "")
        formats = self._formats()
        if part not in self._names or not self._tells(part, formats):
            return SheetDetails()
        links = {key: target for key, kind, target in self._relations(part) if kind == "hyperlink"}
        reader = _SheetReader(formats, links, recalculated=self.recalculated)
        self._parse(part, reader.start, reader.end, reader.text)
        return reader.details

    def _formats(self) -> dict[int, str]:
        """Style index → number format, for formats that change the digits."""
        codes: dict[str, str] = {}
        styles: list[str] = []
        inside: list[str] = []

        def start(tag: str, given: _Attributes) -> None:
            tag = local_name(tag)
            inside.append(tag)
            if tag == "numFmt":
                codes[given.get("numFmtId", "")] = given.get("formatCode", "")[:_LONGEST_CODE]
            elif tag == "xf" and "cellXfs" in inside:
                styles.append(given.get("numFmtId", "0"))
            _bound(len(styles) + len(codes))

        if self._styles:
            self._parse(self._styles, start, lambda _: inside.pop())
        found = enumerate(codes.get(key, _BUILT_IN.get(key, "")) for key in styles)
        return {at: code for at, code in found if not is_plain(code)}

    def _relations(self, part: str) -> Iterator[tuple[str, str, str]]:
        """Yield the relationships of a part: ID, type, and the full name of the target."""
        name = join(dirname(part), "_rels", f"{part.rpartition('/')[2]}.rels")
        found: list[tuple[str, str, str]] = []

        def start(tag: str, given: _Attributes) -> None:
            if local_name(tag) == "Relationship":
                target = given.get("Target", "")
                if given.get("TargetMode") != "External":
                    target = normpath(join("/", dirname(part), target)).lstrip("/")
                kind = given.get("Type", "").rpartition("/")[2]
                found.append((given.get("Id", ""), kind, target))
                _bound(len(found))

        if name in self._names:
            self._parse(name, start)
        yield from found

    def _target(self, part: str, kind: str) -> str:
        found = (target for _, other, target in self._relations(part) if other == kind)
        return next(found, "")

    def _pieces(self, part: str) -> Iterator[bytes]:
        """Yield a part in pieces that end at a tag, unless a tag is longer than a block."""
        if part not in self._names:
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
        start: Callable[[str, _Attributes], object],
        end: Callable[[str], object] | None = None,
        text: Callable[[str], object] | None = None,
    ) -> None:
        if part not in self._names:
            return
        parser = ParserCreate()
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = refuse_document_type
        parser.StartElementHandler = start
        parser.EndElementHandler = end
        parser.CharacterDataHandler = text
        with report_invalid_xml(part), self._archive.open(part) as stream:
            while block := stream.read(BLOCK_BYTES):
                parser.Parse(block)
            parser.Parse(b"", True)  # noqa: FBT003 - expat's own


@contextmanager
def report_invalid_xml(part: str) -> Iterator[None]:
    """What expat raises while it parses a part is the part's fault.

    Raises:
        BadPart: it is no XML, or in an encoding that there is none of, or that expat does not know.
    """
    try:
        yield
    except InvalidPart:
        raise
    except (ExpatError, LookupError, ValueError) as error:
        raise InvalidPart(f"its part {part} is no proper XML") from error


def local_name(tag: str) -> str:
    """The name of a tag without its namespace prefix."""
    return tag.rpartition(":")[2] if ":" in tag else tag


def refuse_document_type(*_: object) -> None:
    """Refuse a part that begins to declare entities, which may be endless.

    Raises:
        BadPart: always.
    """
    raise InvalidPart("it declares entities, which no spreadsheet does")


def _bound(count: int) -> None:
    if count > _MOST_KEPT:
        raise InvalidPart("it has more links, hidden rows or formulas than a sheet can have")


#: Built-in number formats that change the digits. python-calamine recognizes dates.
_BUILT_IN: Final = {
    "3": "#,##0", "4": "#,##0.00", "9": "0%", "10": "0.00%", "11": "0.00E+00", "12": "# ?/?",
    "13": "# ??/??", "37": "#,##0", "38": "#,##0", "39": "#,##0.00", "40": "#,##0.00",
    "48": "##0.0E+0",
}  # fmt: skip


class _SheetReader:
    """Collects the details of a sheet, element by element."""

    def __init__(
        self, formats: dict[int, str], targets: dict[str, str], *, recalculated: bool
    ) -> None:
        self.details = SheetDetails()
        self._formats = {str(at): code for at, code in formats.items()}
        self._targets = targets
        self._recalculated = recalculated
        self._row, self._column = 0, -1
        self._cell: _Attributes = {}
        self._texts: dict[str, str] = {}
        self._inside = ""
        self._starts: dict[str, Callable[[_Attributes], None]] = {
            "c": self._begin_cell,
            "row": self._begin_row,
            "col": self._note_columns,
            "hyperlink": self._note_link,
            "filterColumn": self._note_filter,
        }

    def start(self, tag: str, given: _Attributes) -> None:
        """Handle the start of an element."""
        tag = local_name(tag)
        if tag in ("v", "f"):
            self._inside = tag
            self._texts[tag] = ""
        elif begin := self._starts.get(tag):
            begin(given)

    def text(self, text: str) -> None:
        """Handle text in an element."""
        if self._inside:
            self._texts[self._inside] += text
            if len(self._texts[self._inside]) > _LONGEST_TEXT:
                raise InvalidPart("it has a cell without end")

    def end(self, tag: str) -> None:
        """Handle the end of an element."""
        tag = local_name(tag)
        if tag == "c":
            cell = self._cell
            if "f" in self._texts or cell.get("t") == "e" or cell.get("s") in self._formats:
                self._note_cell()
        elif self._inside == tag:
            self._inside = ""

    def _begin_cell(self, given: _Attributes) -> None:
        self._column += 1
        self._cell, self._texts = given, {}

    def _note_filter(self, _: _Attributes) -> None:
        self.details.filtered = True

    def _begin_row(self, given: _Attributes) -> None:
        number = given.get("r", "")
        self._row = int(number) if number.isdecimal() else self._row + 1
        self._column = -1
        if given.get("hidden") in _TRUE:
            self.details.hidden_rows.add(self._row)

    def _note_columns(self, given: _Attributes) -> None:
        first, last = (given.get(name, "") for name in ("min", "max"))
        if given.get("hidden") in _TRUE and first.isdecimal() and last.isdecimal():
            self.details.hidden_columns.update(range(int(first) - 1, min(int(last), 16_384)))

    def _note_link(self, given: _Attributes) -> None:
        key = next((v for k, v in given.items() if k.rpartition(":")[2] == "id"), "")
        target = self._targets.get(key, "")
        first, _, last = given.get("ref", "").partition(":")
        (row, column), (end, _) = parse_cell_reference(first), parse_cell_reference(last or first)
        location = given.get("location", "")
        if target and column >= 0:
            whole = f"{target}#{location}" if location and "#" not in target else target
            for line in range(row, end + 1):
                self.details.links.setdefault((line, column), whole)
                _bound(len(self.details.links))

    def _note_cell(self) -> None:
        _, column = parse_cell_reference(self._cell.get("r", ""))
        details, place = self.details, (self._row, column if column >= 0 else self._column)
        kind, value = self._cell.get("t", ""), self._texts.get("v", "")
        formula = self._texts.get("f")
        if kind == "e" and value:
            details.errors[place] = value
        elif formula is not None:
            self._note_formula(place, formula, kind, value)
        elif kind in ("", "n") and value and (code := self._formats.get(self._cell.get("s", ""))):
            details.formats[place] = code
        _bound(len(details.errors) + len(details.uncalculated) + len(details.formats))

    def _note_formula(self, place: CellPosition, formula: str, kind: str, value: str) -> None:
        # A program that does not calculate writes no value, or 0. An empty text has the type `str`.
        unknown = kind != "str" and (not value or (value == "0" and self._recalculated))
        if link := _LITERAL_LINK.match(formula):
            target, shown = (link[1].replace('""', '"'), (link[2] or "").replace('""', '"'))
            self.details.links[place] = target
            if unknown:
                self.details.shown[place] = shown or target
        elif unknown:
            self.details.uncalculated.add(place)


def parse_cell_reference(reference: str) -> CellPosition:
    """Parse a cell reference: `B3` is (3, 1). The column is -1 if it is missing."""
    found = _REFERENCE.fullmatch(reference)
    letters, digits = (found[1] or "", found[2] or "") if found else ("", "")
    column = 0
    for letter in letters:
        column = column * _LETTERS + ord(letter) - ord("A") + 1
    return int(digits or 0), column - 1
