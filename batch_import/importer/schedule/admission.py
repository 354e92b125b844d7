"""Which rows come in, and what is in the account before the first of them is created. Pure.

The account is read page by page, or each row is searched for before its POST, whichever is fewer
calls. This file must not know which call comes next.
"""

from collections.abc import Iterable, Sequence

from batch_import.configuration.settings import Settings
from batch_import.errors import AuthenticationFailed, RequestFailed, RequestRejected, RunFault
from batch_import.importer.adoption import Adoption
from batch_import.importer.calls import Answer, ReadPage
from batch_import.importer.pages import Pages
from batch_import.importer.schedule.adopting import take_over, to_create
from batch_import.importer.schedule.creation import Creation
from batch_import.importer.schedule.flights import (
    Created,
    InAccount,
    Posting,
    Processing,
    ToCreate,
    Unknown,
)
from batch_import.importer.schedule.giving_up import cannot_be_searched
from batch_import.importer.schedule.listing import Listing
from batch_import.importer.schedule.ownership import non_failed, to_take_over
from batch_import.importer.schedule.repeat import is_weather
from batch_import.importer.schedule.settling import Settling
from batch_import.importer.schedule.showing import Showing
from batch_import.importer.schedule.tracker import Tracker
from batch_import.models import JobRow, Media, MediaPage, Status, StatusUpdate


class Admission:
    """Takes rows into the run.

    Attributes:
        more_pending: the state may have pending rows left.
    """

    def __init__(
        self,
        settings: Settings,
        tracker: Tracker,
        creation: Creation,
        settling: Settling,
        listing: Listing,
        pages: Pages,
        showing: Showing,
    ) -> None:
        self._settings = settings
        self._tracker = tracker
        self._creation = creation
        self._settling = settling
        self._listing = listing
        self._pages = pages
        self._showing = showing
        self._adoption = Adoption(0, pages)
        #: Rows of which pages have shown only media that may be others': their own may follow.
        self._undecided: dict[int, tuple[JobRow, list[Media]]] = {}
        self.more_pending = True

    def wanted(self) -> int:
        """How many pending rows to claim now: few, for a crash leaves them all unknown."""
        if self._settling.sent_again:
            self._settling.sent_again, self.more_pending = False, True
        if not self.more_pending or self._creation.has_fresh or self.adopting:
            return 0
        room = self._settings.max_in_flight - len(self._tracker)
        return max(0, min(room, 1 + int(self._settings.rate / 4)))

    def no_more_pending(self) -> None:
        """The state has no pending rows left."""
        self.more_pending = False

    def admit(self, rows: Iterable[JobRow], now: float) -> None:
        """Take charge of rows: claimed ones are created, others looked at."""
        for row in rows:
            if row.status is Status.PENDING:
                todo = to_create(row, now, check_exists_first=self.looks_first)
                self._tracker.put(row, todo)
                self._creation.add(todo)
                continue
            latest = row.sent_at if row.sent_at is not None else now
            claimed = row.claimed_at if row.claimed_at is not None else float("-inf")
            # What was found in the account was never sent: only its title makes a media its own.
            intent = float("inf") if row.claimed_at is None else claimed
            created = Created(claimed, latest, intent, certain=row.claims <= 1)
            self._tracker.enter_account(_resumed(row, created, now), now, row.imported_between)

    def remember(self, rows: Iterable[JobRow]) -> None:
        """Rows that earlier runs imported: what lists are measured by, the latest last."""
        for row in rows:
            if row.media_id and row.claimed_at is not None and row.sent_at is not None:
                created = Created(row.claimed_at, row.sent_at, row.claimed_at, row.claims <= 1)
                self._listing.remember(row.media_id, created)

    def adopt(self, pending: int | None, *, first_page_only: bool = False) -> None:
        """Look for pending rows in the account before any is created.

        Args:
            pending: how many; None where an earlier run of this job found that looking for each
                row is fewer calls.
            first_page_only: an earlier run has looked for them.
        """
        self._adoption = Adoption(pending or 0, self._pages, first_page_only=first_page_only)
        if pending is None:
            self._adoption.look_first()

    @property
    def adopting(self) -> bool:
        """Pages are to be matched with pending rows, by `adopted`; nothing is created yet."""
        return not self._adoption.done

    @property
    def looks_first(self) -> bool:
        """Each row is looked for before its POST."""
        return self._adoption.each_row

    def adopted(self, rows: Iterable[JobRow], page: MediaPage, now: float) -> list[StatusUpdate]:
        """Take over what is in the account.

        Args:
            rows: pending ones whose reference IDs are on the page.
        """
        changes = [change for row in rows for change in self._compared(row, page, now)]
        self._adoption.found(any_media=bool(changes or self._undecided))
        return changes + self._ids_taken(now)

    def _compared(self, row: JobRow, page: MediaPage, now: float) -> list[StatusUpdate]:
        """A row that was not sent is compared with a page, and with those read before."""
        _, before = self._undecided.pop(row.number, (row, []))
        items = [*before, *non_failed(page.items, row)]
        if to_take_over(items, row, self._settings.adopt):
            return self._settled(row, items, now)
        if items:
            self._undecided[row.number] = row, items
        return []

    def _ids_taken(self, now: float) -> list[StatusUpdate]:
        """Rows of which all of the list shows only media that may be others'."""
        if self.adopting:
            return []
        undecided, self._undecided = self._undecided, {}
        if self.looks_first:
            return []  # each of them is searched for
        found = undecided.values()
        return [change for row, items in found for change in self._settled(row, items, now)]

    def _settled(self, row: JobRow, items: Sequence[Media], now: float) -> list[StatusUpdate]:
        """A row is not sent, for the account has its reference ID."""
        todo = self._tracker.find(row.number)
        if isinstance(todo, ToCreate):
            self._creation.remove(todo)
        return take_over(self._tracker, row, items, self._settings.adopt, now)

    @property
    def page_waits(self) -> bool:
        """Whether a page is to be read in search of pending rows, and is not being read."""
        return self.adopting and self._adoption.page not in self._pages.out

    def page_to_read(self, paused_until: float, now: float) -> ReadPage | None:
        """The page that is read now in search of pending rows, if one is."""
        ready = self.page_waits and now >= paused_until
        return ReadPage(self._adoption.page) if ready else None

    def page_read(
        self, number: int, page: MediaPage, left: float, now: float
    ) -> list[StatusUpdate]:
        """A page was read, perhaps for another purpose.

        Args:
            left: when it was asked for.
        """
        adopting = self.adopting
        if number == 1 and adopting and not len(self._tracker) and page.items:
            self._listing.before_first_create(page.items[0].id, left)
        self._adoption.read(number, page)
        rows = self._to_be_searched(page, adopting=adopting)
        changes = [change for row in rows for change in self._compared(row, page, now)]
        if not adopting:
            self._undecided.clear()  # they are searched for
        return changes

    def _to_be_searched(self, page: MediaPage, *, adopting: bool) -> list[JobRow]:
        """Claimed rows with media on a page that are, or are about to be, searched for."""
        rows = {}
        for media in page.items:
            flight = self._tracker.with_reference(media.reference_id)
            todo = flight.todo if isinstance(flight, Posting) and adopting else flight
            if isinstance(todo, ToCreate) and todo.check_exists_first:
                rows[todo.row.number] = todo.row
        return list(rows.values())

    def page_refused(self, answer: Answer) -> RunFault | None:
        """A page could not be read; returns why the run cannot go on, if it cannot."""
        refused = isinstance(answer, RequestRejected | AuthenticationFailed) and not is_weather(
            answer
        )
        if not (refused and self.adopting and isinstance(answer, RequestFailed)):
            return None
        if not self._showing.filter_works:
            return cannot_be_searched(answer)
        self._adoption.look_first()
        return None

    def search_answered(self) -> None:
        """A search before a POST was answered: perhaps only the whole list tells."""
        if self.looks_first and not self._showing.filter_works:
            self._adoption = Adoption(None, self._pages)


def _resumed(row: JobRow, created: Created, now: float) -> InAccount:
    """A row that an earlier run left under way."""
    if row.status is Status.UNKNOWN and row.ingest_id is None:
        return Unknown(row, created, now, "an earlier run got no clear answer", held=row.held)
    return Processing(row, created, now, ingest_id=row.ingest_id, media_id=row.media_id)
