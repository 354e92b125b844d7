"""The rows in flight, by number and by reference ID, and how they enter and leave. Pure.

It keeps polling and listing in step with them, so that nobody else has to. This file must not know
why a row changes its state.
"""

from collections.abc import Iterable

from batch_import.importer.schedule.flights import (
    Created,
    Flight,
    InAccount,
    Online,
    Processing,
    Unknown,
)
from batch_import.importer.schedule.listing import Listing
from batch_import.importer.schedule.polling import Polling
from batch_import.models import JobRow, Media, Status, StatusUpdate


class Tracker:
    """All rows that this run has in hand."""

    def __init__(self, polling: Polling, listing: Listing) -> None:
        self.polling = polling
        self.listing = listing
        self._flights: dict[int, Flight] = {}
        self._numbers: dict[str, int] = {}
        self._rows: dict[int, JobRow] = {}

    def __len__(self) -> int:
        return len(self._flights)

    def __getitem__(self, number: int) -> Flight:
        return self._flights[number]

    def in_account_at(self, number: int) -> InAccount:
        """A row that is, or may be, in the account, by its number.

        Raises:
            LookupError: it is not, or this run knows nothing of it.
        """
        flight = self._flights[number]
        if isinstance(flight, Processing | Online | Unknown):
            return flight
        raise LookupError(number)

    def find(self, number: int) -> Flight | None:
        """The state of a row by its number; None once it has left."""
        return self._flights.get(number)

    def get(self, row: JobRow) -> Flight | None:
        """The state of exactly this row, as it was admitted; None once it has left."""
        known = self._rows.get(row.number)
        return self._flights[row.number] if known is row else None

    def with_reference(self, reference_id: str) -> Flight | None:
        """The row in flight that has a reference ID."""
        number = self._numbers.get(reference_id)
        return None if number is None else self._flights[number]

    def in_account(self) -> Iterable[InAccount]:
        """All rows that are, or may be, in the account."""
        for flight in self._flights.values():
            if isinstance(flight, Processing | Online | Unknown):
                yield flight

    def unknown(self) -> Iterable[Unknown]:
        """All rows of which nobody knows whether they are."""
        return (flight for flight in self._flights.values() if isinstance(flight, Unknown))

    def put(self, row: JobRow, flight: Flight) -> None:
        """A row is in this state now, and not in the account."""
        self._leave_account(row.number, listed=False)
        self._rows[row.number] = row
        self._numbers[row.reference_id] = row.number
        self._flights[row.number] = flight

    def enter_account(self, flight: InAccount, due: float, newer_than: int = 0) -> None:
        """A row's media is, or may be, in the account from now on.

        Args:
            due: when it is looked at first.
            newer_than: as in `Listing.add`.
        """
        self.put(flight.row, flight)
        self.polling.watch(flight.row.number, due)
        self.listing.add(flight, newer_than)

    def replace(self, flight: InAccount) -> None:
        """A row in the account is in another state now."""
        self._flights[flight.row.number] = flight
        self.listing.replace(flight)

    def finish(
        self,
        row: JobRow,
        status: Status,
        reason: str,
        *,
        error: str = "",
        code: str = "",
        sent_at: float | None = None,
        media: Media | None = None,
    ) -> StatusUpdate:
        """This run is done with a row."""
        flight = self.drop(row, listed=status is Status.IMPORTED)
        if (
            media is not None
            and status is Status.IMPORTED
            and isinstance(flight, Processing | Online | Unknown)
        ):
            self.listing.remember(media.id, flight.created)
        return StatusUpdate(
            row.number, status, reason, error=error, code=code, sent_at=sent_at, media=media
        )

    def drop(self, row: JobRow, *, listed: bool) -> Flight | None:
        """This run knows nothing of a row any more."""
        self._leave_account(row.number, listed=listed)
        self._rows.pop(row.number, None)
        self._numbers.pop(row.reference_id, None)
        return self._flights.pop(row.number, None)

    def remember(self, media_id: str, created: Created) -> None:
        """A media of an earlier run is in the list."""
        self.listing.remember(media_id, created)

    def _leave_account(self, number: int, *, listed: bool) -> None:
        if isinstance(self._flights.get(number), Processing | Online | Unknown):
            seen = self.polling[number].seen
            self.polling.forget(number)
            self.listing.remove(number, listed=listed or seen)
