"""Find error values of spreadsheets, such as `#N/A`. This module must not know fields."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

ERROR: Final = re.compile(
    r"#(?:NAME\?|N/A|REF!|VALUE!|DIV/0!|NUM!|NULL!|SPILL!|CALC!|BLOCKED!|CONNECT!|FIELD!|"
    r"GETTING_DATA|UNKNOWN!|BUSY!|####*)"
)


def with_error(column: Sequence[str]) -> Iterator[int]:
    """The indexes of cells that are an error value."""
    if "#" in "".join(column):
        yield from (at for at, cell in enumerate(column) if ERROR.fullmatch(cell))
