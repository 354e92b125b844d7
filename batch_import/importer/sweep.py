"""Which page of the newest-first list is worth a call now, and which rows a page covers. Pure.

Rows stand in blocks, in the order of their creation: neighbours are of one age and are seen
together. A block's expected place in the list is how many listed rows came after it, plus a drift
learned from where pages really showed rows, for others add media, too. This file must not know
calls, answers or the state.
"""

import math
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Final

from batch_import.importer.backoff import backoff
from batch_import.importer.flight import InFlight
from batch_import.importer.pages import Pages
from batch_import.importer.sightings import ListedTime, Visibility

#: Rows of a block: a page holds a few, so that a shifted page boundary costs little.
_BLOCK: Final = 20
#: While rows wait to be created, a page must promise so many rows for its call …
_PAYS: Final = 50.0
#: … which halves with every so many poll intervals since its rows were last seen.
_PATIENCE: Final = 5.0
#: When none waits, it must promise this share of its rows, or half a row …
_SHARE: Final = 0.5
#: … which halves whenever its rows have become older by this share, or a poll interval passes.
_PAUSE: Final = 0.25
#: Promises are worked out anew this often (seconds), for it costs CPU.
_EVERY: Final = 0.2
#: While little is known, a page is looked at when the oldest row is so old (seconds), and again
#: after twice as long each time, but no further apart than so many poll intervals …
_FIRST_LOOK: Final = 2.0
_LONGEST: Final = 10.0
#: … and no more often than this.
_PROBES: Final = 7
#: Pages without a known row, one after the other, after which the search for them starts anew.
_LOST: Final = 20
#: How often a row's promise is halved because it was not where it was expected.
_DOUBTS: Final = 2
_NEXT_TO_NOTHING: Final = 1e-9


#: When a row was looked at, and tried, and how far astray it is.
_Looks = tuple[float, float, int]


def _looks(row: InFlight) -> _Looks:
    return row.looked, row.tried, row.astray


@dataclass(slots=True, eq=False)
class _Block:
    """Neighbours by creation.

    Attributes:
        began: when its first row was created.
        rows: those in flight, by number.
        size: how many rows it has had.
        gone: how many of them are in the list and no longer in flight.
        above: how many listed rows are newer than all of it.
        density: how many of it are expected in the list, for each that it has had.
        groups: how many rows were looked at and tried at the same moments, and are as far astray;
            None where that is to be counted again.
    """

    began: float
    rows: dict[int, InFlight] = field(default_factory=dict)
    size: int = 0
    gone: int = 0
    above: float = 0.0
    density: float = 1.0
    groups: Counter[_Looks] | None = None

    def above_row(self, row: InFlight) -> float:
        """How many listed rows are newer than one of its rows."""
        return self.above + (self.size - 1 - row.index) * self.density

    def counted(self) -> Counter[_Looks]:
        """Its groups."""
        if self.groups is None:
            self.groups = Counter(map(_looks, self.rows.values()))
        return self.groups


@dataclass(slots=True)
class _Promise:
    """What a page is expected to tell.

    Attributes:
        gain: rows newly done.
        rows: rows in flight on it, the oldest of which began at a moment.
        tried: when it was last read.
    """

    gain: float = 0.0
    rows: int = 0
    began: float = float("inf")
    tried: float = float("-inf")


class Sweep:
    """Where rows in flight stand in the list.

    Args:
        pages: what is known of them.
        poll_interval: seconds; a page's price falls with every one of them.
    """

    def __init__(
        self, pages: Pages, poll_interval: float, listed: ListedTime, visibility: Visibility
    ) -> None:
        self._pages = pages
        self._poll_interval = poll_interval
        self._listed = listed
        self._visibility = visibility
        self._blocks: list[_Block] = []
        self._of: dict[int, _Block] = {}
        self._drift = 0.0
        self._strange_pages = 0
        self._probe_at = float("-inf")
        self._probes = 0
        self._stale_at = float("-inf")
        self._promises: dict[int, _Promise] = {}

    # Rows in and out --------------------------------------------------------------------------

    def add(self, row: InFlight, between: int = 0) -> None:
        """A row was, or may have been, created after all the others.

        Args:
            between: how many rows no longer in flight were created since the last one.
        """
        if between:
            self._blocks.append(_Block(row.ended, size=between, gone=between))
        last = self._blocks[-1] if self._blocks else None
        if last is None or last.size >= _BLOCK:
            last = _Block(row.ended)
            self._blocks.append(last)
        row.index, row.looked, row.tried, row.astray = last.size, row.ended, row.ended, 0
        last.size += 1
        last.groups = None
        last.rows[row.number] = row
        self._of[row.number] = last

    def remove(self, row: InFlight, *, listed: bool) -> None:
        """A row is in flight no more."""
        block = self._of.pop(row.number, None)
        if block is not None:
            del block.rows[row.number]
            block.gone += listed
            block.groups = None

    def told(self, row: InFlight, left: float) -> None:
        """A list that left at a moment told of a row, by showing it or not."""
        row.looked = row.tried = max(row.looked, left)
        row.astray = 0
        self._count_again(row)

    def strayed(self, row: InFlight, left: float) -> None:
        """The page on which a row was expected told nothing of it."""
        row.tried = left
        row.astray += 1
        self._count_again(row)

    def _count_again(self, row: InFlight) -> None:
        block = self._of.get(row.number)
        if block is not None:
            block.groups = None

    # What a page told -------------------------------------------------------------------------

    def looked(self, page: int, places: dict[int, int], *, last: bool) -> None:
        """A page was read: learn where rows stand.

        Args:
            places: where on the whole list the rows on the page stand, from 0, by row number.
            last: it is the last page of the list.
        """
        found = [
            place - self._place(block, block.rows[number])
            for number, place in places.items()
            if (block := self._of.get(number))
        ]
        if found:
            off = sum(found) / len(found)
            # One page tells of its own neighbourhood: go half-way, unless it is far off.
            self._drift += off / 2 if abs(off) < self._pages.size / 2 else off
            self._strange_pages = 0
        elif self.expected(page):
            self._search_on(last=last)
        self._promises.pop(page, None)  # kept as soon as all is weighed again

    def page_of(self, row: InFlight) -> int:
        """The page on which a row is expected, from 1."""
        block = self._of.get(row.number)
        return self._page(block, row) if block else 1

    def expected(self, page: int) -> list[InFlight]:
        """The rows that a page should show."""
        return [
            row
            for block in self._blocks
            if block.rows and self._newest(block) <= page <= self._oldest(block)
            for row in block.rows.values()
            if self._page(block, row) == page
        ]

    def _place(self, block: _Block, row: InFlight) -> float:
        return max(0.0, block.above_row(row) + self._drift)

    def _page(self, block: _Block, row: InFlight) -> int:
        return int(self._place(block, row)) // self._pages.size + 1

    def _newest(self, block: _Block) -> int:
        """The page on which the newest of a block's rows in flight is expected."""
        return self._page(block, next(reversed(block.rows.values())))

    def _oldest(self, block: _Block) -> int:
        """The page on which the oldest of a block's rows in flight is expected."""
        return self._page(block, next(iter(block.rows.values())))

    def _search_on(self, *, last: bool) -> None:
        """No row where some were expected: others may have added media, so look further down."""
        self._strange_pages += 1
        lost = last or self._strange_pages % _LOST == 0
        self._drift = 0.0 if lost else self._drift + self._pages.size

    def created_between(self, oldest: float, newest: float) -> list[InFlight]:
        """Rows in flight whose media, if there is one, was surely created between two moments."""
        return [
            row
            for block in self._blocks
            for row in block.rows.values()
            if row.left >= oldest and row.ended <= newest
        ]

    # What to look at --------------------------------------------------------------------------

    def best(self, now: float, busy: Collection[int], *, creating: bool) -> int | None:
        """The page worth a call now, from 1; None where none is.

        Args:
            busy: pages that are under way.
            creating: rows wait to be created, so that a call has a price.
        """
        self._weigh(now)
        if not self._promises:
            return None
        if not self._listed.known and self._probes < _PROBES:
            return None if busy else self._probe(now)
        worth = {
            page: promise.gain / self._price(promise, now, creating=creating)
            for page, promise in self._promises.items()
            if page not in busy
        }
        best = max(worth, key=worth.__getitem__, default=None)
        return best if best is not None and worth[best] >= 1 else None

    def asks_again_at(self, now: float) -> float:
        """When `best` may say something else, as long as nothing else happens."""
        if not self._promises:
            return now + _EVERY if self._of else float("inf")
        # Promises grow slowly where they are old.
        youngest = max(promise.tried for promise in self._promises.values())
        return now + min(max(_EVERY, (now - youngest) / 10), self._poll_interval / 2)

    def _probe(self, now: float) -> int | None:
        """While little is known, a look at the oldest rows tells most."""
        oldest = next((block for block in self._blocks if block.rows), None)
        first = min(_FIRST_LOOK, self._poll_interval)
        if oldest is None or now < max(self._probe_at, oldest.began + first):
            return None
        self._probe_at = now + backoff(first, self._probes, _LONGEST * self._poll_interval)
        self._probes += 1
        return self._newest(oldest)

    def _price(self, promise: _Promise, now: float, *, creating: bool) -> float:
        quiet = now - promise.tried
        if creating:
            return _NEXT_TO_NOTHING + _PAYS * math.exp2(-quiet / (_PATIENCE * self._poll_interval))
        # Young rows may be done any second; old ones take their time.
        pause = min(self._poll_interval, max(_EVERY, _PAUSE * (now - promise.began)))
        return _NEXT_TO_NOTHING + max(0.5, _SHARE * promise.rows) * math.exp2(-quiet / pause)

    def _weigh(self, now: float) -> None:
        """Work out where rows stand, and what each page promises."""
        if now < self._stale_at:
            return
        self._stale_at = now + _EVERY
        self._lay_out(now)
        self._promises = {}
        for block in self._blocks:
            for (page, looked, tried, astray), rows in self._groups(block).items():
                promise = self._promises.setdefault(page, _Promise())
                # Rows that were not where they were expected promise less.
                doubt = 0.5 ** min(astray, _DOUBTS)
                promise.gain += rows * self._chance(block, looked, now) * doubt
                promise.rows += rows
                promise.tried = max(promise.tried, tried)
                promise.began = min(promise.began, block.began)

    def _groups(self, block: _Block) -> Counter[tuple[int, float, float, int]]:
        """A block's rows by the page they are expected on, and by how they were looked at."""
        if not block.rows:
            return Counter()
        page = self._newest(block)
        if page == self._oldest(block):
            return Counter({(page, *looks): n for looks, n in block.counted().items()})
        rows = block.rows.values()
        return Counter((self._page(block, row), *_looks(row)) for row in rows)

    def _shown(self, block: _Block, now: float) -> float:
        """How many of a block's rows in flight are expected in the list."""
        if self._visibility.early:
            return len(block.rows)
        return sum(n * self._chance(block, looks[0], now) for looks, n in block.counted().items())

    def _chance(self, block: _Block, looked: float, now: float) -> float:
        """That a row, not done when it was looked at, is done now."""
        return self._listed.done_since(looked - block.began, now - block.began)

    def _lay_out(self, now: float) -> None:
        """Give every block its expected place, and forget those that matter no more."""
        above = 0.0
        kept: list[_Block] = []
        for block in reversed(self._blocks):
            listed = block.gone + self._shown(block, now)
            block.above, block.density = above, listed / max(1, block.size)
            above += listed
            if kept and not block.rows and not kept[-1].rows:
                kept[-1].gone += block.gone
                kept[-1].size += block.size
            else:
                kept.append(block)
        while len(kept) > 1 and not kept[-1].rows:
            kept.pop()
        kept.reverse()
        self._blocks = kept
