"""When rows were first sent, and when they were imported: counts by equal parts of time.

Events are numbered in the order of time, so a part of time is a range of numbers, and one pass
over the table counts all parts. To look for the first events of each row would take five times as
long. This file must not know what the counts are for.
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
    """When rows were first sent and when imported, in so many equal parts of time.

    None before the first row was sent.
    """
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
        # Only a row that was pending again can have been sent again.
        for number, status in connection.rows(timeline_statements.REPEATED_MILESTONES):
            counts = sent if status == Status.CREATING else imported
            counts[bisect_right(bounds, number) - 1] -= 1
    return Timeline(start, step, tuple(sent), tuple(imported))


def _bounds(connection: Connection, times: Iterable[float]) -> list[int]:
    """The number that each part begins with, and one that is beyond the last part."""
    end = connection.count(statements.LAST_EVENT) + 1
    bounds = [0]
    for time in times:
        # From the last bound on: where a clock was set back, no event counts twice.
        bounds.append(_first_since(connection, time, bounds[-1], end))
    return [*bounds, end]


def _first_since(connection: Connection, time: float, low: int, high: int) -> int:
    """The number of the first event at a time or later, of those between two numbers."""
    while low < high:
        middle = (low + high) // 2
        number, happened = connection.row(timeline_statements.EVENT_FROM, (middle,))
        if happened < time:
            low = number + 1
        else:
            high = middle
    return low
