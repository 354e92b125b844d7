"""Where rows are in the account's media list, and which period a page covers. No I/O.

The list has the newest media first. Rows are kept in the order of their creation. The expected
position of a row is the number of listed rows that are newer, plus a drift, because other users add
media, too. The drift is learned from the pages on which rows are found. A wrong position costs a
request, but never leads to a wrong decision: what a page proves does not depend on it. This module
must not know requests, answers or the job database.
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
    """One row in the order of creation.

    Attributes:
        rank: order of the entries: a row that was added later has a higher rank.
        newer_listed_count: number of rows that are listed and no longer in flight, between this row
            and the next newer row in flight.
        position: expected position in the whole list, from 0, without the drift.
        offset: difference between `position` and the position at which a page last showed the row,
            without the drift.
    """

    state: InAccount
    rank: int
    newer_listed_count: int = 0
    position: float = 0.0
    offset: float = 0.0


class ListPositions:
    """Expected positions of this run's rows in the account's media list.

    Args:
        pages: size and number of the pages.
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
        #: Rows that left since the positions were calculated: (rank, number of listed rows that
        #: they count for).
        self._departed: list[tuple[int, int]] = []
        self._drift = 0.0
        self._is_outdated = True
        #: When media that are known to be in the list were created, by media ID; the latest last.
        self._known_media: OrderedDict[str, CreationTime] = OrderedDict()
        #: The newest media before the first POST of this run, and when it was seen to be the
        #: newest.
        self._newest_before: tuple[str, float] | None = None

    # Rows in and out --------------------------------------------------------------------------

    def add(self, state: InAccount, newer_listed_count: int = 0) -> None:
        """Add a row that was, or may have been, created after all other rows.

        Args:
            newer_listed_count: number of rows that are listed and not in flight, between the row
                added before and this row.
        """
        self._last_rank += 1
        if newer_listed_count:
            self._departed.append((self._last_rank, newer_listed_count))
            self._last_rank += 1
        self._entries[state.row.row_number] = _Entry(state, self._last_rank)
        self._is_outdated = True

    def replace(self, state: InAccount) -> None:
        """Replace the state of a row."""
        self._entries[state.row.row_number].state = state

    def remove(self, number: int, *, is_listed: bool) -> None:
        """Remove a row that is no longer in flight."""
        entry = self._entries.pop(number, None)
        if entry is not None:
            self._departed.append((entry.rank, entry.newer_listed_count + is_listed))
            self._is_outdated = True

    def add_known_media(self, media_id: str, created: CreationTime) -> None:
        """Add a media that is known to be in the list, which shows whether lists are reliable."""
        self._known_media[media_id] = created
        if len(self._known_media) > SAMPLE_SIZE:
            self._known_media.popitem(last=False)

    def set_newest_before(self, media_id: str, now: float) -> None:
        """Set the newest media of the account before this run creates any."""
        self._newest_before = media_id, now

    # Positions --------------------------------------------------------------------------------

    def page_of(self, number: int, now: float) -> int:
        """Returns the number, from 1, of the page on which a row is expected."""
        if self._is_outdated:
            self._update_positions(now)
        position = self._expected_position(self._entries[number])
        return min(int(position) // self._pages.size + 1, max(1, self._pages.known_page_count))

    def adjacent_page(self, number: int, now: float) -> int:
        """Returns the page next to the expected one that is nearer to the expected position."""
        page = self.page_of(number, now)
        is_second_half = (
            self._expected_position(self._entries[number]) % self._pages.size
            >= self._pages.size / 2
        )
        return (
            min(page + 1, max(1, self._pages.known_page_count))
            if is_second_half
            else max(1, page - 1)
        )

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
            position += self._listed_share(entry.state, now)

    def _listed_share(self, state: InAccount, now: float) -> float:
        if self._consistency.shows_processing:
            return 1.0
        not_done_age = self._polling[state.row.row_number].not_done_age
        return self._processing_times.share_done(state.created.min_age(now), not_done_age)

    def learn_positions(self, positions: dict[int, int], now: float) -> None:
        """Learn the drift from rows that a page showed.

        Args:
            positions: position in the whole list, from 0, for each row number.
        """
        if self._is_outdated:
            self._update_positions(now)
        offsets = [
            position - self._expected_position(self._entries[number])
            for number, position in positions.items()
        ]
        if offsets:
            mean = sum(offsets) / len(offsets)
            # Other pages may have another drift. Therefore small errors are corrected by half.
            self._drift += mean / 2 if abs(mean) < self._pages.size / 2 else mean
        for number, position in positions.items():
            entry = self._entries[number]
            entry.offset = position - entry.position - self._drift

    def learn_borders(self, media_ids: Sequence[str], first_position: int) -> bool:
        """Learn the drift from a page that shows only imported rows.

        Rows in flight that are older than these imported rows must be after them in the list.

        Args:
            first_position: position of the first media of the page in the whole list, from 0.

        Returns:
            whether the drift has changed.
        """
        known = [
            (position, self._known_media[media_id])
            for position, media_id in enumerate(media_ids, start=first_position)
            if media_id in self._known_media and self._known_media[media_id].is_certain
        ]
        if not known:
            return False
        (first, newest), (last, oldest) = known[0], known[-1]
        entries = self._entries.values()
        older = [s.position for s in entries if s.state.created.middle < oldest.middle]
        newer = [s.position for s in entries if s.state.created.middle > newest.middle]
        drift = self._drift
        if older:
            drift = max(drift, last + 1 - min(older))
        if newer:
            drift = min(drift, first - 1 - max(newer))
        has_moved = drift != self._drift
        self._drift = drift
        return has_moved

    def halve_drift(self) -> None:
        """Correct the drift after a page showed none of the rows that were expected on it."""
        self._drift /= 2

    def move_to_next_page(self, *, is_last: bool) -> None:
        """Expect all rows one page later, because other users must have added media.

        Used if a page shows none of the rows that lists must already show.

        Args:
            is_last: whether there is no later page. Then the search starts again without a drift.
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
        """Returns the (start, end) of the period of which a page shows all media.

        Every media of the account that was created in this period is on the page: it is the period
        between the oldest and the newest media of the page. The creation time of a media is known
        only as a period, before and after its POST. Therefore the end of the period is used for the
        oldest media, and the start for the newest.

        Args:
            media_ids: IDs of the media on the page.
            in_flight_times: creation times of those media on the page that belong to rows in
                flight.
            requested_at: when the page was requested, if it is the first page; else None.
            is_last: whether there is no later page.
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
            # Everything that this run has created is newer than this media.
            oldest = min(oldest, self._newest_before[1])
        return oldest, newest if requested_at is None else requested_at

    def created_between(self, oldest: float, newest: float) -> list[InAccount]:
        """Returns the rows in flight whose media, if any, was certainly created in a period."""
        return [
            entry.state
            for entry in self._entries.values()
            if entry.state.created.earliest >= oldest and entry.state.created.latest <= newest
        ]

    def check_consistency(self, media_ids: Collection[str], oldest: float, newest: float) -> None:
        """Check that a page shows all known media of the period that it covers.

        If not, lists are not reliable, and the absence of a media proves nothing.
        """
        for media_id, created in self._known_media.items():
            if created.is_certain and created.earliest >= oldest and created.latest <= newest:
                if media_id in media_ids:
                    self._consistency.record_shown_again()
                else:
                    self._consistency.mark_inconsistent()
