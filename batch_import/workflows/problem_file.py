"""The CSV file that lists every problem of a manifest. It is written while the manifest is read.

The list of a job is `problems.csv` in its folder. Another file is written in two cases: if the
command does not change the job, and if the file that is read is a corrected `failed.csv`. Line
numbers of a corrected file are not line numbers of the job's manifest.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from batch_import.configuration.request import ImportRequest
from batch_import.errors import RunFault, setting_ref
from batch_import.models import Severity
from batch_import.reports.problems import COLUMNS, ProblemGroup, ProblemWriter, read_problem
from batch_import.reports.writers.csv_writer import csv_file, read_csv
from batch_import.state.location import exists

_NOT_WRITTEN_HINT: Final = (
    "If it is open in another program, close it there; or choose another folder with"
    f" {setting_ref('job')}."
)


def prepare_problem_path(request: ImportRequest, *, is_own_list: bool) -> Path:
    """Return the path of the file of problems. Create the job folder if it does not exist.

    Args:
        is_own_list: whether the file becomes the job's own list, because the command updates the
            job with the whole manifest.

    Raises:
        StateError: the folder cannot be created.
    """
    is_job_list = is_own_list or not _may_have_job(request)
    request.job.prepare()
    return request.job.problems if is_job_list else request.job.problems_of(request.manifest)


def _may_have_job(request: ImportRequest) -> bool:
    """Whether the job of the request exists. True if its database cannot be used."""
    try:
        return exists(request.job)
    except RunFault:  # the command may not need the database
        return True


@contextmanager
def open_problem_file(path: Path) -> Iterator[ProblemWriter]:
    """Open the file of problems. It replaces the previous file when it is complete.

    Raises:
        StateError: the file cannot be written.
    """
    with csv_file(path, COLUMNS, _NOT_WRITTEN_HINT) as write:
        yield ProblemWriter(write)


def drop_errors(path: Path, lines: Collection[int]) -> tuple[list[ProblemGroup], frozenset[int]]:
    """Remove the errors of some rows from the file of problems. Warnings stay.

    Args:
        lines: line numbers of the rows.

    Returns:
        The remaining problems, grouped by code; and the lines whose errors were removed.

    Raises:
        StateError: the file cannot be read or written.
    """
    dropped_lines: set[int] = set()
    with open_problem_file(path) as problems:
        for cells in read_csv(path):
            problem = read_problem(cells)
            if problem.severity is Severity.WARNING or problem.line not in lines:
                problems.add(problem)
            else:
                dropped_lines.add(problem.line)
    return problems.groups(), frozenset(dropped_lines)
