"""The results of a job: written again from its state, or a row at a time."""

import time
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from batch_import.job import Job
from batch_import.models import Counts
from batch_import.reports.write import FORMATS, keep_options, result_rows, write_results
from batch_import.state.store import Store


def report(
    job: Job, formats: Sequence[str], results: Mapping[str, Any] = MappingProxyType({})
) -> Counts:
    """Write the results again from the state.

    Args:
        formats: `csv`, `xlsx`, `html`.
        results: fields of `ResultOptions`: how the results look from now on.

    Raises:
        StateError: there is no such job, or a file cannot be written.
    """
    with Store(job.state) as store:
        keep_options(store, results)
        running = job.is_running
        write_results(job.folder, store, formats, now=time.time(), running=running)
        return store.reader.counts(running=running)


def refresh(job: Job) -> None:
    """Write all results of a run, in another thread than the run's: its connection is its own."""
    with Store(job.state) as store:
        write_results(job.folder, store, FORMATS, now=time.time())


def rows(job: Job) -> Iterator[dict[str, str]]:
    """The results of a job, a row at a time, as of now.

    Raises:
        StateError: there is no such job.
    """
    with Store(job.state) as store:
        yield from result_rows(store)
