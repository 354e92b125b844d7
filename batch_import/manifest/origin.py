"""The two columns of `failed.csv` that identify the job and the row of each line.

`failed.csv` lists the rows of a job that failed. A job is one manifest that is imported into one
account. Users correct the file in a spreadsheet program and import it again; then these columns
lead back to the original job. Their cells, such as `job-bcdfghjklmnp` and `row-7`, start with
letters and contain no bare number, so that no spreadsheet program converts them into numbers, dates
or formulas. Upper case and surrounding spaces, which users may add, are ignored. No I/O. This
module must not know where jobs are.
"""

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

JOB_COLUMN: Final = "batch-import job"
ROW_COLUMN: Final = "batch-import row"

#: Letters of a job ID. There are no vowels, so that no ID is a word, a month or a hex number.
_JOB_ID_LETTERS: Final = "bcdfghjklmnpqrstvwxz"
#: Number of letters of a job ID. There are 20¹² IDs, so that no two jobs get the same one.
_JOB_ID_LENGTH: Final = 12
#: The cell of a job: its ID, and optionally ` in ` and its folder.
_JOB_CELL = re.compile(r"\s*(job-[a-z]{12})(?:\s+in\s+(.*?))?\s*", re.IGNORECASE | re.DOTALL)
_ROW_CELL = re.compile(r"\s*row-(\d{1,15})\s*", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True, slots=True)
class JobReference:
    """The job that rows belong to. As text, it is the cell of the job's column.

    Attributes:
        id: identifier of the job. It stays the same if the job folder is moved.
        folder: path of the job folder when `failed.csv` was written; empty if it is not known.
    """

    id: str
    folder: str = ""

    def __str__(self) -> str:
        return f"{self.id} in {self.folder}" if self.folder else self.id


@dataclass(frozen=True, slots=True)
class OriginColumns:
    """The positions of the two columns in the header, from 0.

    Attributes:
        job: position of the column that identifies the job.
        row: position of the column that identifies the row.
    """

    job: int
    row: int

    def is_empty(self, cells: Sequence[str]) -> bool:
        """Whether both cells of a line are blank, because it is a new row."""
        return not (cells[self.job].strip() or cells[self.row].strip())

    def read(self, cells: Sequence[str]) -> tuple[JobReference, int] | None:
        """Parse the two cells of a line of `failed.csv`.

        Args:
            cells: all cells of the line.

        Returns:
            The job, and the number of the row in it; None if the cells are not valid.
        """
        job = _JOB_CELL.fullmatch(cells[self.job])
        row = _ROW_CELL.fullmatch(cells[self.row])
        if not job or not row:
            return None
        return JobReference(job[1].lower(), job[2] or ""), int(row[1])


def new_job_id() -> str:
    """Create a random job ID."""
    return "job-" + "".join(secrets.choice(_JOB_ID_LETTERS) for _ in range(_JOB_ID_LENGTH))


def row_reference(number: int) -> str:
    """Return the cell that identifies a row of a job by its number."""
    return f"row-{number}"


def origin_columns(header: Sequence[str]) -> OriginColumns | None:
    """Find the two columns in a header; None unless the header has both."""
    names = [" ".join(name.split()).casefold() for name in header]
    if JOB_COLUMN in names and ROW_COLUMN in names:
        return OriginColumns(names.index(JOB_COLUMN), names.index(ROW_COLUMN))
    return None
