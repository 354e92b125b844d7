"""Read the status of a job, of one row, or of all jobs in a folder.

The job database is only read, which works during a run too. This module must not know how a status
is shown, nor how a run works.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from batch_import.errors import StateError, UsageError, find_similar
from batch_import.job import Job
from batch_import.models import Counts, ResultRow, StatusChange
from batch_import.reports.labels import advice
from batch_import.reports.shown_status import rows_needing_attention, with_shown_status
from batch_import.reports.summary import AttentionGroup, attention_groups
from batch_import.state import facts
from batch_import.state.location import catalog, is_running, jobs_in
from batch_import.state.reader import InFlightRow
from batch_import.state.store import Store

if TYPE_CHECKING:
    from batch_import.state.submissions import ListedJob

#: How many reference IDs before and after a mistyped one are compared with it for a suggestion.
_NEIGHBOURS: Final = 2000
_LINE: Final = re.compile(r"[0-9]{1,15}")


@dataclass(frozen=True, slots=True)
class JobStatus:
    """The status of a job. Times are in epoch seconds.

    Attributes:
        manifest: path of the manifest that was loaded last.
        counts: number of rows per status.
        running: a run is in progress.
        began, changed: time of the first and of the last event; None if there was none.
        oldest: the row that has been in flight for the longest time; None if no row is in flight.
        attention_groups: rows that need attention, grouped by reason, the most frequent first.
        ignored_edits: rows that were edited in the manifest after they were sent.
    """

    manifest: str
    counts: Counts
    running: bool
    began: float | None
    changed: float | None
    oldest: InFlightRow | None
    attention_groups: tuple[AttentionGroup, ...]
    ignored_edits: facts.IgnoredEdits = facts.NO_EDITS


@dataclass(frozen=True, slots=True)
class RowHistory:
    """One row with its history.

    Attributes:
        record: the current values of the row.
        events: status changes of the row, the earliest first.
        embed_url: URL of the page that plays the video; empty if the video is not online.
        advice: what the user has to do; empty if nothing is to be done.
    """

    record: ResultRow
    events: tuple[StatusChange, ...]
    embed_url: str
    advice: str


@dataclass(frozen=True, slots=True)
class JobSummary:
    """One job in a list of jobs.

    Attributes:
        folder: of the job.
        manifest: path of the manifest that was loaded last.
        counts: number of rows per status.
        running: a run is in progress.
        changed: epoch seconds of the last event; None if there was none.
        fault: why the job cannot be read; empty if it can.
        account: the name that the job was submitted with; empty if it was not submitted.
        status: of the job in the queue; `manual` if it was not submitted.
        machine: host name of the machine that runs it, if it was submitted.
        rate: API requests per second of its run; 0 if none is in progress.
        eta: seconds until its run has nothing more to do; None if that is not known.
        reason: why its last run ended with rows left; empty if it did not.
        causes: why rows need attention, and how many, if it was submitted.
    """

    folder: Path
    manifest: str = ""
    counts: Counts = field(default_factory=Counts)
    running: bool = False
    changed: float | None = None
    fault: str = ""
    account: str = ""
    status: str = "manual"
    machine: str = ""
    rate: float = 0.0
    eta: float | None = None
    reason: str = ""
    causes: tuple[tuple[str, int], ...] = ()


def counts(job: Job) -> Counts:
    """Count the rows per status.

    Raises:
        StateError: there is no such job.
    """
    with Store(job.state) as store:
        return store.reader.counts(is_running=is_running(job))


def adopted_count(job: Job) -> int:
    """Count the rows whose video was in the account already and was used.

    Raises:
        StateError: there is no such job.
    """
    with Store(job.state) as store:
        return store.reader.adopted_count()


def ids_taken_count(job: Job) -> int:
    """Count the failed rows whose reference ID another media of the account has.

    Raises:
        StateError: there is no such job.
    """
    with Store(job.state) as store:
        return store.reader.ids_taken_count()


def read_job_status(job: Job) -> JobStatus:
    """Read the status of a job.

    Raises:
        StateError: there is no such job, or its database cannot be read.
    """
    running = is_running(job)
    with Store(job.state, read_only=True) as store, store.snapshot():
        began, changed = store.reader.event_span() or (None, None)
        return JobStatus(
            store.facts.get(facts.MANIFEST),
            store.reader.counts(is_running=running),
            running,
            began,
            changed,
            store.reader.oldest_in_flight(),
            tuple(attention_groups(rows_needing_attention(store.reader, running=running))),
            store.facts.get(facts.IGNORED_EDITS),
        )


def read_row_history(job: Job, wanted: str) -> RowHistory:
    """Read one row with its history.

    Args:
        wanted: the row's line number in the manifest, or its reference ID. The prefix `line:` or
            `id:` says which of the two it is.

    Raises:
        StateError: there is no such job, or its database cannot be read.
        UsageError: no row matches, or two rows do.
    """
    from batch_import.reports.write import job_embedding

    with Store(job.state, read_only=True) as store, store.snapshot():
        number, record = _row(store, wanted)
        (record,) = with_shown_status([record], running=is_running(job))
        return RowHistory(
            record,
            tuple(store.reader.events(number)),
            job_embedding(store).url(record),
            advice(record.status, record.codes, record.error),
        )


def jobs(folder: Path, database: str = "") -> list[JobSummary]:
    """Read the status of all jobs below a folder. A job that cannot be read is listed with a fault.

    A job whose first run ended before its manifest was loaded has nothing to show, and is left out.

    Args:
        database: URL of the database whose jobs are listed instead.

    Raises:
        UsageError: there is no such folder.
        StateError: the database cannot be used.
    """
    if not database and not folder.is_dir():
        raise UsageError(f"There is no folder {folder}.", "Name the one that holds job folders.")
    if database and (submitted := _submitted_jobs(folder, database)) is not None:
        return submitted
    listed = (_listed(job) for job in jobs_in(folder, database))
    return [job for job in listed if job.manifest or job.running or job.fault]


def _submitted_jobs(folder: Path, database: str) -> list[JobSummary] | None:
    """All jobs of a database that has a queue, those without a submission too; otherwise None."""
    session = catalog().session
    from batch_import.state import submissions

    with session(database) as db:
        if not submissions.is_prepared(db):
            return None
        listed = submissions.overview(db)
    return [_submitted(each, folder, database) for each in listed]


def _submitted(listed: "ListedJob", folder: Path, database: str) -> JobSummary:
    job = Job(folder / listed.name, database)
    if listed.snapshot is None:
        return _listed(job)
    running = bool(listed.machine)
    return JobSummary(
        job.folder,
        listed.manifest,
        listed.snapshot.counts,
        running,
        listed.changed,
        account=listed.account,
        status=str(listed.status),
        machine=listed.machine,
        rate=listed.snapshot.rate if running else 0.0,
        eta=listed.snapshot.eta if running else None,
        reason=listed.reason,
        causes=listed.snapshot.causes,
    )


def _listed(job: Job) -> JobSummary:
    running = False
    try:
        running = is_running(job)
        with Store(job.state, read_only=True) as store, store.snapshot():
            _, changed = store.reader.event_span() or (None, None)
            manifest = store.facts.get(facts.MANIFEST)
            return JobSummary(
                job.folder, manifest, store.reader.counts(is_running=running), running, changed
            )
    except StateError as fault:
        return JobSummary(job.folder, running=running, fault=str(fault))


def _row(store: Store, wanted: str) -> tuple[int, ResultRow]:
    kind, colon, rest = wanted.partition(":")
    if colon and kind == "line":
        return _found(store, wanted, [_on_line(store, rest)])
    if colon and kind == "id":
        return _found(store, rest, [store.reader.find_by_reference(rest)])
    return _found(store, wanted, [store.reader.find_by_reference(wanted), _on_line(store, wanted)])


def _on_line(store: Store, text: str) -> tuple[int, ResultRow] | None:
    return store.reader.find_by_line(int(text)) if _LINE.fullmatch(text) else None


def _found(
    store: Store, wanted: str, candidates: list[tuple[int, ResultRow] | None]
) -> tuple[int, ResultRow]:
    rows = dict(filter(None, candidates))
    if len(rows) > 1:
        raise UsageError(
            f"{wanted} is the reference ID of one row and the line of another.",
            f"Say which: id:{wanted} or line:{wanted}.",
        )
    for number, record in rows.items():
        return number, record
    raise UsageError(
        f"The job has no row {wanted!r}.", _hint(store.reader.reference_ids_near, wanted)
    )


def _hint(near: Callable[[str, int], list[str]], wanted: str) -> str:
    """Suggest the most similar reference ID, if there is one."""
    if similar := find_similar(wanted, near(wanted, _NEIGHBOURS)):
        return f"Did you mean the reference ID {similar!r}?"
    return "Name a row by its line in the manifest, or by its reference ID."
