"""How many rows were first sent, and how many were imported, per interval of an import.

Events are numbered in the order of time. Therefore an interval is a range of numbers, and one pass
over the table counts all intervals. A search for the first events of each row would take five times
as long. This module must not know what the counts are for.
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
    """How many rows were first sent, and how many were imported, per interval of the import.

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
    first = connection.row(timeline_statements.FIRST_MILESTONE)
    if first is None:
        return None
    start = first[0]
    step = (connection.row(timeline_statements.LAST_MILESTONE)[0] - start) / parts or 1.0
    bounds = _bounds(connection, [start + part * step for part in range(1, parts)])
    found = [
        connection.row(timeline_statements.MILESTONES_BETWEEN, pair) for pair in pairwise(bounds)
    ]
    sent, imported, pending = map(list, zip(*found, strict=True))
    if any(pending):
        # A row can be sent a second time only if it became pending again.
        for number, status in connection.rows(timeline_statements.REPEATED_MILESTONES):
            counts = sent if status == Status.CREATING else imported
            counts[bisect_right(bounds, number) - 1] -= 1
    return Timeline(start, step, tuple(sent), tuple(imported))


def _bounds(connection: Connection, times: Iterable[float]) -> list[int]:
    """Returns the first event number of each interval, and one beyond the last interval."""
    end = connection.count(statements.LAST_EVENT) + 1
    bounds = [0]
    for time in times:
        # Starts at the last bound, so that no event counts twice if a clock was set back.
        bounds.append(_first_since(connection, time, bounds[-1], end))
    return [*bounds, end]


def _first_since(connection: Connection, time: float, low: int, high: int) -> int:
    """Returns the number of the first event at a time or later, between two numbers."""
    while low < high:
        middle = (low + high) // 2
        number, happened = connection.row(timeline_statements.EVENT_FROM, (middle,))
        if happened < time:
            low = number + 1
        else:
            high = middle
    return low
