"""Exit codes of commands that end by themselves; those of faults stand with them in `errors`."""

from typing import Final

OK: Final = 0
#: Finished, and not every row is as it should be.
INCOMPLETE: Final = 1
