"""The rules for the title, which the platform calls `filename`.

This module must not know other fields.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from batch_import.addresses.decoding import unescape_html
from batch_import.manifest.rules.cell_errors import find_error_values
from batch_import.manifest.rules.characters import find_control_characters, join_lines
from batch_import.manifest.rules.garbled import find_garbled_cells
from batch_import.manifest.rules.violation import Violation, warning

#: Maximum length of a title, in characters. The platform's limit is not known; databases and
#: players cut longer titles.
_MAX_LENGTH: Final = 255

_MISSING = Violation("filename-missing", "the title is missing", "Give the video a title.")
_CHARACTERS = Violation(
    "filename-characters",
    "the title has control characters, or � where a character was lost",
    "Take line breaks and tabs out, and retype the missing characters.",
)
_LONG = warning(
    "filename-length",
    f"the title is longer than {_MAX_LENGTH} characters, and may be truncated",
    "Shorten it; the description can be filled in on the platform.",
)
_ERROR_VALUE = Violation(
    "filename-damaged",
    "the title is an error value of a spreadsheet",
    "Correct the formula in the spreadsheet, or type the title.",
)
_GARBLED = warning("filename-garbled", "another program read the title in a wrong encoding", "")

_ENTITIES = warning("filename-entities", "the title has HTML entities, such as &amp;", "")
#: An HTML entity with its semicolon: `&amp;`, `&#39;`, `&#x27;`. Without a semicolon, it may be
#: text: `R&D`, `Q&A`.
_ENTITY: Final = re.compile(r"&(?:[A-Za-z][A-Za-z0-9]{1,31}|#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6});")


def violations(titles: Sequence[str]) -> Iterator[tuple[int, Violation]]:
    """Validate a column of titles. Yields row index and violation.

    Args:
        titles: the cells without surrounding white space.
    """
    if "" in titles:
        yield from ((index, _MISSING) for index, title in enumerate(titles) if not title)
    if max(map(len, titles), default=0) > _MAX_LENGTH:
        yield from (
            (index, _LONG) for index, title in enumerate(titles) if len(title) > _MAX_LENGTH
        )
    for index in find_control_characters(titles):
        yield index, _CHARACTERS._replace(fix=join_lines(titles[index]))
    yield from ((index, _ERROR_VALUE) for index in find_error_values(titles))
    for index, likely_title in find_garbled_cells(titles):
        hint = f"Was it “{likely_title}”? Then write that."
        yield index, _GARBLED._replace(hint=hint, fix=likely_title)
    for index, title in enumerate(titles):
        text = _ENTITY.sub(_unescape, title) if "&" in title else title
        if text != title:
            hint = f"Is it “{text}”? Then write that."
            yield index, _ENTITIES._replace(hint=hint, fix=text)


def _unescape(entity: re.Match[str]) -> str:
    """Return the character of an HTML entity.

    The entity itself is returned if it is not known, or if its character is not printable.
    """
    character = unescape_html(entity[0])
    if character == "\xa0":
        return " "
    is_known = len(character) == 1 or not character.endswith(";")
    is_text = character.isprintable() and character != "\ufffd"
    return character if is_known and is_text else entity[0]
