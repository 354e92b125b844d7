"""The results of a job: written again from its state, or a row at a time."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from batch_import.job import Job
from batch_import.models import Counts
from batch_import.reports.write import keep_options, result_rows, write_results
from batch_import.state.store import Store


@dataclass(frozen=True, slots=True)
class Written:
    """What was written.

    Attributes:
        counts: the job's rows by status.
        notices: what a person has to know of the files: sentences.
    """

    counts: Counts
    notices: Sequence[str]


def report(
    job: Job, formats: Sequence[str], results: Mapping[str, Any] = MappingProxyType({})
) -> Written:
    """Write the results again from the state.

    Args:
        formats: `csv`, `xlsx`, `html`, `cms`.
        results: fields of `ResultOptions`: how the results look from now on.

    Raises:
        StateError: there is no such job, or a file cannot be written.
    """
    with Store(job.state) as store:
        keep_options(store, results)
        running = job.is_running
        notices = write_results(job.folder, store, formats, now=time.time(), running=running)
        return Written(store.reader.counts(running=running), notices)


def refresh(job: Job) -> Sequence[str]:
    """Write all results of a run, in another thread than the run's: its connection is its own.

    Returns what a person has to know of them.
    """
    with Store(job.state) as store:
        return write_results(job.folder, store, now=time.time(), running=True)


def rows(job: Job) -> Iterator[dict[str, str]]:
    """The results of a job, a row at a time, as of now.

    Raises:
        StateError: there is no such job.
    """
    with Store(job.state) as store:
        yield from result_rows(store)
