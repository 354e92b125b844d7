"""Take rows into the run, and search the account for their media before the first POST. No I/O.

A row whose media exists adopts this media: the media is used for the row instead of creating one.
To find such media, the account's media list is read page by page before the first POST, or each row
is searched for by its reference ID before its own POST. The way that needs fewer requests is used.
This module must not know which request comes next.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from batch_import.configuration.settings import Settings
from batch_import.errors import AuthenticationFailed, RequestRejected, RunFault
from batch_import.importer.adoption_search import AdoptionSearch
from batch_import.importer.list_pages import ListPages
from batch_import.importer.schedule.adopt_row import adopt_or_refuse, waiting_row
from batch_import.importer.schedule.create_queue import CreateQueue
from batch_import.importer.schedule.give_up_timer import account_not_searchable
from batch_import.importer.schedule.list_positions import ListPositions
from batch_import.importer.schedule.lookups import Lookups
from batch_import.importer.schedule.ownership import media_to_adopt, non_failed
from batch_import.importer.schedule.repeat import is_transport_failure
from batch_import.importer.schedule.row_states import (
    CreationTime,
    InAccount,
    Posting,
    Processing,
    ToCreate,
    Unknown,
)
from batch_import.importer.schedule.settling import Settling
from batch_import.importer.schedule.tracker import Tracker
from batch_import.importer.scheduled_request import Answer, ReadPage
from batch_import.manifest.deadlines import MAX_DOWNLOAD_SECONDS
from batch_import.models import JobRow, Media, MediaPage, Status, StatusUpdate
from batch_import.viostream.endpoints import PAGE_SIZE

#: Maximum validity, in seconds, of a signed URL that counts as short-lived: it may expire before
#: the platform has fetched the video.
SHORT_URL_LIFE_SECONDS: Final = MAX_DOWNLOAD_SECONDS
#: Maximum number of rows in flight if URLs are short-lived. These rows fit on one page of the media
#: list; therefore one request shows all of them. A platform that fetches two videos a minute
#: fetches all of them in time.
MAX_SHORT_LIVED_ROWS: Final = PAGE_SIZE
#: Rows are claimed ahead for this time, in seconds, at the maximum rate. It is short, because a
#: crash makes all claimed rows unknown.
_CLAIMED_AHEAD_SECONDS: Final = 0.25


class Admission:
    """Takes rows into the run, and searches the account for them.

    Attributes:
        has_more_pending: whether the job database may have more pending rows to claim.
    """

    def __init__(
        self,
        settings: Settings,
        tracker: Tracker,
        create_queue: CreateQueue,
        settling: Settling,
        positions: ListPositions,
        pages: ListPages,
        lookups: Lookups,
    ) -> None:
        self._settings = settings
        self._tracker = tracker
        self._create_queue = create_queue
        self._settling = settling
        self._positions = positions
        self._pages = pages
        self._lookups = lookups
        self._adoption_search = AdoptionSearch(0, pages)
        #: By row number: a row, and the media with its reference ID on the pages read so far. The
        #: row must not adopt any of these media, but a later page may have a media to adopt.
        self._undecided: dict[int, tuple[JobRow, list[Media]]] = {}
        self.has_more_pending = True
        self._max_in_flight = settings.max_in_flight

    def wanted_count(self) -> int:
        """Returns the number of pending rows to claim now.

        To claim a row means to store that its POST is about to be sent.
        """
        if self._settling.has_requeued_rows:
            self._settling.has_requeued_rows, self.has_more_pending = False, True
        if not self.has_more_pending or self._create_queue.has_new_rows or self.is_adopting:
            return 0
        free_count = self._max_in_flight - len(self._tracker)
        return max(0, min(free_count, 1 + int(self._settings.rate * _CLAIMED_AHEAD_SECONDS)))

    def record_url_life(self, seconds: float) -> None:
        """Record for how many seconds a signed URL is valid. Limits the rows in flight if short."""
        if seconds <= SHORT_URL_LIFE_SECONDS:
            self._max_in_flight = min(self._max_in_flight, MAX_SHORT_LIVED_ROWS)

    def set_no_more_pending(self) -> None:
        """Record that the job database has no more pending rows."""
        self.has_more_pending = False

    def admit(self, rows: Iterable[JobRow], now: float) -> None:
        """Take rows in: pending rows wait for their POST, other rows for a status request.

        Args:
            rows: rows that were just claimed, or that a previous run left in flight.
            now: current time in epoch seconds.
        """
        for row in rows:
            if row.status is Status.PENDING:
                waiting = waiting_row(row, now, needs_search=self.checks_each_row)
                self._tracker.set_state(row, waiting)
                self._create_queue.add(waiting)
                continue
            # A row that was never claimed has adopted a media, which may have any age. The row was
            # never sent; therefore the creation time cannot show that the media is the row's.
            created = CreationTime(
                earliest=row.claimed_at if row.claimed_at is not None else float("-inf"),
                latest=row.sent_at if row.sent_at is not None else now,
                first_post_at=row.claimed_at if row.claimed_at is not None else float("inf"),
                is_certain=row.claim_count <= 1,
            )
            self._tracker.enter_account(
                _resumed_state(row, created, now), now, row.imported_between_count
            )

    def add_recently_imported(self, rows: Iterable[JobRow]) -> None:
        """Add rows that previous runs imported. They show whether lists are reliable.

        Lists must show the media of these rows. A list that does not is not reliable.

        Args:
            rows: the rows, in the order of their import.
        """
        for row in rows:
            if row.media_id and row.claimed_at is not None and row.sent_at is not None:
                created = CreationTime(
                    earliest=row.claimed_at,
                    latest=row.sent_at,
                    first_post_at=row.claimed_at,
                    is_certain=row.claim_count <= 1,
                )
                self._positions.add_known_media(row.media_id, created)

    def start_adoption(self, pending_count: int | None, *, first_page_only: bool = False) -> None:
        """Search the account for pending rows before any row is created.

        Args:
            pending_count: number of pending rows. None if a previous run of this job decided to
                search for each row before its POST.
            first_page_only: whether a previous run has read the whole list. Then its first page is
                enough, unless this page has a media that a row can adopt.
        """
        self._adoption_search = AdoptionSearch(
            pending_count or 0, self._pages, first_page_only=first_page_only
        )
        if pending_count is None:
            self._adoption_search.check_each_row()

    @property
    def is_adopting(self) -> bool:
        """Whether the media list is being searched before the first POST. Then no POST is sent."""
        return not self._adoption_search.is_done

    @property
    def checks_each_row(self) -> bool:
        """Whether each row must be searched for before its POST."""
        return self._adoption_search.checks_each_row

    def adopt_page(self, rows: Iterable[JobRow], page: MediaPage, now: float) -> list[StatusUpdate]:
        """Compare pending rows with a page of the media list.

        Args:
            rows: the pending rows whose reference IDs are on the page.
            page: the content of the page.
            now: current time in epoch seconds.

        Returns:
            the status updates of rows that adopt a media, or that fail because the account has
            their reference ID.
        """
        changes = [change for row in rows for change in self._compare(row, page, now)]
        self._adoption_search.record_match(has_match=bool(changes or self._undecided))
        return changes + self._refuse_taken_ids(now)

    def _compare(self, row: JobRow, page: MediaPage, now: float) -> list[StatusUpdate]:
        """Compare a row that was not sent with the media on this page and on earlier pages.

        Returns the status update if the row adopts a media; else an empty list.
        """
        _, earlier_items = self._undecided.pop(row.row_number, (row, []))
        items = [*earlier_items, *non_failed(page.items, row)]
        if media_to_adopt(items, row, self._settings.adopt):
            return self._adopt_or_refuse(row, items, now)
        if items:
            self._undecided[row.row_number] = row, items
        return []

    def _refuse_taken_ids(self, now: float) -> list[StatusUpdate]:
        """Fail rows for which the whole list shows only media that they must not adopt."""
        if self.is_adopting:
            return []
        undecided_rows, self._undecided = self._undecided, {}
        if self.checks_each_row:
            return []  # the list was not read to its end: the search for each row decides
        changes: list[StatusUpdate] = []
        for row, items in undecided_rows.values():
            changes += self._adopt_or_refuse(row, items, now)
        return changes

    def _adopt_or_refuse(
        self, row: JobRow, items: Sequence[Media], now: float
    ) -> list[StatusUpdate]:
        """Adopt a media with the row's reference ID, or fail the row. The row is not sent."""
        state = self._tracker.by_number(row.row_number)
        if isinstance(state, ToCreate):
            self._create_queue.remove(state)
        return adopt_or_refuse(self._tracker, row, items, self._settings.adopt, now)

    @property
    def needs_page(self) -> bool:
        """Whether this search needs a page whose request is not open yet."""
        return (
            self.is_adopting
            and self._adoption_search.page_number not in self._pages.reads_in_progress
        )

    def next_page(self, paused_until: float, now: float) -> ReadPage | None:
        """Returns the request for the next page of this search; None if none can be sent now.

        Args:
            paused_until: epoch seconds before which no page is requested, because pages could not
                be read.
            now: current time in epoch seconds.
        """
        is_ready = self.needs_page and now >= paused_until
        return ReadPage(self._adoption_search.page_number) if is_ready else None

    def handle_page(
        self, page_number: int, page: MediaPage, requested_at: float, now: float
    ) -> list[StatusUpdate]:
        """Handle a page that was read for this search or for another purpose.

        Args:
            page_number: number of the page, from 1.
            page: its content.
            requested_at: epoch seconds when the page was requested.
            now: current time in epoch seconds.

        Returns:
            the status updates of claimed rows that adopt a media of the page.
        """
        was_adopting = self.is_adopting
        has_no_row_in_flight = not len(self._tracker)
        if page_number == 1 and was_adopting and has_no_row_in_flight and page.items:
            self._positions.set_newest_before(page.items[0].id, requested_at)
        self._adoption_search.record_page(page_number, page)
        rows = self._rows_to_search(page, is_adopting=was_adopting)
        changes = [change for row in rows for change in self._compare(row, page, now)]
        if not was_adopting:
            # These rows are not decided by pages, but by the search for each row before its POST.
            self._undecided.clear()
        return changes

    def _rows_to_search(self, page: MediaPage, *, is_adopting: bool) -> list[JobRow]:
        """Returns the claimed rows that need a search before their POST and have media on a page.

        Args:
            page: the content of the page.
            is_adopting: whether rows whose search was sent already are included.
        """
        rows: dict[int, JobRow] = {}
        for media in page.items:
            state = self._tracker.by_reference(media.reference_id)
            waiting = state.waiting if isinstance(state, Posting) and is_adopting else state
            if isinstance(waiting, ToCreate) and waiting.needs_search:
                rows[waiting.row.row_number] = waiting.row
        return list(rows.values())

    def search_fault(self) -> RunFault | None:
        """Returns the error with which the run must end if the account cannot be searched."""
        list_end = self._adoption_search.list_end
        if list_end is None or not self._adoption_search.is_impossible:
            return None
        return account_not_searchable(f"does not show all media: {list_end.value}")

    def handle_page_failure(self, answer: Answer) -> RunFault | None:
        """Handle a page that could not be read.

        Returns:
            the error with which the run must end; None if it can continue.
        """
        if not self.is_adopting or is_transport_failure(answer):
            return None
        if not isinstance(answer, RequestRejected | AuthenticationFailed):
            return None  # a temporary failure: the page is requested again
        if not self._lookups.filter_works:
            return account_not_searchable(f"is refused: {answer.message} (HTTP {answer.status})")
        self._adoption_search.check_each_row()
        return None

    def handle_search(self) -> None:
        """Called after each search for a row before its POST.

        If searches return media with other reference IDs, the whole list is read instead.
        """
        if self.checks_each_row and not self._lookups.filter_works:
            self._adoption_search = AdoptionSearch(None, self._pages)


def _resumed_state(row: JobRow, created: CreationTime, now: float) -> InAccount:
    """Returns the state of a row that a previous run left in flight."""
    if row.status is Status.UNKNOWN and row.ingest_id is None:
        return Unknown(row, created, now, "an earlier run got no clear answer", is_held=row.is_held)
    return Processing(row, created, now, ingest_id=row.ingest_id, media_id=row.media_id)
