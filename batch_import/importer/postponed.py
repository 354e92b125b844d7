"""Rows whose reference could not be signed: when each of them may be claimed again. No I/O.

They are pending in the job database, and were not sent. This module must not know sources.
"""

import math
from dataclasses import dataclass
from typing import Final

from batch_import.importer.backoff import backoff
from batch_import.sources.source import SourceUnavailable, SourceUnreachable

#: Longest wait, in seconds, until a row is tried again: a storage that is back is noticed soon.
_LONGEST_WAIT: Final = 60.0
#: Attempts to sign one row in a run, while other rows can be signed. What fails for longer than
#: their delays (1 + 2 + 4 + 8 s) is better waited for between two runs.
_ATTEMPTS: Final = 5
#: While so many rows wait, no other row is claimed: all of them would fail as well.
_MAX_ROWS: Final = 100


@dataclass(slots=True)
class _Postponed:
    """One row: its failed attempts, and epoch seconds of the first failure and the next attempt."""

    attempts: int
    failed_at: float
    due_at: float


class PostponedRows:
    """The postponed rows of one run.

    Args:
        give_up_after: seconds after which the run ends if no row was signed, and none was sent that
            needs no signature.
    """

    def __init__(self, give_up_after: float) -> None:
        self._give_up_after = give_up_after
        self._rows: dict[int, _Postponed] = {}
        self._failing_since: float | None = None
        self._signed_at = -math.inf

    def add(self, number: int, reason: str, now: float) -> SourceUnavailable | None:
        """Postpone a row; returns why the run cannot go on, if it cannot."""
        row = self._rows.setdefault(number, _Postponed(0, now, now))
        row.attempts += 1
        row.due_at = now + backoff(1.0, row.attempts - 1, _LONGEST_WAIT)
        if row.attempts >= _ATTEMPTS and self._signed_at > row.failed_at:
            row.due_at = math.inf
        if self._failing_since is None:
            self._failing_since = now
        failing = now - self._failing_since
        if failing <= self._give_up_after:
            return None
        return SourceUnreachable(
            f"No URL could be signed for {failing:.0f} s ({reason}).",
            "All state is saved: run the same command again once the storage can be reached.",
        )

    def remove_signed(self, number: int, now: float) -> None:
        """Record that a row was signed, which shows that sources work, and forget its failures."""
        self._rows.pop(number, None)
        self._failing_since, self._signed_at = None, now

    def record_unsigned(self) -> None:
        """Record that a row was sent that needs no signature: the run is not in vain."""
        self._failing_since = None

    def waiting_numbers(self, now: float) -> frozenset[int]:
        """Returns the numbers of the rows that must not be claimed yet."""
        if not self._rows:
            return frozenset()
        return frozenset(number for number, row in self._rows.items() if row.due_at > now)

    def blocks_all(self, now: float) -> bool:
        """Whether so many rows wait that no other row is to be claimed."""
        return sum(1 for row in self._rows.values() if now < row.due_at < math.inf) >= _MAX_ROWS

    def next_due(self, now: float) -> float:
        """Returns when the next row may be claimed, in epoch seconds; infinity if there is none."""
        return min(
            (row.due_at for row in self._rows.values() if row.due_at > now), default=math.inf
        )
