"""Chooses names of sheets that a workbook allows. No I/O."""

import itertools
import re
from collections.abc import Iterable
from typing import Final

#: Excel's maximum number of characters in the name of a sheet.
_MAX_LENGTH: Final = 31
_FORBIDDEN: Final = re.compile(r"[\[\]:*?/\\\x00-\x1f]")
#: Excel reserves this name for its own use.
_RESERVED_NAME: Final = "history"


class SheetNames:
    """Returns names for new sheets of a workbook. Each name is returned once, in any letter case.

    Args:
        existing_names: names of the existing sheets.
    """

    def __init__(self, existing_names: Iterable[str]) -> None:
        self._used_names = {_RESERVED_NAME, *(name.lower() for name in existing_names)}

    def unused_name(self, text: str) -> str:
        """Returns an allowed and unused name that is similar to a text."""
        base_name = _FORBIDDEN.sub(" ", text).strip("' ")[:_MAX_LENGTH].strip("' ") or "Sheet"
        name = base_name
        for count in itertools.count(2):
            if name.lower() not in self._used_names:
                break
            suffix = f" ({count})"
            name = f"{base_name[: _MAX_LENGTH - len(suffix)]}{suffix}"
        self._used_names.add(name.lower())
        return name
