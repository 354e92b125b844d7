"""Format a number as a spreadsheet shows it, by its number format. No I/O.

Only formats that people use for identifiers are supported: leading zeros, and fixed characters
between digits. This module must not know workbooks.
"""

import re
from typing import Final

#: Parts of a number format that do not change the digits: colours, conditions and languages in
#: brackets, fill characters and spaces.
_DECORATION = re.compile(r"\[[^\]]*\]|[_*].")
_TOKEN = re.compile(r'"([^"]*)"|\\(.)|([0#?])|([-/() +:.,\'])')
_DATE = re.compile(r"[ymdhs]", re.IGNORECASE)
_QUOTED = re.compile(r'"[^"]*"|\\.')
_PLAIN: Final = ("", "general", "@", "0", "#", "?")


def is_plain(code: str) -> bool:
    """Whether a format shows a number unchanged, or as a date, which the reader recognizes."""
    section = _section(code)
    return section.lower() in _PLAIN or bool(_DATE.search(_QUOTED.sub("", section)))


def format_number(number: float, code: str) -> str | None:
    """Format a whole number as the sheet shows it; None if the format is not supported."""
    section = _section(code)
    if not number.is_integer() or number < 0 or "," in section or "." in section:
        return None
    tokens = list(_TOKEN.finditer(section))
    if "".join(token[0] for token in tokens) != section:
        return None
    places = sum(1 for token in tokens if token[3])
    if not places:
        return None
    digits = str(int(number)).rjust(places)
    text, at = "", 0
    for token in tokens:
        if token[3]:
            # Further digits are written before the first placeholder.
            end = len(digits) - places + at + 1
            part = digits[(end - 1 if at else 0) : end]
            text += part.replace(" ", "0" if token[3] == "0" else "")
            at += 1
        else:
            text += token[1] if token[1] is not None else token[2] or token[4]
    return text


def _section(code: str) -> str:
    """The section of a number format for numbers that are not negative."""
    return _DECORATION.sub("", code.partition(";")[0]).strip()
