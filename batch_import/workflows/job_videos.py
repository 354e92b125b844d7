"""Compare the rows of a corrected `failed.csv` with the other rows of their job.

A row can be in `failed.csv` because another row of the job has its reference ID. Both rows may be
the same video. If the user only changes the ID, this video is imported a second time. Rows of the
same file are compared with each other elsewhere, when they are validated.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

from batch_import.errors import StateError
from batch_import.job import Job
from batch_import.manifest.origin import OriginColumns
from batch_import.manifest.rows import Rows
from batch_import.models import Problem, Severity
from batch_import.state import facts
from batch_import.state.sent_rows import rows_with_urls
from batch_import.state.store import Store


@contextmanager
def open_job(job: Job, origin: OriginColumns | None) -> Iterator[Store | None]:
    """Open the job of a corrected `failed.csv` to read it.

    The context's value is None for any other manifest, and if the job cannot be read.
    """
    with ExitStack() as stack:
        store = None
        if origin:
            with suppress(StateError):
                store = stack.enter_context(Store(job.state, read_only=True))
        yield store


def same_video_problems(
    store: Store, rows: Rows, origin: OriginColumns, column: str
) -> Iterator[Problem]:
    """Yield a warning for each valid row whose URL another row of the job has.

    Args:
        store: the job database.
        rows: rows of the corrected file.
        origin: the columns that identify the job and the row.
        column: name of the column with the source URLs.
    """
    job_id = store.facts.get(facts.JOB_ID)
    valid = [row for row in rows if not row.error and row.stripped_address]
    rows_by_url = rows_with_urls(store.connection, [row.stripped_address for row in valid])
    for row in valid:
        job_and_row = origin.read(row.cells)
        # The number of this row in the job; None if the user added the line.
        number = job_and_row[1] if job_and_row and job_and_row[0].id == job_id else None
        others = rows_by_url.get(row.stripped_address, ())
        other_line = next((line for other, line in others if other != number), None)
        if other_line is not None:
            yield Problem(
                row.line,
                column,
                "duplicate-video",
                f"the source URL is that of line {other_line} of the job; signatures do not count",
                row.source_url,
                "Delete this row, unless the video is wanted twice.",
                Severity.WARNING,
                reference_id=row.reference_id,
                filename=row.filename,
            )
