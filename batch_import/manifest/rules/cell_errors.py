"""What spreadsheets show where a formula failed. This file must not know which field."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

ERROR: Final = re.compile(
    r"#(?:NAME\?|N/A|REF!|VALUE!|DIV/0!|NUM!|NULL!|SPILL!|CALC!|BLOCKED!|CONNECT!|FIELD!|"
    r"GETTING_DATA|UNKNOWN!|BUSY!|####*)"
)


def with_error(column: Sequence[str]) -> Iterator[int]:
    """Which cells of a column are nothing but an error."""
    if "#" in "".join(column):
        yield from (at for at, cell in enumerate(column) if ERROR.fullmatch(cell))
