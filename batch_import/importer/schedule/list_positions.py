"""Where rows are in the account's media list, and which period a page covers. No I/O.

The media list has the newest media first. Rows in flight (sent and not finished) are kept in the
order of their creation. The expected position of a row has two parts: the number of newer rows that
the media list shows, and a drift, which is the number of newer media that other users added. Pages
on which rows are found show the drift. A wrong position costs a request, but never leads to a wrong
decision about a row.

A page covers the period between its oldest and its newest media: every media of the account that
was created in this period is on the page. This module must not know requests, answers or the job
database.
"""

from collections import OrderedDict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from batch_import.importer.list_pages import ListPages
from batch_import.importer.schedule.observations import SAMPLE_SIZE, ProcessingTimes
from batch_import.importer.schedule.polling import Polling
from batch_import.importer.schedule.repeat import ListConsistency
from batch_import.importer.schedule.row_states import CreationTime, InAccount


@dataclass(slots=True)
class _Entry:
    """One row in flight.

    Attributes:
        state: the state of the row.
        rank: number that orders the rows by creation; a newer row has a higher rank.
        newer_listed_count: number of rows that are newer than this row, older than the next newer
            row in flight, no longer in flight themselves, and shown by the media list. Example: of
            the rows 1 to 5 in the order of creation, 1 and 5 are in flight, and 2 to 4 are
            imported. Then the count of row 1 is 3.
        position: expected position in the whole list, from 0, without drift and offset.
        offset: correction of `position` for this row: the position at which a page last showed the
            row, minus `position`, minus the drift.
    """

    state: InAccount
    rank: int
    newer_listed_count: int = 0
    position: float = 0.0
    offset: float = 0.0


class ListPositions:
    """Expected positions of this run's rows in the account's media list.

    In all methods, `number` is the number of a row in the job database, and `now` is the current
    time in epoch seconds.

    Args:
        pages: size and number of the pages.
        processing_times: the observed processing times.
        consistency: whether lists are reliable.
        polling: status requests for the rows.
    """

    def __init__(
        self,
        pages: ListPages,
        processing_times: ProcessingTimes,
        consistency: ListConsistency,
        polling: Polling,
    ) -> None:
        self._pages = pages
        self._processing_times = processing_times
        self._consistency = consistency
        self._polling = polling
        self._entries: dict[int, _Entry] = {}
        self._last_rank = 0
        #: Rows that left since the positions were calculated, and whose media the list shows: pairs
        #: of a rank, and the number of such rows next to this rank. The count is added to
        #: `newer_listed_count` of the next older row in flight.
        self._departed: list[tuple[int, int]] = []
        self._drift = 0.0
        #: Whether the positions must be calculated again before they are used.
        self._is_outdated = True
        #: Creation times of media that lists must show, by media ID; the media added last is last.
        self._known_media: OrderedDict[str, CreationTime] = OrderedDict()
        #: ID of the newest media before the first POST of this run, and epoch seconds when it was
        #: the newest; None if not known.
        self._newest_before: tuple[str, float] | None = None

    # Rows in and out --------------------------------------------------------------------------

    def add(self, state: InAccount, imported_between_count: int = 0) -> None:
        """Add a row that was, or may have been, created after all other rows.

        Args:
            state: the state of the row.
            imported_between_count: number of imported rows between the row that was added before
                and this row, in the order of creation. They are older than this row.
        """
        self._last_rank += 1
        if imported_between_count:
            self._departed.append((self._last_rank, imported_between_count))
            self._last_rank += 1
        self._entries[state.row.row_number] = _Entry(state, self._last_rank)
        self._is_outdated = True

    def replace(self, state: InAccount) -> None:
        """Replace the state of a row."""
        self._entries[state.row.row_number].state = state

    def remove(self, number: int, *, is_listed: bool) -> None:
        """Remove a row that is no longer in flight; nothing happens if it is not there.

        `is_listed` is whether lists show its media from now on.
        """
        entry = self._entries.pop(number, None)
        if entry is not None:
            self._departed.append((entry.rank, entry.newer_listed_count + is_listed))
            self._is_outdated = True

    def add_known_media(self, media_id: str, created: CreationTime) -> None:
        """Add a media that lists must show. If a list does not, lists are not reliable."""
        self._known_media[media_id] = created
        if len(self._known_media) > SAMPLE_SIZE:
            self._known_media.popitem(last=False)

    def set_newest_before(self, media_id: str, now: float) -> None:
        """Set the media that is the newest of the account now, before this run creates any."""
        self._newest_before = media_id, now

    # Positions --------------------------------------------------------------------------------

    def page_of(self, number: int, now: float) -> int:
        """Returns the number, from 1, of the page on which a row is expected."""
        if self._is_outdated:
            self._update_positions(now)
        position = self._expected_position(self._entries[number])
        return min(int(position) // self._pages.size + 1, max(1, self._pages.known_page_count))

    def adjacent_page(self, number: int, now: float) -> int:
        """Returns the page on which a row probably is if it is not on the expected page.

        This is the next page if the row was expected in the second half of its page, and the
        previous page otherwise.
        """
        page = self.page_of(number, now)
        position_on_page = self._expected_position(self._entries[number]) % self._pages.size
        if position_on_page >= self._pages.size / 2:
            return min(page + 1, max(1, self._pages.known_page_count))
        return max(1, page - 1)

    def _expected_position(self, entry: _Entry) -> float:
        return max(0.0, entry.position + entry.offset + self._drift)

    def _update_positions(self, now: float) -> None:
        """Calculate the position of every row, from the newest to the oldest."""
        self._is_outdated = False
        departed = sorted(self._departed)
        self._departed.clear()
        position = 0.0
        for entry in reversed(self._entries.values()):
            while departed and departed[-1][0] > entry.rank:
                entry.newer_listed_count += departed.pop()[1]
            position += entry.newer_listed_count
            entry.position = position
            # The expected number of positions by which this row moves all older rows: 0 to 1.
            position += self._listed_probability(entry.state, now)

    def _listed_probability(self, state: InAccount, now: float) -> float:
        """Returns the probability, from 0 to 1, that the media list shows a row."""
        if self._consistency.shows_processing:
            return 1.0
        not_done_age = self._polling[state.row.row_number].history.not_done_age
        return self._processing_times.share_done(state.created.min_age(now), not_done_age)

    def learn_positions(self, positions: dict[int, int], now: float) -> None:
        """Correct the drift and the offsets by a page that shows rows in flight.

        Args:
            positions: row number → its position in the whole list, from 0.
            now: current time in epoch seconds.
        """
        if self._is_outdated:
            self._update_positions(now)
        errors = [
            position - self._expected_position(self._entries[number])
            for number, position in positions.items()
        ]
        if errors:
            mean_error = sum(errors) / len(errors)
            # Other pages may have another drift. Therefore small errors are corrected by half.
            is_small = abs(mean_error) < self._pages.size / 2
            self._drift += mean_error / 2 if is_small else mean_error
        for number, position in positions.items():
            entry = self._entries[number]
            entry.offset = position - entry.position - self._drift

    def learn_borders(self, media_ids: Sequence[str], first_position: int) -> bool:
        """Correct the drift by a page that shows no row in flight, but known media of other rows.

        Rows in flight that are older than these media must be behind them in the list, and newer
        rows must be before them. The drift is changed only as far as this requires.

        Args:
            media_ids: IDs of the media on the page, in its order.
            first_position: position of the first media of the page in the whole list, from 0.

        Returns:
            whether the drift has changed.
        """
        known_media = [
            (position, self._known_media[media_id])
            for position, media_id in enumerate(media_ids, start=first_position)
            if media_id in self._known_media and self._known_media[media_id].is_certain
        ]
        if not known_media:
            return False
        newest_position, newest_created = known_media[0]
        oldest_position, oldest_created = known_media[-1]
        entries = self._entries.values()
        older_positions = [
            entry.position
            for entry in entries
            if entry.state.created.middle < oldest_created.middle
        ]
        newer_positions = [
            entry.position
            for entry in entries
            if entry.state.created.middle > newest_created.middle
        ]
        drift = self._drift
        if older_positions:
            # Each of them must fulfil: position + drift > oldest_position.
            drift = max(drift, oldest_position + 1 - min(older_positions))
        if newer_positions:
            # Each of them must fulfil: position + drift < newest_position.
            drift = min(drift, newest_position - 1 - max(newer_positions))
        has_changed = drift != self._drift
        self._drift = drift
        return has_changed

    def halve_drift(self) -> None:
        """Halve the drift, because a page showed none of the rows that were expected on it."""
        self._drift /= 2

    def move_to_next_page(self, *, is_last: bool) -> None:
        """Expect all rows one page later, because a page shows none of the expected rows.

        At least one of these rows is so old that the media list must show it by now. Therefore
        other users probably added about a page of media.

        Args:
            is_last: whether there is no later page. Then all rows are expected without a drift.
        """
        self._drift = 0.0 if is_last else self._drift + self._pages.size

    # What a page proves -----------------------------------------------------------------------

    def covered_period(
        self,
        media_ids: Collection[str],
        in_flight_times: Iterable[CreationTime],
        requested_at: float | None,
        *,
        is_last: bool,
    ) -> tuple[float, float]:
        """Returns start and end of the period that a page covers, in epoch seconds.

        Every media of the account that was created in this period is on the page. It is the period
        between the creation of the oldest and of the newest media of the page. Each creation time
        is known only approximately: as the time before and the time after the POST. The later time
        is used for the oldest media, and the earlier time for the newest media, so that the result
        is not too long.

        Args:
            media_ids: IDs of the media on the page.
            in_flight_times: creation times of the media on the page that belong to rows in flight.
            requested_at: when the page was requested, if it is the first page; else None.
            is_last: whether there is no later page.

        Returns:
            start and end. The start is minus infinity for the last page. If the page covers no
            period, the start is after the end.
        """
        known_times = (
            self._known_media[media_id] for media_id in media_ids if media_id in self._known_media
        )
        certain_times = [
            created for created in (*known_times, *in_flight_times) if created.is_certain
        ]
        oldest = min((created.latest for created in certain_times), default=float("inf"))
        newest = max((created.earliest for created in certain_times), default=float("-inf"))
        if is_last:
            oldest = float("-inf")
        elif self._newest_before and self._newest_before[0] in media_ids:
            # All media that this run has created are newer than this media.
            oldest = min(oldest, self._newest_before[1])
        # The first page has the newest media of the account at the time of its request. Therefore
        # it covers all time until then.
        end = newest if requested_at is None else requested_at
        return oldest, end

    def created_between(self, start: float, end: float) -> list[InAccount]:
        """Returns the rows in flight whose media, if it exists, was certainly created in a period.

        `start` and `end` are in epoch seconds.
        """
        return [
            entry.state
            for entry in self._entries.values()
            if entry.state.created.earliest >= start and entry.state.created.latest <= end
        ]

    def check_consistency(self, media_ids: Collection[str], start: float, end: float) -> None:
        """Check that a page shows all known media of the period that it covers.

        If not, lists are not reliable, and the absence of a media proves nothing.
        """
        for media_id, created in self._known_media.items():
            if created.is_certain and created.earliest >= start and created.latest <= end:
                if media_id in media_ids:
                    self._consistency.record_shown_again()
                else:
                    self._consistency.mark_inconsistent()
