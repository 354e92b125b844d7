"""Counts the rows of a job by status, and by the cause for which a person must check them. No I/O.

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

#: Maximum number of rows per cause that are listed as examples.
_MAX_EXAMPLE_LINES = 5


@dataclass(frozen=True, slots=True)
class ReportInfo:
    """General information about a report.

    Attributes:
        name: name of the job, or of the folder of the results.
        written_at: epoch seconds when the report was written.
        timeline: numbers of sent and imported rows over time; None before the first row was sent,
            and for files that do not show it.
    """

    name: str
    written_at: float
    timeline: Timeline | None = None


@dataclass(frozen=True, slots=True, order=True)
class Cause:
    """Why rows need attention. Causes are equal if they differ only in the numbers of the reason.

    Attributes:
        pattern: the reason without its numbers.
        host: host of the rows' source URLs; may be empty.
        reason: the problem of one of the rows, for people.
    """

    pattern: str
    host: str
    reason: str = field(compare=False)


@dataclass(slots=True)
class Summary:
    """Counts of rows.

    Attributes:
        counts: status → number of rows.
        causes: cause → number of rows that need attention because of it.
    """

    counts: Counter[Status] = field(default_factory=Counter)
    causes: Counter[Cause] = field(default_factory=Counter)

    def count(self, rows: Iterable[ResultRow]) -> Iterator[ResultRow]:
        """Yields the rows unchanged, and counts each row that was yielded."""
        for row in rows:
            self.counts[row.status] += 1
            self.add_cause(row)
            yield row

    def add_cause(self, row: ResultRow, row_count: int = 1) -> None:
        """Count the cause of rows, if they need attention.

        Args:
            row: one of the rows.
            row_count: number of rows with the same status and problem.
        """
        cause = cause_of(row)
        if cause:
            self.causes[cause] += row_count

    @property
    def total(self) -> int:
        """Number of counted rows."""
        return self.counts.total()

    def most_frequent(self) -> list[tuple[Cause, int]]:
        """Returns the causes with their numbers of rows, the most frequent first."""
        return sorted(self.causes.items(), key=lambda item: (-item[1], item[0]))


@dataclass(frozen=True, slots=True)
class AttentionGroup:
    """Rows that have the same status and need attention for the same cause.

    Attributes:
        status: status of the rows.
        cause: why they need attention. Its reason is the problem of the first row.
        count: number of rows.
        lines: line numbers of the first few rows in the manifest.
        advice: what a person can do about the rows.
        has_one_reason: whether all rows have the same reason, with the same numbers.
    """

    status: Status
    cause: Cause
    count: int
    lines: tuple[int, ...]
    advice: str
    has_one_reason: bool = True


def attention_groups(rows: Iterable[ResultRow]) -> list[AttentionGroup]:
    """Returns the rows that need attention in groups, the largest group first."""
    groups: dict[tuple[Status, Cause], AttentionGroup] = {}
    for row in rows:
        cause = cause_of(row)
        if cause is None:
            continue
        group = groups.get((row.status, cause))
        if group is None:
            row_advice = advice(row.status, row.codes, row.error)
            group = AttentionGroup(row.status, cause, 0, (), row_advice)
        lines = (*group.lines, row.line)[:_MAX_EXAMPLE_LINES]
        has_one_reason = group.has_one_reason and cause.reason == group.cause.reason
        groups[row.status, cause] = replace(
            group, count=group.count + 1, lines=lines, has_one_reason=has_one_reason
        )
    return sorted(groups.values(), key=lambda group: (-group.count, group.status, group.cause))


def cause_of(row: ResultRow) -> Cause | None:
    """Returns why a row needs attention; None if it needs none."""
    if not needs_attention(row.status, row.codes):
        return None
    reason = mask(problem_text(row)) or "No reason was given."
    return Cause(without_numbers(reason), _host(mask(row.source_url)), reason)


def _host(url: str) -> str:
    """Returns the host name of a URL; empty if the URL is not valid."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
