"""Tell what happened: the results table and the files made from it."""

from typing import Final

from batch_import.errors import command_ref

#: What to do where a file of results cannot be written.
HINT: Final = f"All state is saved: fix that (is it open elsewhere?), then: {command_ref('report')}"
