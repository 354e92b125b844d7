"""Writes the results of a job: one table with a line per row, and the files with this table."""

from typing import Final

from batch_import.errors import command_ref

#: What to do if a result file cannot be written.
WRITE_HINT: Final = (
    f"All state is saved: fix that (is the file open elsewhere?), then: {command_ref('report')}"
)
