"""What is known of a job, of one row, and of all jobs of a folder.

It reads the state, also while a run writes it, and changes nothing. This file must not know how
anything is shown, nor how a run works.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from batch_import.errors import StateError, UsageError
from batch_import.job import Job, jobs_below
from batch_import.models import Counts, Event, Record
from batch_import.reports.labels import advice
from batch_import.reports.seen import needing_attention, seen
from batch_import.reports.summary import Trouble, troubles
from batch_import.state import facts
from batch_import.state.reader import InFlightRow
from batch_import.state.store import Store

#: Reference IDs on each side of an unknown one, among which the nearest is looked for.
_NEIGHBOURS: Final = 2000
_LINE: Final = re.compile(r"[0-9]{1,15}")


@dataclass(frozen=True, slots=True)
class Overview:
    """A job at one time. Times are in epoch seconds.

    Attributes:
        manifest: the path that was imported.
        running: a run is at work.
        began, changed: when its first and its last event was; None before the first.
        oldest: the row that is under way for the longest.
        troubles: what rows need attention for, the causes of most rows first.
    """

    manifest: str
    counts: Counts
    running: bool
    began: float | None
    changed: float | None
    oldest: InFlightRow | None
    troubles: tuple[Trouble, ...]


@dataclass(frozen=True, slots=True)
class RowStory:
    """All that is known of one row, and all that happened to it.

    Attributes:
        embed_url: the page that plays it; empty where none does.
        advice: what a person has to do; empty where nothing is to be done.
    """

    record: Record
    events: tuple[Event, ...]
    embed_url: str
    advice: str


@dataclass(frozen=True, slots=True)
class Listed:
    """One job of a folder.

    Attributes:
        changed: epoch seconds of its last event; None before the first.
        fault: why its state cannot be read; empty where it can.
    """

    folder: Path
    manifest: str = ""
    counts: Counts = field(default_factory=Counts)
    running: bool = False
    changed: float | None = None
    fault: str = ""


def counts(job: Job) -> Counts:
    """How many rows have which status.

    Raises:
        StateError: there is no such job.
    """
    with Store(job.state) as store:
        return store.reader.counts(running=job.is_running)


def adopted_count(job: Job) -> int:
    """How many rows of a job were in the account before it, and were taken over.

    Raises:
        StateError: there is no such job.
    """
    with Store(job.state) as store:
        return store.reader.adopted_count()


def overview(job: Job) -> Overview:
    """Look at a job.

    Raises:
        StateError: there is no such job, or its state cannot be read.
    """
    running = job.is_running
    with Store(job.state, read_only=True) as store, store.snapshot():
        began, changed = store.reader.event_span() or (None, None)
        return Overview(
            store.facts.get(facts.MANIFEST),
            store.reader.counts(running=running),
            running,
            began,
            changed,
            store.reader.oldest_in_flight(),
            tuple(troubles(needing_attention(store.reader, running=running))),
        )


def row_story(job: Job, wanted: str) -> RowStory:
    """Look at one row.

    Args:
        wanted: which: its line in the manifest or its reference ID; `line:` or `id:` in front says
            which of the two.

    Raises:
        StateError: as in `overview`.
        UsageError: there is no such row, or it may be one of two.
    """
    from batch_import.reports.write import embedding_of

    with Store(job.state, read_only=True) as store, store.snapshot():
        number, record = _row(store, wanted)
        (record,) = seen([record], running=job.is_running)
        return RowStory(
            record,
            tuple(store.reader.events(number)),
            embedding_of(store).url(record),
            advice(record.status, record.codes, record.error),
        )


def jobs(folder: Path) -> list[Listed]:
    """Look at all jobs in a folder and its own folders. One that cannot be read is among them.

    Raises:
        UsageError: there is no such folder.
    """
    if not folder.is_dir():
        raise UsageError(f"There is no folder {folder}.", "Name the one that holds job folders.")
    return [_listed(job) for job in jobs_below(folder)]


def _listed(job: Job) -> Listed:
    running = job.is_running
    try:
        with Store(job.state, read_only=True) as store, store.snapshot():
            _, changed = store.reader.event_span() or (None, None)
            manifest = store.facts.get(facts.MANIFEST)
            return Listed(
                job.folder, manifest, store.reader.counts(running=running), running, changed
            )
    except StateError as fault:
        return Listed(job.folder, running=running, fault=str(fault))


def _row(store: Store, wanted: str) -> tuple[int, Record]:
    kind, colon, rest = wanted.partition(":")
    if colon and kind == "line":
        return _found(store, wanted, [_on_line(store, rest)])
    if colon and kind == "id":
        return _found(store, rest, [store.reader.find_by_reference(rest)])
    return _found(store, wanted, [store.reader.find_by_reference(wanted), _on_line(store, wanted)])


def _on_line(store: Store, text: str) -> tuple[int, Record] | None:
    return store.reader.find_by_line(int(text)) if _LINE.fullmatch(text) else None


def _found(
    store: Store, wanted: str, candidates: list[tuple[int, Record] | None]
) -> tuple[int, Record]:
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
    """The nearest reference ID, if any is near."""
    import difflib

    nearest = difflib.get_close_matches(wanted, near(wanted, _NEIGHBOURS), n=1)
    if nearest:
        return f"The nearest reference ID is {nearest[0]!r}."
    return "Name a row by its line in the manifest, or by its reference ID."
