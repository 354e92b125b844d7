"""Exit codes of commands that end without an error. `errors.py` has the exit codes of errors."""

from typing import Final

#: Every row is imported, except the excluded; with `--limit`, `--first` or `--only`: every selected
#: row. `check`: no row has an error. `verify`: every row is as expected.
OK: Final = 0
#: The command finished, but some of these rows are not imported. `check`: a row has an error.
#: `verify`: a row is not as expected.
INCOMPLETE: Final = 1
