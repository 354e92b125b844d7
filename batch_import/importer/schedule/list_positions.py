"""Where rows stand in the account's list, newest first, and what a page of it proves. Pure.

Rows are kept in the order of their creation. A row's expected place is the number of listed rows
that are newer, plus a drift learned from where pages really showed rows, for others add media too.
Being wrong about a place costs a call; what a page proves does not depend on it. This file must
not know calls, answers or the state.
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
class _Position:
    """One row in the order of creation.

    Attributes:
        rank: how many came before it.
        newer: listed rows, no longer in flight, between it and the next newer one in flight.
        place: expected in the whole list, from 0, without the drift.
        off: how far from there a page last showed it, beside the drift.
    """

    state: InAccount
    rank: int
    newer_listed_count: int = 0
    position: float = 0.0
    offset: float = 0.0


class ListPositions:
    """The account's list, as far as this run's rows go.

    Args:
        pages: how long pages are, and how many.
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
        self._positions: dict[int, _Position] = {}
        self._last_rank = 0
        #: (rank, listed rows that it stood for) of rows that left since places were worked out.
        self._departed: list[tuple[int, int]] = []
        self._drift = 0.0
        self._is_outdated = True
        #: Media that are known to be in the list, by their id, the latest last.
        self._known_media: OrderedDict[str, CreationTime] = OrderedDict()
        #: The newest media before the first create, and when it was seen to be that.
        self._newest_before: tuple[str, float] | None = None

    # Rows in and out --------------------------------------------------------------------------

    def add(self, state: InAccount, newer_listed_count: int = 0) -> None:
        """A row was, or may have been, created after all the others.

        Args:
            newer_than: listed rows, not in flight, between the last one added and this one.
        """
        self._last_rank += 1
        if newer_listed_count:
            self._departed.append((self._last_rank, newer_listed_count))
            self._last_rank += 1
        self._positions[state.row.number] = _Position(state, self._last_rank)
        self._is_outdated = True

    def replace(self, state: InAccount) -> None:
        """A row is in another state now."""
        self._positions[state.row.number].state = state

    def remove(self, number: int, *, is_listed: bool) -> None:
        """A row is in flight no more."""
        position = self._positions.pop(number, None)
        if position is not None:
            self._departed.append((position.rank, position.newer_listed_count + is_listed))
            self._is_outdated = True

    def add_known_media(self, media_id: str, created: CreationTime) -> None:
        """A media is known to be in the list from now on: what lists are measured by."""
        self._known_media[media_id] = created
        if len(self._known_media) > SAMPLE_SIZE:
            self._known_media.popitem(last=False)

    def set_newest_before(self, media_id: str, now: float) -> None:
        """The newest media of the account, while this run has created nothing."""
        self._newest_before = media_id, now

    # Places -----------------------------------------------------------------------------------

    def page_of(self, number: int, now: float) -> int:
        """The page on which a row is expected, from 1."""
        if self._is_outdated:
            self._update_positions(now)
        place = self._expected_position(self._positions[number])
        return min(int(place) // self._pages.size + 1, max(1, self._pages.known_page_count))

    def adjacent_page(self, number: int, now: float) -> int:
        """The page beside the one on which a row is expected, at the nearer border of that."""
        page = self.page_of(number, now)
        behind = (
            self._expected_position(self._positions[number]) % self._pages.size
            >= self._pages.size / 2
        )
        return min(page + 1, max(1, self._pages.known_page_count)) if behind else max(1, page - 1)

    def _expected_position(self, position: _Position) -> float:
        return max(0.0, position.position + position.offset + self._drift)

    def _update_positions(self, now: float) -> None:
        """Give every row its place, from the newest to the oldest."""
        self._is_outdated = False
        gone = sorted(self._departed)
        self._departed.clear()
        place = 0.0
        for position in reversed(self._positions.values()):
            while gone and gone[-1][0] > position.rank:
                position.newer_listed_count += gone.pop()[1]
            place += position.newer_listed_count
            position.position = place
            place += self._listed_share(position.state, now)

    def _listed_share(self, state: InAccount, now: float) -> float:
        if self._consistency.shows_processing:
            return 1.0
        not_done_at = self._polling[state.row.number].not_done_age
        return self._processing_times.share_done(state.created.min_age(now), not_done_at)

    def learn_positions(self, positions: dict[int, int], now: float) -> None:
        """A page showed rows: learn where they stand.

        Args:
            places: in the whole list, from 0, by row number.
        """
        if self._is_outdated:
            self._update_positions(now)
        off = [
            place - self._expected_position(self._positions[number])
            for number, place in positions.items()
        ]
        if off:
            mean = sum(off) / len(off)
            # One page tells of its own neighbourhood: go half-way, unless it is far off.
            self._drift += mean / 2 if abs(mean) < self._pages.size / 2 else mean
        for number, place in positions.items():
            position = self._positions[number]
            position.offset = place - position.position - self._drift

    def learn_borders(self, media_ids: Sequence[str], first_position: int) -> bool:
        """A page shows imported rows: those in flight that are older stand behind them.

        Args:
            first: the place of the first of them in the whole list, from 0.

        Returns:
            whether rows were thought to stand elsewhere.
        """
        known = [
            (place, self._known_media[media_id])
            for place, media_id in enumerate(media_ids, start=first_position)
            if media_id in self._known_media and self._known_media[media_id].is_certain
        ]
        if not known:
            return False
        (above, newest), (below, oldest) = known[0], known[-1]
        positions = self._positions.values()
        older = [s.position for s in positions if s.state.created.middle < oldest.middle]
        newer = [s.position for s in positions if s.state.created.middle > newest.middle]
        drift = self._drift
        if older:
            drift = max(drift, below + 1 - min(older))
        if newer:
            drift = min(drift, above - 1 - max(newer))
        moved = drift != self._drift
        self._drift = drift
        return moved

    def halve_drift(self) -> None:
        """A page showed none of the rows that were expected there: the drift was wrong."""
        self._drift /= 2

    def move_to_next_page(self, *, is_last: bool) -> None:
        """A page showed none of the rows that lists must show by now: others have added media.

        Args:
            last: no page follows: begin anew.
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
        """Between which moments a page shows everything that was created.

        Rows on it are surely older and surely newer than what stands between them. A row has two
        moments, before and after its POST; of these the one is taken that cannot be wrong.

        Args:
            media_ids: the media on the page.
            in_flight: when media on it were created that are of rows in flight.
            asked: when it was asked for, where it is the first page.
            last: no page follows.
        """
        known = (
            self._known_media[media_id] for media_id in media_ids if media_id in self._known_media
        )
        dated = [created for created in (*known, *in_flight_times) if created.is_certain]
        oldest = min((created.latest for created in dated), default=float("inf"))
        newest = max((created.earliest for created in dated), default=float("-inf"))
        if is_last:
            oldest = float("-inf")
        elif self._newest_before and self._newest_before[0] in media_ids:
            # All that this run has created is newer than what was there before.
            oldest = min(oldest, self._newest_before[1])
        return oldest, newest if requested_at is None else requested_at

    def created_between(self, oldest: float, newest: float) -> list[InAccount]:
        """Rows in flight whose media, if there is one, was surely created between two moments."""
        return [
            position.state
            for position in self._positions.values()
            if position.state.created.earliest >= oldest and position.state.created.latest <= newest
        ]

    def check_consistency(self, media_ids: Collection[str], oldest: float, newest: float) -> None:
        """Known media are in every list that covers them, or lists prove nothing."""
        for media_id, created in self._known_media.items():
            if created.is_certain and created.earliest >= oldest and created.latest <= newest:
                if media_id in media_ids:
                    self._consistency.record_shown_again()
                else:
                    self._consistency.mark_inconsistent()
