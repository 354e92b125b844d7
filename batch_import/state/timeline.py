"""Count the rows that were sent, and the rows that were imported, per interval of an import.

An event is a status change of a row. Events are numbered in the order of time. Therefore an
interval is a range of event numbers, and the table is read once to count all intervals. To search
for the first events of each row would take five times as long. This module must not know what the
counts are for.
"""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from batch_import.models import Status
from batch_import.state import statements, timeline_statements
from batch_import.state.connection import Connection


@dataclass(frozen=True, slots=True)
class Timeline:
    """The number of rows that were sent, and that were imported, per interval of an import.

    A row that is sent or imported several times counts once, in the interval of the first time.

    Attributes:
        start: epoch seconds when the first interval begins.
        step: length of an interval in seconds.
        sent, imported: number of rows in each interval; both have the same length.
    """

    start: float
    step: float
    sent: tuple[int, ...]
    imported: tuple[int, ...]


def timeline(connection: Connection, parts: int) -> Timeline | None:
    """Returns the counts in `parts` intervals of equal length; None before the first POST."""
    first_row = connection.row(timeline_statements.FIRST_MILESTONE)
    if first_row is None:
        return None
    start = first_row[0]
    end = connection.row(timeline_statements.LAST_MILESTONE)[0]
    step = (end - start) / parts or 1.0  # not 0 if everything happened at one time
    bounds = _bounds(connection, [start + part * step for part in range(1, parts)])
    counts_per_interval = [
        connection.row(timeline_statements.MILESTONES_BETWEEN, pair) for pair in pairwise(bounds)
    ]
    sent, imported, pending = map(list, zip(*counts_per_interval, strict=True))
    if any(pending):
        # Only rows that became pending again can be sent a second time. Do not count them twice.
        for number, status in connection.rows(timeline_statements.REPEATED_MILESTONES):
            counts = sent if status == Status.CREATING else imported
            interval = bisect_right(bounds, number) - 1
            counts[interval] -= 1
    return Timeline(start, step, tuple(sent), tuple(imported))


def _bounds(connection: Connection, times: Iterable[float]) -> list[int]:
    """Returns the event numbers at which the intervals begin, and the number after the last event.

    Args:
        connection: connection to the job database.
        times: epoch seconds when each interval begins, except for the first.
    """
    end = connection.count(statements.LAST_EVENT) + 1
    bounds = [0]
    for time in times:
        # The search starts at the last bound. Otherwise events could be counted twice if a clock
        # was set back.
        bounds.append(_first_event_since(connection, time, bounds[-1], end))
    return [*bounds, end]


def _first_event_since(connection: Connection, time: float, low: int, high: int) -> int:
    """Returns the number of the first event at a time or later, by binary search.

    `low` is the lowest possible result, and `high` the result if there is no such event.
    """
    while low < high:
        middle = (low + high) // 2
        # The first event whose number is `middle` or higher.
        number, event_time = connection.row(timeline_statements.EVENT_FROM, (middle,))
        if event_time < time:
            low = number + 1  # event numbers can have gaps: `number` may be greater than `middle`
        else:
            high = middle
    return low
