"""The columns of `failed.csv` that find its job and its rows again, wherever it is taken.

Their cells begin with letters and hold no number alone, so that no spreadsheet turns them into
numbers, dates or formulas; spaces around them, case and quoting do not count. Pure: this file must
not know where jobs are.
"""

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

JOB_COLUMN: Final = "batch-import job"
ROW_COLUMN: Final = "batch-import row"

#: No vowels: no word, no month, no hex.
_LETTERS: Final = "bcdfghjklmnpqrstvwxz"
_LENGTH: Final = 12
_JOB = re.compile(r"\s*(job-[a-z]{12})(?:\s+in\s+(.*?))?\s*", re.IGNORECASE | re.DOTALL)
_ROW = re.compile(r"\s*row-(\d{1,15})\s*", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True, slots=True)
class JobReference:
    """Which job rows belong to.

    Attributes:
        id: of the job; it goes with the job wherever that is moved.
        folder: where the job was, as its user named it.
    """

    id: str
    folder: str = ""

    def __str__(self) -> str:
        return f"{self.id} in {self.folder}" if self.folder else self.id


@dataclass(frozen=True, slots=True)
class OriginColumns:
    """Positions of the two columns in a header, from 0."""

    job: int
    row: int

    def read(self, cells: Sequence[str]) -> tuple[JobReference, int] | None:
        """Read the job and the number of a row; None where the cells do not tell them."""
        job, row = _JOB.fullmatch(cells[self.job]), _ROW.fullmatch(cells[self.row])
        if not job or not row:
            return None
        return JobReference(job[1].lower(), job[2] or ""), int(row[1])


def new_job_id() -> str:
    """An id for a job that no other job has."""
    return "job-" + "".join(secrets.choice(_LETTERS) for _ in range(_LENGTH))


def row_reference(number: int) -> str:
    """The cell that finds a row of a job again."""
    return f"row-{number}"


def origin_columns(header: Sequence[str]) -> OriginColumns | None:
    """Find the two columns; None where the rows are of no job."""
    names = [" ".join(name.split()).casefold() for name in header]
    if JOB_COLUMN in names and ROW_COLUMN in names:
        return OriginColumns(names.index(JOB_COLUMN), names.index(ROW_COLUMN))
    return None
