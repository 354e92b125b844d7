"""Write the results of a job from its database, or yield them row by row."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from batch_import.job import Job
from batch_import.models import Counts
from batch_import.reports.write import (
    format_suffixes,
    result_rows,
    save_result_options,
    write_results,
)
from batch_import.state.location import is_running
from batch_import.state.store import Store


@dataclass(frozen=True, slots=True)
class ReportResult:
    """The results that were written.

    Attributes:
        counts: number of the job's rows per status.
        format_suffixes: file name suffixes of the written files: `csv`, `cms.json`.
        notices: sentences about the written files that the user must read.
    """

    counts: Counts
    format_suffixes: Sequence[str]
    notices: Sequence[str]


def report(
    job: Job, formats: Sequence[str], results: Mapping[str, Any] = MappingProxyType({})
) -> ReportResult:
    """Write the results of a job.

    Args:
        formats: some of `csv`, `xlsx`, `html`, `cms`.
        results: fields of `ResultOptions` to change, by name. They are stored, and later results
            use them too.

    Raises:
        StateError: there is no such job, or a file cannot be written.
    """
    with Store(job.state) as store:
        job.prepare()  # creates the job folder, if another machine ran the job
        save_result_options(store, results)
        running = is_running(job)
        notices = write_results(job.folder, store, formats, now=time.time(), is_running=running)
        counts = store.reader.counts(is_running=running)
        return ReportResult(counts, format_suffixes(store, formats), notices)


def write_interim_results(job: Job) -> Sequence[str]:
    """Write the results during a run, through a separate database connection.

    Returns:
        Sentences about the written files that the user must read.
    """
    with Store(job.state) as store:
        return write_results(job.folder, store, now=time.time(), is_running=True)


def read_results(job: Job) -> Iterator[dict[str, str]]:
    """Yield the current results of a job, one row at a time.

    Raises:
        StateError: there is no such job.
    """
    with Store(job.state) as store:
        yield from result_rows(store)
