"""Parse the values of `--only`, which select rows.

    2,5-9       line numbers of the manifest
    @rows.txt   a file with one selector per line
    id:42       a reference ID, even if it looks like a line number
    hr-welcome  any other text is a reference ID, and may contain commas

This module must not know which rows exist.
"""

import re
from pathlib import Path
from typing import Final

from batch_import.models import LineRange

_LINES: Final = re.compile(r"\s*\d+\s*(-\s*\d+\s*)?(,\s*\d+\s*(-\s*\d+\s*)?)*")
_FILE, _REFERENCE = "@", "id:"


def parse_selector(text: str) -> list[LineRange | str]:
    """Parse one selector.

    Raises:
        ValueError: it is empty, or it names a file that cannot be read. The message can be shown to
            the user.
    """
    if not text.startswith(_FILE):
        return _named(text)
    try:
        lines = Path(text[1:]).read_text(encoding="utf-8-sig").splitlines()
    except (OSError, ValueError) as error:
        said = getattr(error, "strerror", None) or "it is not UTF-8"
        raise ValueError(
            f"{text!r} cannot be read: {said}; write a reference ID that begins with @ as id:{text}"
        ) from None
    found = [which for line in lines if line.strip() for which in _named(line)]
    if not found:
        raise ValueError(f"{text!r} names no row")
    return found


def _named(text: str) -> list[LineRange | str]:
    if _LINES.fullmatch(text):
        return [_range(part) for part in text.split(",")]
    name = text.strip().removeprefix(_REFERENCE).strip()
    if not name:
        raise ValueError(f"{text!r} names no row")
    return [name]


def _range(text: str) -> LineRange:
    first, _, last = text.partition("-")
    lines = LineRange(int(first), int(last or first))
    # The largest integer of SQLite. No file has so many lines.
    if not 0 < lines.first <= lines.last < 2**63:
        raise ValueError(
            f"{text.strip()!r} is not a range of lines; write a reference ID as id:{text.strip()}"
        )
    return lines
