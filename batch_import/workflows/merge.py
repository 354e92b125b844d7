"""Merge the results of several jobs into one folder. Each video is in the merged results once."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, cast

from batch_import.configuration.result_options import ResultOptions
from batch_import.errors import UsageError
from batch_import.job import Job
from batch_import.models import Counts
from batch_import.reports.table import REASON
from batch_import.reports.write import format_suffixes, write_results
from batch_import.state import facts, transfer
from batch_import.state.merge import add_job, keep_each_video_once
from batch_import.state.store import Store

if TYPE_CHECKING:
    from batch_import.state.sqlite import SqliteConnection


@dataclass(frozen=True, slots=True)
class MergeResult:
    """What was merged.

    Attributes:
        counts: number of merged rows per status.
        format_suffixes: file name suffixes of the written files: `csv`, `cms.json`.
        omitted_count: number of rows that were left out, because another row has the same video.
        notices: sentences about the written files that the user must read.
    """

    counts: Counts
    format_suffixes: Sequence[str]
    omitted_count: int
    notices: Sequence[str]


@dataclass(frozen=True, slots=True)
class _JobFacts:
    """Properties of one of the jobs to merge.

    Attributes:
        manifest: path of the manifest.
        account: ID of the account; empty if the job has never sent a request.
        embed_base: base URL of the embed pages; empty if the job has never sent a request.
        options: settings of the job's results.
    """

    job: Job
    manifest: str
    account: str
    embed_base: str
    options: ResultOptions


def merge(
    jobs: Sequence[Job],
    folder: Path,
    formats: Sequence[str],
    results: Mapping[str, Any] = MappingProxyType({}),
) -> MergeResult:
    """Write the results of several jobs into a folder, and replace the results there.

    Columns that people added to the workbook in that folder are kept. The jobs are not changed.

    Args:
        folder: folder of the merged results.
        formats: as in `report.report`.
        results: fields of `ResultOptions`, by name. All other fields are those of the first job.

    Raises:
        UsageError: the folder is a job folder, or the jobs are of different platforms.
        StateError: a job cannot be read, or a file cannot be written.
    """
    if Job(folder).file.exists():
        raise UsageError(
            f"{folder} is a job folder, which has results of its own.",
            "Name another folder.",
            setting="output",
        )
    all_facts = [_read_facts(job) for job in dict.fromkeys(jobs)]
    embed_base = _common_embed_base(all_facts)
    Job(folder).prepare()
    with Store("") as store:
        merged = cast("SqliteConnection", store.connection)  # of a temporary file
        accounts = [job_facts.account for job_facts in all_facts if job_facts.account]
        default_account = accounts[0] if accounts else ""
        for job_facts in all_facts:
            name = Path(job_facts.manifest).name
            with _sqlite_file(job_facts.job) as file:
                add_job(merged, file, job_facts.account or default_account, name, REASON)
        omitted_count = keep_each_video_once(merged)
        store.facts.save(
            facts.MANIFEST.of(folder.resolve().name),
            facts.EMBED_BASE.of(embed_base),
            facts.HEADER.of(1),
            facts.RESULT_OPTIONS.of(replace(all_facts[0].options, **results)),
        )
        notices = write_results(folder, store, formats, now=time.time())
        return MergeResult(
            store.reader.counts(), format_suffixes(store, formats), omitted_count, notices
        )


@contextmanager
def _sqlite_file(job: Job) -> Iterator[Path]:
    """Yield the SQLite file of a job; a temporary copy if the job is in PostgreSQL."""
    if not job.database:
        yield job.file
        return
    with TemporaryDirectory() as folder:
        file = Path(folder) / job.file.name
        with Store(job.state, read_only=True) as store, Store(file, create=True) as copy:
            transfer.copy(store.connection, copy.connection)
        yield file


def _read_facts(job: Job) -> _JobFacts:
    with Store(job.state, read_only=True) as store:
        get = store.facts.get
        return _JobFacts(
            job,
            get(facts.MANIFEST),
            get(facts.ACCOUNT),
            get(facts.EMBED_BASE),
            get(facts.RESULT_OPTIONS),
        )


def _common_embed_base(all_facts: Sequence[_JobFacts]) -> str:
    """Returns the base URL of the embed pages; empty if no job has sent a request.

    Raises:
        UsageError: the jobs have different base URLs.
    """
    jobs_by_base = {each.embed_base: each.job for each in all_facts if each.embed_base}
    if len(jobs_by_base) > 1:
        bases = ", ".join(f"{job.folder}: {base}" for base, job in jobs_by_base.items())
        raise UsageError(
            f"The embed pages of these jobs have different base URLs ({bases}).",
            "Merge only jobs of one platform.",
        )
    return next(iter(jobs_by_base), "")
