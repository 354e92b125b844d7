"""Names of sheets that a workbook allows. No I/O."""

import itertools
import re
from collections.abc import Iterable
from typing import Final

#: Excel's limit.
_MAX_LENGTH: Final = 31
_FORBIDDEN: Final = re.compile(r"[\[\]:*?/\\\x00-\x1f]")
#: Excel uses this name itself.
_RESERVED_NAME: Final = "history"


class SheetNames:
    """Returns names that no other sheet has.

    Args:
        taken: names of the existing sheets.
    """

    def __init__(self, taken: Iterable[str]) -> None:
        self._taken = {_RESERVED_NAME, *(name.lower() for name in taken)}

    def unused_name(self, wanted: str) -> str:
        """Returns an allowed and unused name that is similar to a text."""
        stem = _FORBIDDEN.sub(" ", wanted).strip("' ")[:_MAX_LENGTH].strip("' ") or "Sheet"
        name = stem
        for count in itertools.count(2):
            if name.lower() not in self._taken:
                break
            end = f" ({count})"
            name = f"{stem[: _MAX_LENGTH - len(end)]}{end}"
        self._taken.add(name.lower())
        return name
