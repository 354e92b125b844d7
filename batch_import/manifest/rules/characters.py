"""Characters that do harm in a field. This file must not know which field."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

#: What stands where a character was lost, in this program or in one before it.
LOST: Final = "\ufffd"
CONTROL: Final = rf"\x00-\x1f\x7f-\x9f{LOST}"
#: Not to be seen, but copied along from web pages and documents: zero width, soft hyphens, marks
#: of direction, fillers, selectors of a character's form.
INVISIBLE: Final = (
    r"\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    r"\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff"
)

_HAS_CONTROL = re.compile(f"[{CONTROL}]")
_BREAKS = re.compile(r"[\r\n\t\v\f\x1c-\x1e\x85]+")


def with_control(column: Sequence[str]) -> Iterator[int]:
    """Which cells of a column hold control characters, line breaks and tabs among them."""
    # A look at all of them at once costs a tenth of a look at each.
    joined = "".join(column)
    if joined.isprintable() and LOST not in joined:
        return
    for at, cell in enumerate(column):
        if _HAS_CONTROL.search(cell):
            yield at


def on_one_line(text: str) -> str:
    """The text with a space for each break; empty where a character is lost all the same."""
    if LOST in text:
        return ""
    parts = (part.strip() for part in _BREAKS.split(text))
    return _HAS_CONTROL.sub("", " ".join(filter(None, parts)))
