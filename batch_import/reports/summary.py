"""Count the rows of a job by status and by cause of failure. No I/O.

This module must not know where the counts are shown, nor how the job database works.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from batch_import.addresses.masking import mask
from batch_import.models import ResultRow, Status
from batch_import.reports.labels import advice, needs_attention, without_numbers
from batch_import.reports.table import problem_text
from batch_import.state.timeline import Timeline

#: Number of rows of a cause that are listed as examples.
_MAX_EXAMPLE_LINES = 5


@dataclass(frozen=True, slots=True)
class ReportInfo:
    """General information about a report.

    Attributes:
        name: name of the manifest.
        written_at: epoch seconds when the report was written.
        timeline: None before the first row was sent.
    """

    name: str
    written_at: float
    timeline: Timeline | None = None


@dataclass(frozen=True, slots=True, order=True)
class Cause:
    """Why rows with one source host need attention."""

    reason: str
    host: str


@dataclass(slots=True)
class Summary:
    """Counts rows while they are iterated over."""

    counts: Counter[Status] = field(default_factory=Counter)
    causes: Counter[Cause] = field(default_factory=Counter)

    def count(self, records: Iterable[ResultRow]) -> Iterator[ResultRow]:
        """Yields the rows unchanged, and counts them."""
        for record in records:
            self.counts[record.status] += 1
            self.add_cause(record)
            yield record

    def add_cause(self, record: ResultRow, rows: int = 1) -> None:
        """Count the cause of a number of similar rows, if they need attention."""
        if found := cause_of(record):
            self.causes[found] += rows

    @property
    def total(self) -> int:
        """Number of rows so far."""
        return self.counts.total()

    def most_frequent(self) -> list[tuple[Cause, int]]:
        """Returns the causes; the causes of most rows come first."""
        return sorted(self.causes.items(), key=lambda item: (-item[1], item[0]))


@dataclass(frozen=True, slots=True)
class AttentionGroup:
    """Rows that need attention for the same cause.

    Attributes:
        lines: line numbers of the first few rows in the manifest.
        advice: what to do about them.
    """

    status: Status
    cause: Cause
    count: int
    lines: tuple[int, ...]
    advice: str


def attention_groups(records: Iterable[ResultRow]) -> list[AttentionGroup]:
    """Returns the groups of rows that need attention, the largest first."""
    found: dict[tuple[Status, Cause], AttentionGroup] = {}
    for record in records:
        why = cause_of(record)
        if why is None:
            continue
        todo = advice(record.status, record.codes, record.error)
        known = found.get((record.status, why), AttentionGroup(record.status, why, 0, (), todo))
        lines = (*known.lines, record.line)[:_MAX_EXAMPLE_LINES]
        found[record.status, why] = replace(known, count=known.count + 1, lines=lines)
    return sorted(found.values(), key=lambda t: (-t.count, t.status, t.cause))


def cause_of(record: ResultRow) -> Cause | None:
    """Returns why a row needs attention; None if it needs none."""
    if not needs_attention(record.status, record.codes):
        return None
    return Cause(without_numbers(mask(problem_text(record))), _host(mask(record.source_url)))


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
