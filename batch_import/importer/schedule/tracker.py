"""All rows in flight, by number and by reference ID. No I/O.

A row in flight is sent to the platform, or about to be sent, and not finished. `row_states.py` has
the states of such a row. A row is in the account if its media exists there, or may exist. The
tracker adds these rows to `Polling` and `ListPositions`, and removes them when they leave. This
module must not know why a row changes its state.
"""

from collections.abc import Iterable

from batch_import.importer.schedule.altered_ids import AlteredIds
from batch_import.importer.schedule.list_positions import ListPositions
from batch_import.importer.schedule.polling import Polling
from batch_import.importer.schedule.row_states import (
    InAccount,
    Online,
    Processing,
    RowState,
    Unknown,
)
from batch_import.models import JobRow, Media, Status, StatusUpdate


class Tracker:
    """All rows in flight of this run. Rows are identified by their number in the job database.

    Attributes:
        polling: when the status of each row in the account is requested next.
        positions: where these rows are expected in the media list.
        altered_ids: the rows by the altered forms of their reference IDs.
    """

    def __init__(self, polling: Polling, positions: ListPositions) -> None:
        self.polling = polling
        self.positions = positions
        self.altered_ids = AlteredIds()
        self._states: dict[int, RowState] = {}
        self._numbers_by_reference: dict[str, int] = {}
        self._rows: dict[int, JobRow] = {}
        self._ingest_ids: dict[int, str] = {}
        self._numbers_by_ingest: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._states)

    def __getitem__(self, number: int) -> RowState:
        return self._states[number]

    def in_account(self, number: int) -> InAccount:
        """Returns the state of a row in the account.

        Raises:
            LookupError: the row is not in the account, or not in flight.
        """
        state = self._states[number]
        if isinstance(state, Processing | Online | Unknown):
            return state
        raise LookupError(number)

    def by_number(self, number: int) -> RowState | None:
        """Returns the state of a row; None if it is not in flight."""
        return self._states.get(number)

    def of_row(self, row: JobRow) -> RowState | None:
        """Returns the state of exactly this row object; None if it is no longer in flight.

        A row that was finished and claimed again in this run is another object with the same
        number. An answer that belongs to the first object must not change the second one.
        """
        tracked_row = self._rows.get(row.row_number)
        return self._states[row.row_number] if tracked_row is row else None

    def by_reference(self, reference_id: str) -> RowState | None:
        """Returns the state of the row in flight with a reference ID; None if there is none."""
        number = self._numbers_by_reference.get(reference_id)
        return None if number is None else self._states[number]

    def other_row_of_ingest(self, ingest_id: str, row: JobRow) -> JobRow | None:
        """Returns another row in flight whose POST was answered with an ingest ID; None if none."""
        number = self._numbers_by_ingest.get(ingest_id, row.row_number)
        return None if number == row.row_number else self._rows[number]

    def all_in_account(self) -> Iterable[InAccount]:
        """Yields the states of all rows in the account."""
        for state in self._states.values():
            if isinstance(state, Processing | Online | Unknown):
                yield state

    def all_unknown(self) -> Iterable[Unknown]:
        """Yields the states of all unknown rows."""
        return (state for state in self._states.values() if isinstance(state, Unknown))

    def set_state(self, row: JobRow, state: RowState) -> None:
        """Set the state of a row that is not in the account."""
        self._leave_account(row.row_number, is_listed=False)
        if self._rows.get(row.row_number) is not row:
            self.altered_ids.add(row)
        self._rows[row.row_number] = row
        self._numbers_by_reference[row.reference_id] = row.row_number
        self._states[row.row_number] = state

    def enter_account(
        self, state: InAccount, due_at: float, imported_between_count: int = 0
    ) -> None:
        """Set the state of a row that is in the account from now on.

        Args:
            state: the state of the row.
            due_at: epoch seconds of its first status request.
            imported_between_count: number of imported rows between the row that entered before and
                this row, in the order of creation.
        """
        self.set_state(state.row, state)
        self.polling.add(state.row.row_number, due_at)
        self.positions.add(state, imported_between_count)
        if isinstance(state, Processing) and state.ingest_id is not None:
            self._ingest_ids[state.row.row_number] = state.ingest_id
            self._numbers_by_ingest.setdefault(state.ingest_id, state.row.row_number)

    def replace(self, state: InAccount) -> None:
        """Replace the state of a row that is in the account, and stays there."""
        self._states[state.row.row_number] = state
        self.positions.replace(state)

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
        """Stop tracking a row; returns the `StatusUpdate` that has these values."""
        media_id = None if media is None else media.id
        state = self.drop(row, is_listed=status is Status.IMPORTED, media_id=media_id)
        if (
            media is not None
            and status is Status.IMPORTED
            and isinstance(state, Processing | Online | Unknown)
        ):
            self.positions.add_known_media(media.id, state.created)
        return StatusUpdate(
            row.row_number, status, reason, error=error, code=code, sent_at=sent_at, media=media
        )

    def drop(self, row: JobRow, *, is_listed: bool, media_id: str | None = None) -> RowState | None:
        """Stop tracking a row; returns its last state, or None if it was not tracked.

        Args:
            row: the row.
            is_listed: whether the media list shows its media from now on.
            media_id: ID of its media; None if it is not known.
        """
        self._leave_account(row.row_number, is_listed=is_listed)
        if self._rows.pop(row.row_number, None) is not None:
            self.altered_ids.remove(row, media_id)
        self._numbers_by_reference.pop(row.reference_id, None)
        return self._states.pop(row.row_number, None)

    def _leave_account(self, number: int, *, is_listed: bool) -> None:
        """Remove a row from polling and positions if it is there."""
        if isinstance(self._states.get(number), Processing | Online | Unknown):
            was_listed = self.polling[number].history.is_listed
            self.polling.remove(number)
            self.positions.remove(number, is_listed=is_listed or was_listed)
        ingest_id = self._ingest_ids.pop(number, None)
        if ingest_id is not None and self._numbers_by_ingest.get(ingest_id) == number:
            del self._numbers_by_ingest[ingest_id]
