"""What looks at one row alone mean: searches for its reference ID, and its ingest's status. Pure.

This file must not know when a row is looked at.
"""

from dataclasses import replace
from typing import Final

from batch_import.configuration.settings import Settings
from batch_import.errors import AuthenticationFailed, NotSent, RequestRejected, Throttled
from batch_import.failure_codes import FailureCode
from batch_import.importer.backoff import backoff
from batch_import.importer.calls import Answer
from batch_import.importer.failures import failure_code
from batch_import.importer.pages import Pages
from batch_import.importer.schedule.flights import InAccount, Online, Processing, Unknown
from batch_import.importer.schedule.observations import ProcessingTimes
from batch_import.importer.schedule.polling import SHORTEST
from batch_import.importer.schedule.repeat import ATTEMPTS, ListConsistency, is_weather
from batch_import.importer.schedule.searching import RowSearch
from batch_import.importer.schedule.showing import IN_REVIEW, Showing
from batch_import.importer.schedule.tracker import Tracker
from batch_import.models import JobRow, MediaPage, Status, StatusUpdate
from batch_import.viostream.responses import IngestStatus

NOT_FOUND: Final = 404


class Lookups:
    """Hears the answers to single looks."""

    def __init__(
        self,
        settings: Settings,
        tracker: Tracker,
        pages: Pages,
        showing: Showing,
        times: ProcessingTimes,
        consistency: ListConsistency,
    ) -> None:
        self._settings = settings
        self._tracker = tracker
        self._pages = pages
        self._showing = showing
        self._times = times
        self._consistency = consistency

    def search_answered(
        self, row: InAccount, answer: Answer, left: float, now: float
    ) -> list[StatusUpdate]:
        """A search for a row's reference ID was answered, or not."""
        if isinstance(answer, RequestRejected) and answer.status == NOT_FOUND:
            answer = MediaPage(())
        if not isinstance(answer, MediaPage):
            return self._failed(row, answer, now)
        poll = self._tracker.polling[row.row.number]
        search = self.read_on(poll.search, row.row, answer, left)
        poll.search = None if search.done or not search.usable else search
        if not search.done:
            poll.under_way = False  # its next page, or the whole list instead
            return []
        return self._searched(row, search, now)

    def read_on(
        self, search: RowSearch | None, row: JobRow, page: MediaPage, left: float
    ) -> RowSearch:
        """A page of a search was read: the first one, or the next."""
        search = search or RowSearch(row, self._pages, left)
        search.read(page)
        if not search.usable:
            self._showing.filter_works = False  # only whole pages are of use
        return search

    def status_answered(
        self, row: Processing, answer: Answer, left: float, now: float
    ) -> list[StatusUpdate]:
        """The question how far a row's ingest is was answered, or not."""
        if isinstance(answer, RequestRejected) and answer.status == NOT_FOUND:
            return self._ingest_over(row, now, confirmed=False)
        if not isinstance(answer, IngestStatus):
            return self._failed(row, answer, now)
        return self._with_status(row, answer, left, now)

    def _failed(self, row: InAccount, answer: Answer, now: float) -> list[StatusUpdate]:
        if isinstance(answer, RequestRejected | AuthenticationFailed) and not is_weather(answer):
            return self._refused(row, answer.message, now)
        if isinstance(answer, Throttled | NotSent):
            self._tracker.polling[row.row.number].under_way = False
            return []
        self._tracker.polling.failed(row.row.number, now)
        return []

    def _searched(self, row: InAccount, search: RowSearch, now: float) -> list[StatusUpdate]:
        """All that the account shows under a row's reference ID."""
        poll, left = self._tracker.polling.answered(row.row.number), search.began
        poll.page, poll.needs_lookup = 1, False
        poll.checked_at = poll.searched_at = row.created.age(left)
        if isinstance(row, Unknown):
            row = replace(row, searched=True)
            self._tracker.replace(row)
        changes = self._showing.compared(row, self._showing.whose(row, search.items), left, now)
        return changes or self._showing.given_up(row, now)

    def _with_status(
        self, row: Processing, answer: IngestStatus, left: float, now: float
    ) -> list[StatusUpdate]:
        """How far an ingest is."""
        poll = self._tracker.polling.answered(row.row.number)
        vanished, poll.vanished, poll.needs_lookup = poll.vanished, False, False
        poll.checked_at = row.created.age(left)
        self._times.asked_late(0.0 if answer.status == "failed" else poll.checked_at)
        if answer.status == "failed":
            words = answer.error or "the platform gave no reason"
            code = failure_code(words, FailureCode.PROCESSING_FAILED)
            return [self._tracker.finish(row.row, Status.FAILED, words, error=words, code=code)]
        if vanished:
            self._consistency.mark_inconsistent()
        poll.in_review = answer.status == IN_REVIEW
        if answer.status == "online":
            return self._ingest_over(row, now, confirmed=True)
        self._showing.not_done(row, poll, left, now)
        return self._showing.given_up(row, now)

    def _ingest_over(self, row: Processing, now: float, *, confirmed: bool) -> list[StatusUpdate]:
        """The ingest is through, or not known any more: its media is what counts."""
        self._tracker.polling.answered(row.row.number)
        self._tracker.replace(
            Online(row.row, row.created, row.since, confirmed, media_id=row.media_id)
        )
        self._tracker.polling.again(row.row.number, now)
        return self._showing.given_up(row, now)

    def _refused(self, row: InAccount, words: str, now: float) -> list[StatusUpdate]:
        """A single look was refused: later again, and in the end the row is left as it is."""
        poll = self._tracker.polling.answered(row.row.number)
        poll.refusals += 1
        if poll.refusals < ATTEMPTS:
            wait = backoff(SHORTEST, poll.refusals, self._settings.poll_interval)
            self._tracker.polling.again(row.row.number, now, wait)
            return self._showing.given_up(row, now)
        error = f"the platform refuses to tell what became of it: {words}"
        self._showing.lose_sight(row)
        code = FailureCode.UNCONFIRMED
        return [self._tracker.finish(row.row, Status.UNKNOWN, error, error=error, code=code)]
