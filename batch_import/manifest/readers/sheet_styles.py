"""Read the styles of a workbook that matter: number formats, and text that is struck through.

This module must not know how the part of the styles is opened, nor the cells.
"""

from collections.abc import Collection
from typing import Final, NamedTuple

from batch_import.manifest.readers.number_formats import is_plain
from batch_import.manifest.readers.sheet_xml import TRUE_VALUES, InvalidPart, local_name

#: Maximum length of a number format, in characters: the limit of Excel.
_MAX_FORMAT_LENGTH: Final = 255
#: Maximum number of styles and number formats: 64,000 is the limit of Excel for styles.
_MAX_STYLES: Final = 1 << 17
#: ID → code of the built-in number formats that change the digits. Formats of dates are missing,
#: because python-calamine recognizes dates.
_BUILT_IN_FORMATS: Final = {
    "3": "#,##0", "4": "#,##0.00", "9": "0%", "10": "0.00%", "11": "0.00E+00", "12": "# ?/?",
    "13": "# ??/??", "37": "#,##0", "38": "#,##0", "39": "#,##0.00", "40": "#,##0.00",
    "48": "##0.0E+0",
}  # fmt: skip


class CellStyles(NamedTuple):
    """The styles of a workbook that matter, by the index with which cells name them.

    Attributes:
        formats: style index → number format, for the formats that change the digits.
        struck: indexes of the styles whose text is struck through.
    """

    formats: dict[int, str]
    struck: frozenset[int]

    @property
    def indexes(self) -> Collection[int]:
        """The indexes of all these styles."""
        return self.formats.keys() | self.struck


class StylesReader:
    """Collects the styles of a workbook, element by element."""

    def __init__(self) -> None:
        self._custom_formats: dict[str, str] = {}
        #: Number format and font of each style.
        self._style_parts: list[tuple[str, str]] = []
        self._font_count = 0
        self._struck_fonts: set[str] = set()
        self._open_tags: list[str] = []

    def start_element(self, tag: str, attributes: dict[str, str]) -> None:
        """Handle the start of an element."""
        tag = local_name(tag)
        self._open_tags.append(tag)
        if tag == "numFmt":
            code = attributes.get("formatCode", "")[:_MAX_FORMAT_LENGTH]
            self._custom_formats[attributes.get("numFmtId", "")] = code
        elif tag == "xf" and "cellXfs" in self._open_tags:
            font = attributes.get("fontId", "0")
            self._style_parts.append((attributes.get("numFmtId", "0"), font))
        elif tag == "font" and "fonts" in self._open_tags:
            self._font_count += 1
        elif (
            tag == "strike"
            and "fonts" in self._open_tags
            and attributes.get("val", "1") in TRUE_VALUES
        ):
            self._struck_fonts.add(str(self._font_count - 1))
        if len(self._style_parts) + len(self._custom_formats) > _MAX_STYLES:
            raise InvalidPart("it has more styles than a workbook can have")

    def end_element(self, _: str) -> None:
        """Handle the end of an element."""
        self._open_tags.pop()

    def styles(self) -> CellStyles:
        """Return the styles that matter."""
        formats = {}
        for style, (format_id, _) in enumerate(self._style_parts):
            code = self._custom_formats.get(format_id, _BUILT_IN_FORMATS.get(format_id, ""))
            if not is_plain(code):
                formats[style] = code
        struck = [
            style for style, (_, font) in enumerate(self._style_parts) if font in self._struck_fonts
        ]
        return CellStyles(formats, frozenset(struck))
