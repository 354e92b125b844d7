"""Where rows stand in the account's list, newest first, and what a page of it proves. Pure.

Rows are kept in the order of their creation. A row's expected place is the number of listed rows
that are newer, plus a drift learned from where pages really showed rows, for others add media too.
Being wrong about a place costs a call; what a page proves does not depend on it. This file must
not know calls, answers or the state.
"""

from collections import OrderedDict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from batch_import.importer.pages import Pages
from batch_import.importer.schedule.flights import Created, InAccount
from batch_import.importer.schedule.observations import SAMPLE, ProcessingTimes
from batch_import.importer.schedule.polling import Polling
from batch_import.importer.schedule.repeat import ListConsistency


@dataclass(slots=True)
class _Spot:
    """One row in the order of creation.

    Attributes:
        rank: how many came before it.
        newer: listed rows, no longer in flight, between it and the next newer one in flight.
        place: expected in the whole list, from 0, without the drift.
        off: how far from there a page last showed it, beside the drift.
    """

    row: InAccount
    rank: int
    newer: int = 0
    place: float = 0.0
    off: float = 0.0


class Listing:
    """The account's list, as far as this run's rows go.

    Args:
        pages: how long pages are, and how many.
    """

    def __init__(
        self,
        pages: Pages,
        times: ProcessingTimes,
        consistency: ListConsistency,
        polling: Polling,
    ) -> None:
        self._pages = pages
        self._times = times
        self._consistency = consistency
        self._polling = polling
        self._spots: dict[int, _Spot] = {}
        self._ranks = 0
        #: (rank, listed rows that it stood for) of rows that left since places were worked out.
        self._gone: list[tuple[int, int]] = []
        self._drift = 0.0
        self._stale = True
        #: Media that are known to be in the list, by their id, the latest last.
        self._known: OrderedDict[str, Created] = OrderedDict()
        #: The newest media before the first create, and when it was seen to be that.
        self._newest_before: tuple[str, float] | None = None

    # Rows in and out --------------------------------------------------------------------------

    def add(self, row: InAccount, newer_than: int = 0) -> None:
        """A row was, or may have been, created after all the others.

        Args:
            newer_than: listed rows, not in flight, between the last one added and this one.
        """
        self._ranks += 1
        if newer_than:
            self._gone.append((self._ranks, newer_than))
            self._ranks += 1
        self._spots[row.row.number] = _Spot(row, self._ranks)
        self._stale = True

    def replace(self, row: InAccount) -> None:
        """A row is in another state now."""
        self._spots[row.row.number].row = row

    def remove(self, number: int, *, listed: bool) -> None:
        """A row is in flight no more."""
        spot = self._spots.pop(number, None)
        if spot is not None:
            self._gone.append((spot.rank, spot.newer + listed))
            self._stale = True

    def remember(self, media_id: str, created: Created) -> None:
        """A media is known to be in the list from now on: what lists are measured by."""
        self._known[media_id] = created
        if len(self._known) > SAMPLE:
            self._known.popitem(last=False)

    def before_first_create(self, media_id: str, now: float) -> None:
        """The newest media of the account, while this run has created nothing."""
        self._newest_before = media_id, now

    # Places -----------------------------------------------------------------------------------

    def page_of(self, number: int, now: float) -> int:
        """The page on which a row is expected, from 1."""
        if self._stale:
            self._work_out(now)
        place = self._expected(self._spots[number])
        return min(int(place) // self._pages.size + 1, max(1, self._pages.many))

    def nearest_page(self, number: int, now: float) -> int:
        """The page beside the one on which a row is expected, at the nearer border of that."""
        page = self.page_of(number, now)
        behind = self._expected(self._spots[number]) % self._pages.size >= self._pages.size / 2
        return min(page + 1, max(1, self._pages.many)) if behind else max(1, page - 1)

    def _expected(self, spot: _Spot) -> float:
        return max(0.0, spot.place + spot.off + self._drift)

    def _work_out(self, now: float) -> None:
        """Give every row its place, from the newest to the oldest."""
        self._stale = False
        gone = sorted(self._gone)
        self._gone.clear()
        place = 0.0
        for spot in reversed(self._spots.values()):
            while gone and gone[-1][0] > spot.rank:
                spot.newer += gone.pop()[1]
            place += spot.newer
            spot.place = place
            place += self._share_listed(spot.row, now)

    def _share_listed(self, row: InAccount, now: float) -> float:
        if self._consistency.shows_processing:
            return 1.0
        not_done_at = self._polling[row.row.number].not_done_at
        return self._times.share_done_by(row.created.age(now), not_done_at)

    def learn_places(self, places: dict[int, int], now: float) -> None:
        """A page showed rows: learn where they stand.

        Args:
            places: in the whole list, from 0, by row number.
        """
        if self._stale:
            self._work_out(now)
        off = [place - self._expected(self._spots[number]) for number, place in places.items()]
        if off:
            mean = sum(off) / len(off)
            # One page tells of its own neighbourhood: go half-way, unless it is far off.
            self._drift += mean / 2 if abs(mean) < self._pages.size / 2 else mean
        for number, place in places.items():
            spot = self._spots[number]
            spot.off = place - spot.place - self._drift

    def learn_borders(self, media_ids: Sequence[str], first: int) -> bool:
        """A page shows imported rows: those in flight that are older stand behind them.

        Args:
            first: the place of the first of them in the whole list, from 0.

        Returns:
            whether rows were thought to stand elsewhere.
        """
        known = [
            (place, self._known[media_id])
            for place, media_id in enumerate(media_ids, start=first)
            if media_id in self._known and self._known[media_id].certain
        ]
        if not known:
            return False
        (above, newest), (below, oldest) = known[0], known[-1]
        spots = self._spots.values()
        older = [s.place for s in spots if s.row.created.middle < oldest.middle]
        newer = [s.place for s in spots if s.row.created.middle > newest.middle]
        drift = self._drift
        if older:
            drift = max(drift, below + 1 - min(older))
        if newer:
            drift = min(drift, above - 1 - max(newer))
        moved = drift != self._drift
        self._drift = drift
        return moved

    def doubt(self) -> None:
        """A page showed none of the rows that were expected there: the drift was wrong."""
        self._drift /= 2

    def search_on(self, *, last: bool) -> None:
        """A page showed none of the rows that lists must show by now: others have added media.

        Args:
            last: no page follows: begin anew.
        """
        self._drift = 0.0 if last else self._drift + self._pages.size

    # What a page proves -----------------------------------------------------------------------

    def covered(
        self,
        media_ids: Collection[str],
        in_flight: Iterable[Created],
        asked: float | None,
        *,
        last: bool,
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
        known = (self._known[media_id] for media_id in media_ids if media_id in self._known)
        dated = [created for created in (*known, *in_flight) if created.certain]
        oldest = min((created.latest for created in dated), default=float("inf"))
        newest = max((created.earliest for created in dated), default=float("-inf"))
        if last:
            oldest = float("-inf")
        elif self._newest_before and self._newest_before[0] in media_ids:
            # All that this run has created is newer than what was there before.
            oldest = min(oldest, self._newest_before[1])
        return oldest, newest if asked is None else asked

    def created_between(self, oldest: float, newest: float) -> list[InAccount]:
        """Rows in flight whose media, if there is one, was surely created between two moments."""
        return [
            spot.row
            for spot in self._spots.values()
            if spot.row.created.earliest >= oldest and spot.row.created.latest <= newest
        ]

    def measure(self, media_ids: Collection[str], oldest: float, newest: float) -> None:
        """Known media are in every list that covers them, or lists prove nothing."""
        for media_id, created in self._known.items():
            if created.certain and created.earliest >= oldest and created.latest <= newest:
                if media_id in media_ids:
                    self._consistency.seen_again()
                else:
                    self._consistency.mark_inconsistent()
