"""Characters that do harm in a field. This file must not know which field."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

#: What stands where a character was lost, in this program or in one before it.
_LOST: Final = "\ufffd"
CONTROL: Final = rf"\x00-\x1f\x7f-\x9f{_LOST}"
#: Not to be seen, but copied along from web pages and documents.
INVISIBLE: Final = r"\u200b-\u200f\u202a-\u202e\u2060\ufeff"

_HAS_CONTROL = re.compile(f"[{CONTROL}]")


def with_control(column: Sequence[str]) -> Iterator[int]:
    """Which cells of a column hold control characters, line breaks and tabs among them."""
    # A look at all of them at once costs a tenth of a look at each.
    joined = "".join(column)
    if joined.isprintable() and _LOST not in joined:
        return
    for at, cell in enumerate(column):
        if _HAS_CONTROL.search(cell):
            yield at
