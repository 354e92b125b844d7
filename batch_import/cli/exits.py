"""Exit codes of commands that end by themselves; those of faults are in `errors`."""

from typing import Final

OK: Final = 0
#: Finished, and not every row is imported, or as expected.
INCOMPLETE: Final = 1
