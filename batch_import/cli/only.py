"""`--only`: rows as a person names them → lines and reference IDs.

    2,5-9       lines of the manifest
    @rows.txt   a file with one of the others a line
    id:42       a reference ID, whatever it looks like
    hr-welcome  anything else is a reference ID, too; with commas in it, if there are some

This file must not know which rows there are.
"""

import argparse
import re
from pathlib import Path
from typing import Final

from batch_import.models import LineRange

_LINES: Final = re.compile(r"\s*\d+\s*(-\s*\d+\s*)?(,\s*\d+\s*(-\s*\d+\s*)?)*")
_FILE, _REFERENCE = "@", "id:"


def only(text: str) -> list[LineRange | str]:
    """Read what one `--only` was given.

    Raises:
        argparse.ArgumentTypeError: it names nothing, or a file that cannot be read.
    """
    if not text.startswith(_FILE):
        return _named(text)
    try:
        lines = Path(text[1:]).read_text(encoding="utf-8-sig").splitlines()
    except (OSError, ValueError) as error:
        said = getattr(error, "strerror", None) or "it is not UTF-8"
        raise argparse.ArgumentTypeError(
            f"{text[1:]} cannot be read: {said}; a reference ID that begins with @ is id:{text}"
        ) from None
    found = [which for line in lines if line.strip() for which in _named(line)]
    if not found:
        raise argparse.ArgumentTypeError(f"{text[1:]} names no row")
    return found


def _named(text: str) -> list[LineRange | str]:
    if _LINES.fullmatch(text):
        return [_range(part) for part in text.split(",")]
    name = text.strip().removeprefix(_REFERENCE).strip()
    if not name:
        raise argparse.ArgumentTypeError(f"{text!r} names no row")
    return [name]


def _range(text: str) -> LineRange:
    first, _, last = text.partition("-")
    lines = LineRange(int(first), int(last or first))
    # SQLite's numbers end there; no file has so many lines.
    if not 0 < lines.first <= lines.last < 2**63:
        raise argparse.ArgumentTypeError(
            f"{text.strip()!r} is no range of lines; a reference ID is id:{text.strip()}"
        )
    return lines
