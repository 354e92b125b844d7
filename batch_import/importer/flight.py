"""A row in flight, and what this run knows of it. Pure data; this file must not know any rule."""

from dataclasses import dataclass, field

from batch_import.models import Row, Status
from batch_import.viostream.account_pager import AccountPager


@dataclass(slots=True, eq=False)
class InFlight:
    """A row whose POST is about to leave, or was, or may have been, carried out.

    All times are in epoch seconds; its media was created between `left` and `ended`.

    Attributes:
        since: when this run began to wait for it.
        left: when its POST left, at the earliest.
        ended: when its POST was answered or given up.
        media_id: the media that it was found to be, while that was not online yet.
        online: its ingest is known to be online; only the media must be found.
        plays: its ingest is online: a media that failed is another one's.
        conflict: the platform says that its reference ID is taken.
        dated: a media of its reference ID was made by its last POST, for there was none before.
        look_first: its reference ID is to be looked for before its POST leaves.
        index: its place in its block of the sweep, in order of creation.
        looked: when a list was last read that told of it; at first, when its POST ended.
        tried: when a page was last read that told of it, or should have.
        seen: a list has shown it.
        waited: the age at which lists last showed that it is not done.
        missed: looks at its place, one after the other, that did not show it.
        astray: reads of the page on which it was expected, one after the other, that told
            nothing of it.
        searched: pages that were read in search of it, as the filter finds nothing.
        absent: ages at which a list that covers its place did not show it.
        looks: single looks that brought nothing; the next one waits longer.
        search: what a single look has read so far; None before its first page.
        turn: its entry in the queue of single looks.
        asked: when a single look at it left; None while there is none.
        doubtful: lists say that it failed, or show it no more: only a single look can tell.
        words: why its POST got no clear answer.
    """

    row: Row
    status: Status
    since: float
    left: float
    ended: float
    ingest_id: str | None = None
    media_id: str | None = None
    online: bool = False
    plays: bool = False
    conflict: bool = False
    dated: bool = True
    look_first: bool = False
    index: int = 0
    looked: float = float("-inf")
    tried: float = float("-inf")
    seen: bool = False
    waited: float | None = None
    missed: int = 0
    astray: int = 0
    searched: int = 0
    absent: list[float] = field(default_factory=list)
    looks: int = 0
    search: AccountPager | None = None
    turn: int = 0
    asked: float | None = None
    doubtful: bool = False
    words: str = ""

    @property
    def page(self) -> int:
        """Which page of a single look comes next, from 1."""
        return self.search.page if self.search else 1

    @property
    def number(self) -> int:
        """The row's number in the state."""
        return self.row.number

    @property
    def reference_id(self) -> str:
        """What its media is found by."""
        return self.row.reference_id

    def age(self, now: float) -> float:
        """The age of its media in seconds, at the least."""
        return max(0.0, now - self.ended)

    def oldest_age(self, now: float) -> float:
        """The age of its media in seconds, at the most, as far as that is known."""
        return max(0.0, now - (self.left if self.left > float("-inf") else self.ended))
