"""Format a number as a spreadsheet program shows it, by its number format. No I/O.

A number format is a code such as `00000` or `000-000`. Only formats that people use for IDs are
supported: leading zeros, and fixed characters between digits. This module must not know workbooks.
"""

import re
from typing import Final

#: Parts of a number format that do not change the digits: colours, conditions and languages in
#: brackets, fill characters and spaces.
_DECORATION = re.compile(r"\[[^\]]*\]|[_*].")
#: One part of a number format. The groups are: a quoted text, an escaped character, the placeholder
#: of a digit, and a character that needs no quotes.
_TOKEN = re.compile(r'"([^"]*)"|\\(.)|([0#?])|([-/() +:.,\'])')
_DATE_LETTER = re.compile(r"[ymdhs]", re.IGNORECASE)
_FIXED_TEXT = re.compile(r'"[^"]*"|\\.')
#: Formats that show all digits of a whole number, and no others.
_PLAIN_FORMATS: Final = ("", "general", "@", "0", "#", "?")


def is_plain(code: str) -> bool:
    """Whether a format shows a number unchanged, or as a date, which python-calamine recognizes."""
    section = _first_section(code)
    is_date = bool(_DATE_LETTER.search(_FIXED_TEXT.sub("", section)))
    return section.lower() in _PLAIN_FORMATS or is_date


def format_number(number: float, code: str) -> str | None:
    """Format a number by a number format.

    Returns:
        The text that a spreadsheet program shows; None if the format is not supported, or if the
        number is negative or not a whole number.
    """
    section = _first_section(code)
    if not number.is_integer() or number < 0 or "," in section or "." in section:
        return None
    tokens = list(_TOKEN.finditer(section))
    if "".join(token[0] for token in tokens) != section:
        return None
    placeholder_count = sum(1 for token in tokens if token[3])
    if not placeholder_count:
        return None
    digits = str(int(number)).rjust(placeholder_count)
    # The first placeholder gets all digits that have no placeholder of their own.
    end = len(digits) - placeholder_count + 1
    start = 0
    text = ""
    for token in tokens:
        if token[3]:
            text += digits[start:end].replace(" ", "0" if token[3] == "0" else "")
            start, end = end, end + 1
        else:
            text += token[1] if token[1] is not None else token[2] or token[4]
    return text


def _first_section(code: str) -> str:
    """Return the part of a number format for numbers that are not negative, without decoration."""
    return _DECORATION.sub("", code.partition(";")[0]).strip()
