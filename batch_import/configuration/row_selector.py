"""Parse the values of `--only` and `--exclude`, which select rows.

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

#: Line numbers and ranges of them, such as `2, 5-9`.
_LINES: Final = re.compile(r"\s*\d+\s*(-\s*\d+\s*)?(,\s*\d+\s*(-\s*\d+\s*)?)*")
_FILE_PREFIX: Final = "@"
_REFERENCE_PREFIX: Final = "id:"
#: Maximum line number: the largest integer that SQLite can store.
_MAX_LINE: Final = 2**63 - 1


def parse_selector(text: str) -> list[LineRange | str]:
    """Parse one selector.

    Returns:
        Ranges of line numbers, and reference IDs; never empty.

    Raises:
        ValueError: the text or the file that it names selects no row, or the file cannot be read.
            The message can be shown to the user.
    """
    if not text.startswith(_FILE_PREFIX):
        return _parse_line(text)
    try:
        lines = Path(text[1:]).read_text(encoding="utf-8-sig").splitlines()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8"
        raise ValueError(
            f"{text!r} cannot be read: {reason};"
            f" write a reference ID that begins with @ as id:{text}"
        ) from None
    selected: list[LineRange | str] = []
    for line in lines:
        if line.strip():
            selected += _parse_line(line)
    if not selected:
        raise ValueError(f"{text!r} names no row")
    return selected


def _parse_line(text: str) -> list[LineRange | str]:
    """Parse a selector that is not a file: line numbers, or one reference ID."""
    if _LINES.fullmatch(text):
        return [_parse_range(part) for part in text.split(",")]
    reference_id = text.strip().removeprefix(_REFERENCE_PREFIX).strip()
    if not reference_id:
        raise ValueError(f"{text!r} names no row")
    return [reference_id]


def _parse_range(text: str) -> LineRange:
    first, _, last = text.partition("-")
    lines = LineRange(int(first), int(last or first))
    if not 0 < lines.first <= lines.last <= _MAX_LINE:
        raise ValueError(
            f"{text.strip()!r} is not a range of lines; write a reference ID as id:{text.strip()}"
        )
    return lines
