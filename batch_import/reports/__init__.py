"""Tell what happened: the results table and the files made from it."""

from typing import Final

#: What to do where a file of results cannot be written.
HINT: Final = "All state is saved: mend that (is it open elsewhere?), then: batch-import report"
