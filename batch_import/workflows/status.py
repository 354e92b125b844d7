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
from batch_import.state.exclusions import NOTHING_EXCLUDED, ExcludedRows
from batch_import.state.location import catalog, is_running, jobs_in
from batch_import.state.reader import InFlightRow
from batch_import.state.store import Store

if TYPE_CHECKING:
    from batch_import.state.submissions import ListedJob

#: Number of reference IDs before and after a mistyped ID, in alphabetical order, that are compared
#: with this ID for a suggestion.
_COMPARED_IDS: Final = 2000
#: A line number. More digits would be no line number of a real file.
_LINE: Final = re.compile(r"[0-9]{1,15}")


@dataclass(frozen=True, slots=True)
class JobStatus:
    """The status of a job. Times are in epoch seconds.

    Attributes:
        manifest: path of the manifest that was loaded last.
        counts: number of rows per status.
        is_running: whether a run is in progress.
        started_at, changed_at: time of the first and of the last event; None if there is no event.
        oldest_in_flight: the row that has been in flight for the longest time; None if no row is in
            flight.
        attention_groups: rows that need attention, grouped by reason, the most frequent first.
        ignored_edits: rows that were edited in the manifest after they were sent.
        excluded: the rows that the user has excluded from the import.
    """

    manifest: str
    counts: Counts
    is_running: bool
    started_at: float | None
    changed_at: float | None
    oldest_in_flight: InFlightRow | None
    attention_groups: tuple[AttentionGroup, ...]
    ignored_edits: facts.IgnoredEdits = facts.NO_EDITS
    excluded: ExcludedRows = NOTHING_EXCLUDED


@dataclass(frozen=True, slots=True)
class RowHistory:
    """One row with its history.

    Attributes:
        row: the current values of the row.
        events: status changes of the row, the earliest first.
        embed_url: URL of the page that plays the video; empty if the video is not online.
        advice: a sentence with what the user has to do; empty if nothing is to be done.
        is_excluded: whether the user has excluded the row from the import.
    """

    row: ResultRow
    events: tuple[StatusChange, ...]
    embed_url: str
    advice: str
    is_excluded: bool = False


@dataclass(frozen=True, slots=True)
class JobSummary:
    """One job in a list of jobs.

    Attributes:
        folder: the job folder.
        manifest: path of the manifest that was loaded last.
        counts: number of rows per status.
        is_running: whether a run is in progress.
        changed_at: epoch seconds of the last event; None if there is no event.
        fault: why the job cannot be read; empty if it can be read.
        account: name of the account for which the job was submitted; empty if the job was not
            submitted.
        status: status of the job in the queue; `manual` if the job was not submitted.
        machine: host name of the machine that runs the submitted job; empty if none runs it.
        rate: API requests per second of the run of a submitted job; 0 if no run is in progress.
        eta: estimated seconds until this run ends; None if not known.
        reason: why the last run of a submitted job did not finish all rows; empty if it did.
        causes: reasons why rows of a submitted job need attention, each with its number of rows.
    """

    folder: Path
    manifest: str = ""
    counts: Counts = field(default_factory=Counts)
    is_running: bool = False
    changed_at: float | None = None
    fault: str = ""
    account: str = ""
    status: str = "manual"
    machine: str = ""
    rate: float = 0.0
    eta: float | None = None
    reason: str = ""
    causes: tuple[tuple[str, int], ...] = ()


def count_rows(job: Job) -> Counts:
    """Count the rows of a job per status.

    Raises:
        StateError: there is no such job.
    """
    with Store(job.state) as store:
        return store.reader.counts(is_running=is_running(job))


def adopted_count(job: Job) -> int:
    """Count the adopted rows: their video was in the account already, and was used.

    Raises:
        StateError: there is no such job.
    """
    with Store(job.state) as store:
        return store.reader.adopted_count()


def sent_again_count(job: Job) -> int:
    """Count the imported rows whose POST was repeated after an unclear answer.

    Raises:
        StateError: there is no such job.
    """
    with Store(job.state) as store:
        return store.reader.sent_again_count()


def taken_id_count(job: Job) -> int:
    """Count the failed rows whose reference ID belongs to a media with another title.

    Raises:
        StateError: there is no such job.
    """
    with Store(job.state) as store:
        return store.reader.ids_taken_count()


def read_excluded(job: Job) -> ExcludedRows:
    """Read the rows that the user has excluded from the import.

    Raises:
        StateError: there is no such job.
    """
    with Store(job.state) as store:
        return store.exclusions.read()


def read_job_status(job: Job) -> JobStatus:
    """Read the status of a job.

    Raises:
        StateError: there is no such job, or its database cannot be read.
    """
    running = is_running(job)
    with Store(job.state, read_only=True) as store, store.snapshot():
        started_at, changed_at = store.reader.event_span() or (None, None)
        return JobStatus(
            store.facts.get(facts.MANIFEST),
            store.reader.counts(is_running=running),
            running,
            started_at,
            changed_at,
            store.reader.oldest_in_flight(),
            tuple(attention_groups(rows_needing_attention(store.reader, is_running=running))),
            store.facts.get(facts.IGNORED_EDITS),
            store.exclusions.read(),
        )


def read_row_history(job: Job, row_name: str) -> RowHistory:
    """Read one row with its history.

    Args:
        row_name: the row's line number in the manifest, or its reference ID. With the prefix
            `line:` or `id:` it is only searched as one of the two.

    Raises:
        StateError: there is no such job, or its database cannot be read.
        UsageError: no row matches, or two rows match.
    """
    from batch_import.reports.write import job_embedding

    with Store(job.state, read_only=True) as store, store.snapshot():
        number, row = _find_row(store, row_name)
        (row,) = with_shown_status([row], is_running=is_running(job))
        return RowHistory(
            row,
            tuple(store.reader.events(number)),
            job_embedding(store).url(row),
            advice(row.status, row.codes, row.error),
            store.exclusions.has(number),
        )


def list_jobs(folder: Path, database: str = "") -> list[JobSummary]:
    """Read the status of all jobs in a folder. A job that cannot be read is listed with its fault.

    A job whose manifest was never loaded is left out, unless a run is in progress.

    Args:
        database: URL of a database. If it is not empty, the jobs of this database are listed.

    Raises:
        UsageError: there is no such folder.
        StateError: the database cannot be used.
    """
    if not database and not folder.is_dir():
        raise UsageError(f"There is no folder {folder}.", "Name the folder of the job folders.")
    if database:
        summaries = _jobs_with_queue(folder, database)
        if summaries is not None:
            return summaries
    summaries = [_summary_of_job(job) for job in jobs_in(folder, database)]
    return [job for job in summaries if job.manifest or job.is_running or job.fault]


def _jobs_with_queue(folder: Path, database: str) -> list[JobSummary] | None:
    """Read all jobs of a database, submitted or not. Returns None if the database has no queue."""
    session = catalog().session
    from batch_import.state import submissions

    with session(database) as db:
        if not submissions.is_prepared(db):
            return None
        listed_jobs = submissions.list_jobs(db)
    return [_summary_of_listed(listed, folder, database) for listed in listed_jobs]


def _summary_of_listed(listed: "ListedJob", folder: Path, database: str) -> JobSummary:
    """Summarize a job from the list of submissions; from its own tables if it was not submitted."""
    job = Job(folder / listed.name, database)
    if listed.snapshot is None:
        return _summary_of_job(job)
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


def _summary_of_job(job: Job) -> JobSummary:
    running = False
    try:
        running = is_running(job)
        with Store(job.state, read_only=True) as store, store.snapshot():
            _, changed_at = store.reader.event_span() or (None, None)
            manifest = store.facts.get(facts.MANIFEST)
            return JobSummary(
                job.folder, manifest, store.reader.counts(is_running=running), running, changed_at
            )
    except StateError as fault:
        return JobSummary(job.folder, is_running=running, fault=str(fault))


def _find_row(store: Store, row_name: str) -> tuple[int, ResultRow]:
    """Find the row with a line number or a reference ID. Returns its row number, and the row."""
    prefix, colon, rest = row_name.partition(":")
    if colon and prefix == "line":
        return _only_match(store, row_name, [_find_by_line(store, rest)])
    if colon and prefix == "id":
        return _only_match(store, rest, [store.reader.find_by_reference(rest)])
    matches = [store.reader.find_by_reference(row_name), _find_by_line(store, row_name)]
    return _only_match(store, row_name, matches)


def _find_by_line(store: Store, text: str) -> tuple[int, ResultRow] | None:
    return store.reader.find_by_line(int(text)) if _LINE.fullmatch(text) else None


def _only_match(
    store: Store, row_name: str, matches: list[tuple[int, ResultRow] | None]
) -> tuple[int, ResultRow]:
    """Returns the only row among the matches; raises an error if there is none or more than one."""
    # A dict, because both matches may be the same row.
    rows = list(dict(filter(None, matches)).items())
    if len(rows) > 1:
        raise UsageError(
            f"{row_name} is the reference ID of one row and the line of another.",
            f"Say which: id:{row_name} or line:{row_name}.",
        )
    if rows:
        return rows[0]
    raise UsageError(
        f"The job has no row {row_name!r}.",
        _suggestion(store.reader.reference_ids_near, row_name),
    )


def _suggestion(ids_near: Callable[[str, int], list[str]], reference_id: str) -> str:
    """Suggest the most similar reference ID, if there is one."""
    similar = find_similar(reference_id, ids_near(reference_id, _COMPARED_IDS))
    if similar:
        return f"Did you mean the reference ID {similar!r}?"
    return "Name a row by its line in the manifest, or by its reference ID."
