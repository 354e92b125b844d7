"""How a spreadsheet shows a number, by the code of its format. Pure.

Of all formats only those are followed that people use for identifiers: zeros in front, and fixed
characters between digits. This file must not know workbooks.
"""

import re
from typing import Final

#: Colours, conditions and languages in brackets; fillers and spaces as wide as a character.
_DECORATION = re.compile(r"\[[^\]]*\]|[_*].")
_TOKEN = re.compile(r'"([^"]*)"|\\(.)|([0#?])|([-/() +:.,\'])')
_DATE = re.compile(r"[ymdhs]", re.IGNORECASE)
_QUOTED = re.compile(r'"[^"]*"|\\.')
_PLAIN: Final = ("", "general", "@", "0", "#", "?")


def is_plain(code: str) -> bool:
    """Whether a number is shown as it is; or as a date, which the workbook's reader tells."""
    section = _section(code)
    return section.lower() in _PLAIN or bool(_DATE.search(_QUOTED.sub("", section)))


def shown(number: float, code: str) -> str | None:
    """A whole number as the sheet shows it; None where the format does other things."""
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
            # Digits without a place of their own stand before the first.
            end = len(digits) - places + at + 1
            part = digits[(end - 1 if at else 0) : end]
            text += part.replace(" ", "0" if token[3] == "0" else "")
            at += 1
        else:
            text += token[1] if token[1] is not None else token[2] or token[4]
    return text


def _section(code: str) -> str:
    """What counts for a number that is not negative."""
    return _DECORATION.sub("", code.partition(";")[0]).strip()
