"""Find the job whose failed rows the user has copied into a new manifest.

`failed.csv` has two columns that identify the job and the row. A file with these columns belongs to
that job (`original_job.py`). If the user copies rows without these columns, the new manifest is a
new job, which the user may not expect.
"""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from batch_import.errors import StateError
from batch_import.job import Job
from batch_import.state import facts
from batch_import.state.location import other_jobs
from batch_import.state.row_identifiers import RowIdentifiers, all_rows, rows_to_fix
from batch_import.state.store import Store

#: Minimum fraction of the rows of a new job that are failed or invalid in another job. A manifest
#: of copied rows has only such rows; any other manifest has few of them by chance.
_MIN_FRACTION: Final = 0.5
#: Maximum number of rows of a new job that is compared with other jobs. People do not copy more
#: rows by hand.
_MAX_ROWS: Final = 10_000


@dataclass(frozen=True, slots=True)
class CopiedRows:
    """Rows of a new job that are failed or invalid in another job.

    Attributes:
        original: the other job.
        manifest: path of the manifest of the other job.
        count: number of these rows.
        row_count: number of all rows of the new job.
    """

    original: Job
    manifest: Path
    count: int
    row_count: int


def find_copied_rows(store: Store, job: Job) -> CopiedRows | None:
    """Find a job in the same parent folder in which most rows of a new job are failed or invalid.

    The jobs of a PostgreSQL database are not compared, because there may be thousands.

    Args:
        store: database of the new job, or a copy of it.

    Returns:
        None if the job has sent rows before, or if there is no such other job.
    """
    counts = store.reader.counts()
    is_new = counts.pending + counts.invalid == counts.total
    if job.database or not is_new or counts.total > _MAX_ROWS:
        return None
    rows = list(all_rows(store.connection))
    for other_job in other_jobs(job, {}):
        # If the other job cannot be read, the run continues without the comparison.
        with suppress(StateError), Store(other_job.state, read_only=True) as other_store:
            count = count_pairs(rows, rows_to_fix(other_store.connection))
            if count and count >= _MIN_FRACTION * len(rows):
                manifest = Path(other_store.facts.get(facts.MANIFEST))
                return CopiedRows(other_job, manifest, count, len(rows))
    return None


def count_pairs(rows: Sequence[RowIdentifiers], rows_to_fix: Iterable[RowIdentifiers]) -> int:
    """Count rows of a new job that are rows to fix of another job.

    Two rows are similar if they have the same URL, reference ID or title. Several rows can have the
    same title. Therefore the rows with a similar row are counted in both jobs, and the smaller of
    the two numbers is returned.
    """
    #: Identifier → indexes of the rows of the new job that have it.
    indexes: dict[tuple[int, str], list[int]] = {}
    for index, row in enumerate(rows):
        for identifier in _identifiers(row):
            indexes.setdefault(identifier, []).append(index)
    similar_rows: set[int] = set()
    similar_count = 0
    for row in rows_to_fix:
        found = [index for key in _identifiers(row) for index in indexes.get(key, ())]
        similar_count += bool(found)
        similar_rows.update(found)
    return min(similar_count, len(similar_rows))


def _identifiers(row: RowIdentifiers) -> list[tuple[int, str]]:
    """Returns the identifiers of a row that are not empty, each with its index in the tuple.

    With the index, a title is not compared with a reference ID.
    """
    return [(index, text) for index, text in enumerate(row) if text]
