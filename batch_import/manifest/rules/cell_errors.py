"""Find error values of spreadsheets, such as `#N/A`, in any column.

This module must not know fields.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final

ERROR_VALUE: Final = re.compile(
    r"#(?:NAME\?|N/A|REF!|VALUE!|DIV/0!|NUM!|NULL!|SPILL!|CALC!|BLOCKED!|CONNECT!|FIELD!|"
    r"GETTING_DATA|UNKNOWN!|BUSY!|####*)"
)


def find_error_values(column: Sequence[str]) -> Iterator[int]:
    """Yield the indexes of the cells that are an error value."""
    if "#" in "".join(column):
        yield from (index for index, cell in enumerate(column) if ERROR_VALUE.fullmatch(cell))
