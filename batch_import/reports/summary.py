"""What a job came to, counted row by row: statuses, and the causes of trouble. Pure.

This file must not know where it is shown, nor how the state is kept.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from batch_import.addresses.masking import mask
from batch_import.models import ResultRow, Status
from batch_import.reports.labels import advice, cause, needs_attention
from batch_import.reports.table import note
from batch_import.state.timeline import Timeline

#: Rows of a cause that are named.
_FIRST = 5


@dataclass(frozen=True, slots=True)
class About:
    """What is true of the whole report.

    Attributes:
        name: the manifest's.
        written: epoch seconds.
        timeline: None before the first row was sent.
    """

    name: str
    written: float
    timeline: Timeline | None = None


@dataclass(frozen=True, slots=True, order=True)
class Cause:
    """Why rows of one source host are in trouble."""

    reason: str
    host: str


@dataclass(slots=True)
class Summary:
    """Counts rows while they pass by."""

    counts: Counter[Status] = field(default_factory=Counter)
    causes: Counter[Cause] = field(default_factory=Counter)

    def watch(self, records: Iterable[ResultRow]) -> Iterator[ResultRow]:
        """Hand rows on, and count them."""
        for record in records:
            self.counts[record.status] += 1
            self.add_cause(record)
            yield record

    def add_cause(self, record: ResultRow, rows: int = 1) -> None:
        """Count the cause of so many rows that are alike, where they need attention."""
        if found := cause_of(record):
            self.causes[found] += rows

    @property
    def total(self) -> int:
        """All rows so far."""
        return self.counts.total()

    def worst(self) -> list[tuple[Cause, int]]:
        """The causes, those of most rows first."""
        return sorted(self.causes.items(), key=lambda item: (-item[1], item[0]))


@dataclass(frozen=True, slots=True)
class Trouble:
    """Rows that need attention for one cause.

    Attributes:
        lines: of the first few, in the manifest.
        advice: what to do about them.
    """

    status: Status
    cause: Cause
    count: int
    lines: tuple[int, ...]
    advice: str


def troubles(records: Iterable[ResultRow]) -> list[Trouble]:
    """What rows need attention for, the causes of most rows first."""
    found: dict[tuple[Status, Cause], Trouble] = {}
    for record in records:
        why = cause_of(record)
        if why is None:
            continue
        todo = advice(record.status, record.codes, record.error)
        known = found.get((record.status, why), Trouble(record.status, why, 0, (), todo))
        lines = (*known.lines, record.line)[:_FIRST]
        found[record.status, why] = replace(known, count=known.count + 1, lines=lines)
    return sorted(found.values(), key=lambda t: (-t.count, t.status, t.cause))


def cause_of(record: ResultRow) -> Cause | None:
    """Why a row needs attention; None for one that needs none."""
    if not needs_attention(record.status, record.codes):
        return None
    return Cause(cause(mask(note(record))), _host(mask(record.source_url)))


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
