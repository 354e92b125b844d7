"""Exit codes of commands that end by themselves; those of faults are in `errors`."""

from typing import Final

#: Every row is imported; with `--limit` or `--only`, every chosen row. `check` found no error;
#: `verify` found every row as expected.
OK: Final = 0
#: The command finished, and some rows are not imported; for `check`, a row has an error; for
#: `verify`, a row is not as expected.
INCOMPLETE: Final = 1
