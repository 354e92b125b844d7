"""Merge the results of several jobs into one folder, each video once."""

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
        left_out: number of rows that were left out, because another row has the same video.
        notices: sentences about the written files that the user must read.
    """

    counts: Counts
    format_suffixes: Sequence[str]
    left_out: int
    notices: Sequence[str]


@dataclass(frozen=True, slots=True)
class _Facts:
    """Properties of one of the jobs."""

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
        formats: as in `report.report`.
        results: fields of `ResultOptions`. The first job's values are used for all other fields.

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
    known = [_facts(job) for job in dict.fromkeys(jobs)]
    base = _embed_base(known)
    Job(folder).prepare()
    with Store("") as store:
        merged = cast("SqliteConnection", store.connection)  # of a temporary file
        # A job that never sent a request has no account recorded.
        account = next((each.account for each in known if each.account), "")
        for each in known:
            name = Path(each.manifest).name
            with _file_of(each.job) as file:
                add_job(merged, file, each.account or account, name, REASON)
        left_out = keep_each_video_once(merged)
        store.facts.save(
            facts.MANIFEST.of(folder.resolve().name),
            facts.EMBED_BASE.of(base),
            facts.HEADER.of(1),
            facts.RESULT_OPTIONS.of(replace(known[0].options, **results)),
        )
        notices = write_results(folder, store, formats, now=time.time())
        return MergeResult(
            store.reader.counts(), format_suffixes(store, formats), left_out, notices
        )


@contextmanager
def _file_of(job: Job) -> Iterator[Path]:
    """The SQLite file of a job; a temporary copy if PostgreSQL has the job."""
    if not job.database:
        yield job.file
        return
    with TemporaryDirectory() as folder:
        file = Path(folder) / job.file.name
        with Store(job.state, read_only=True) as store, Store(file, create=True) as copy:
            transfer.copy(store.connection, copy.connection)
        yield file


def _facts(job: Job) -> _Facts:
    with Store(job.state, read_only=True) as store:
        get = store.facts.get
        return _Facts(
            job,
            get(facts.MANIFEST),
            get(facts.ACCOUNT),
            get(facts.EMBED_BASE),
            get(facts.RESULT_OPTIONS),
        )


def _embed_base(known: Sequence[_Facts]) -> str:
    """The base URL of the embed pages, which all jobs share."""
    bases = {each.embed_base: each.job for each in known if each.embed_base}
    if len(bases) > 1:
        places = ", ".join(f"{job.folder}: {base}" for base, job in bases.items())
        raise UsageError(
            f"The embed pages of these jobs are at different origins ({places}).",
            "Merge only jobs of one platform.",
        )
    return next(iter(bases), "")
