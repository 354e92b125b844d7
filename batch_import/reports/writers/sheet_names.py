"""Names of sheets, as a workbook allows them. Pure."""

import itertools
import re
from collections.abc import Iterable
from typing import Final

#: Excel's limit.
_LONGEST: Final = 31
_FORBIDDEN: Final = re.compile(r"[\[\]:*?/\\\x00-\x1f]")
#: Excel keeps this one for itself.
_RESERVED: Final = "history"


class SheetNames:
    """Hands out names that no other sheet has.

    Args:
        taken: names of sheets that there are.
    """

    def __init__(self, taken: Iterable[str]) -> None:
        self._taken = {_RESERVED, *(name.lower() for name in taken)}

    def free(self, wanted: str) -> str:
        """The name that is nearest to a text."""
        stem = _FORBIDDEN.sub(" ", wanted).strip("' ")[:_LONGEST].strip("' ") or "Sheet"
        name = stem
        for count in itertools.count(2):
            if name.lower() not in self._taken:
                break
            end = f" ({count})"
            name = f"{stem[: _LONGEST - len(end)]}{end}"
        self._taken.add(name.lower())
        return name
