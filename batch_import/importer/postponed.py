"""Rows whose reference could not be signed: when each of them may be claimed again. No I/O.

The source of a row can be a reference to a file in cloud storage, such as `s3://bucket/key`. To
sign a reference means to obtain a temporary URL for its file. If this fails, the POST of the row is
not sent, and the row is pending again in the job database. It is postponed: claimed again later.
This module must not know how references are signed.
"""

import math
from dataclasses import dataclass
from typing import Final

from batch_import.importer.backoff import backoff
from batch_import.sources.source import SourceUnavailable, SourceUnreachable

#: Maximum delay, in seconds, before a row is tried again. It is short, because the run should
#: notice soon when the cloud storage works again.
_MAX_DELAY_SECONDS: Final = 60.0
#: Maximum number of attempts to sign one row in a run, if other rows can be signed. The delays
#: between them add up to 15 s (1 + 2 + 4 + 8). A fault that lasts longer is left to the next run.
_MAX_ATTEMPTS: Final = 5
#: While at least this number of rows is postponed, no row is claimed, because it would probably
#: fail as well.
_MAX_POSTPONED_ROWS: Final = 100


@dataclass(slots=True)
class _PostponedRow:
    """One postponed row.

    Attributes:
        attempt_count: number of failed attempts to sign its reference.
        first_failed_at: epoch seconds of the first failed attempt.
        due_at: epoch seconds when it may be claimed again; infinity if only the next run tries
            again.
    """

    attempt_count: int
    first_failed_at: float
    due_at: float


class PostponedRows:
    """The postponed rows of one run. In all methods, `now` is the current time in epoch seconds.

    Args:
        give_up_after: seconds after which the run ends if it has neither signed a reference nor
            sent a row with a web URL.
    """

    def __init__(self, give_up_after: float) -> None:
        self._give_up_after = give_up_after
        self._rows: dict[int, _PostponedRow] = {}
        self._failing_since: float | None = None
        self._last_signed_at = -math.inf

    def add(self, number: int, reason: str, now: float) -> SourceUnavailable | None:
        """Postpone a row whose reference could not be signed.

        Args:
            number: number of the row in the job database.
            reason: why the reference could not be signed.
            now: epoch seconds.

        Returns:
            the error with which the run must end; None if the run can continue.
        """
        row = self._rows.setdefault(number, _PostponedRow(0, now, now))
        row.attempt_count += 1
        row.due_at = now + backoff(1.0, row.attempt_count - 1, _MAX_DELAY_SECONDS)
        others_were_signed = self._last_signed_at > row.first_failed_at
        if row.attempt_count >= _MAX_ATTEMPTS and others_were_signed:
            row.due_at = math.inf
        if self._failing_since is None:
            self._failing_since = now
        failing_seconds = now - self._failing_since
        if failing_seconds <= self._give_up_after:
            return None
        return SourceUnreachable(
            f"No URL could be signed for {failing_seconds:.0f} s ({reason}).",
            "All state is saved: run the same command again once the storage can be reached.",
        )

    def remove_signed(self, number: int, now: float) -> None:
        """Record that the reference of a row was signed; the row is no longer postponed."""
        self._rows.pop(number, None)
        self._failing_since, self._last_signed_at = None, now

    def record_sent_without_signing(self) -> None:
        """Record that a row with a web URL was sent. Therefore the run still makes progress."""
        self._failing_since = None

    def waiting_numbers(self, now: float) -> frozenset[int]:
        """Returns the numbers of the rows that must not be claimed yet."""
        if not self._rows:
            return frozenset()
        return frozenset(number for number, row in self._rows.items() if row.due_at > now)

    def blocks_all(self, now: float) -> bool:
        """Whether so many rows are postponed that no row must be claimed."""
        waiting_count = sum(now < row.due_at < math.inf for row in self._rows.values())
        return waiting_count >= _MAX_POSTPONED_ROWS

    def next_due(self, now: float) -> float:
        """Returns the epoch seconds when the next row may be claimed; infinity if there is none."""
        due_times = (row.due_at for row in self._rows.values() if row.due_at > now)
        return min(due_times, default=math.inf)
