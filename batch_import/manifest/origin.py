"""The two columns of `failed.csv` that identify the job and the row of each line.

The cells start with letters and contain no bare number, so that no spreadsheet converts them into
numbers, dates or formulas. Surrounding spaces, case and quotes are ignored. No I/O. This module
must not know where jobs are.
"""

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

JOB_COLUMN: Final = "batch-import job"
ROW_COLUMN: Final = "batch-import row"

#: Letters of a job ID. There are no vowels, so that it is no word, no month and no hex number.
_LETTERS: Final = "bcdfghjklmnpqrstvwxz"
_LENGTH: Final = 12
_JOB = re.compile(r"\s*(job-[a-z]{12})(?:\s+in\s+(.*?))?\s*", re.IGNORECASE | re.DOTALL)
_ROW = re.compile(r"\s*row-(\d{1,15})\s*", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True, slots=True)
class JobReference:
    """The job that rows belong to.

    Attributes:
        id: identifier of the job. It stays the same if the job folder is moved.
        folder: path of the job folder when `failed.csv` was written.
    """

    id: str
    folder: str = ""

    def __str__(self) -> str:
        return f"{self.id} in {self.folder}" if self.folder else self.id


@dataclass(frozen=True, slots=True)
class OriginColumns:
    """Positions of the two columns in the header, from 0."""

    job: int
    row: int

    def read(self, cells: Sequence[str]) -> tuple[JobReference, int] | None:
        """Parse the job and the row number of a row; None if the cells are not valid."""
        job, row = _JOB.fullmatch(cells[self.job]), _ROW.fullmatch(cells[self.row])
        if not job or not row:
            return None
        return JobReference(job[1].lower(), job[2] or ""), int(row[1])


def new_job_id() -> str:
    """Create a unique job ID."""
    return "job-" + "".join(secrets.choice(_LETTERS) for _ in range(_LENGTH))


def row_reference(number: int) -> str:
    """The cell that identifies a row of a job."""
    return f"row-{number}"


def origin_columns(header: Sequence[str]) -> OriginColumns | None:
    """Find the two columns in a header; None if it has none."""
    names = [" ".join(name.split()).casefold() for name in header]
    if JOB_COLUMN in names and ROW_COLUMN in names:
        return OriginColumns(names.index(JOB_COLUMN), names.index(ROW_COLUMN))
    return None
