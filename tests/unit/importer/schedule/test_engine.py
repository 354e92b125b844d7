"""The rules of the schedule, one by one, on a virtual clock."""

import json
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import pytest

from batch_import.configuration.settings import Settings
from batch_import.errors import (
    AuthenticationFailed,
    CredentialsRefused,
    NoAnswer,
    NotSent,
    PlatformUnreachable,
    RequestFailed,
    RequestRejected,
    Throttled,
)
from batch_import.failure_codes import FailureCode
from batch_import.importer.schedule import FINISHED, Schedule, Wait
from batch_import.importer.schedule.outage import UNCLEAR_THRESHOLD
from batch_import.importer.schedule.repeat import MAX_ATTEMPTS
from batch_import.importer.scheduled_request import (
    Answer,
    CreateMedia,
    FindByReference,
    GetAccount,
    GetIngestStatus,
    ReadPage,
    ScheduledRequest,
)
from batch_import.models import JobRow, Media, MediaPage, Status, StatusUpdate
from batch_import.viostream.responses import Account, IngestStatus

SETTINGS = Settings(poll_interval=30, max_wait=600, settle=100, give_up_after=900)


def row(n: int = 1, status: Status = Status.PENDING, **more: object) -> JobRow:
    return JobRow(n, f"r{n}", "https://h/v.mp4", "T", "mp4", status, **more)  # type: ignore[arg-type]


def processing_row(n: int = 1, *, status: Status = Status.PROCESSING, **more: object) -> JobRow:
    """Return a row that a previous run left in flight."""
    return row(n, status, **{"ingest_id": f"i{n}", "sent_at": 1000.0, **more})


def media(status: str = "online", reference: str = "r1", key: str = "k") -> Media:
    return Media(f"m-{key}", key, reference, status=status, title="T")


def page_of(*items: Media) -> MediaPage:
    return MediaPage(items, total=len(items))


class ScheduleDriver:
    """Drives a schedule by hand.

    Attributes:
        account: what pages of the account show, the newest first.
    """

    def __init__(self, *rows: JobRow, settings: Settings = SETTINGS) -> None:
        self.now = 1000.0
        self.account: list[Media] = []
        self.changes: list[StatusUpdate] = []
        self.schedule = Schedule(settings)
        self.schedule.admission.admit(rows, self.now)
        self.schedule.admission.set_no_more_pending()

    def next_request(self) -> ScheduledRequest:
        """Return the next request, after waiting for it."""
        for _ in range(10_000):
            step = self.schedule.next_request(self.now)
            if not isinstance(step, Wait):
                assert not isinstance(step, type(FINISHED)), "finished"
                return step
            assert step.until > self.now
            self.now = step.until
        raise AssertionError("it waits for ever")

    def answer(self, answer: Answer) -> list[StatusUpdate]:
        """Answer the next request."""
        return self.schedule.handle_answer(self.next_request(), answer, self.now)

    def read_pages(self, until: type[ScheduledRequest]) -> ScheduledRequest:
        """Answer page requests from the account until a request of another class comes."""
        for _ in range(1000):
            call = self.next_request()
            if isinstance(call, until):
                return call
            assert isinstance(call, ReadPage | FindByReference), call
            self.changes += self.schedule.handle_answer(
                call, self._answer_from_account(call), self.now
            )
        raise AssertionError(f"no {until.__name__}")

    def page(self, number: int) -> MediaPage:
        shown = self.account[(number - 1) * 100 : number * 100]
        return MediaPage(tuple(shown), total=len(self.account))

    def answer_to(self, kind: type[ScheduledRequest], answer: Answer) -> list[StatusUpdate]:
        """Read pages until a request of this class comes, and answer this request."""
        return self.schedule.handle_answer(self.read_pages(kind), answer, self.now)

    def finish(self, *, patience: int = 1000) -> list[StatusUpdate]:
        """Answer all requests by what the account shows, until the schedule has none left."""
        for _ in range(patience):
            step = self.schedule.next_request(self.now)
            if step is FINISHED or step == Wait(float("inf")):
                return self.changes
            if isinstance(step, Wait):
                assert step.until > self.now
                self.now = step.until
                continue
            self.changes += self.schedule.handle_answer(
                step, self._answer_from_account(step), self.now
            )
        raise AssertionError("it does not end")

    def _answer_from_account(self, call: ScheduledRequest) -> Answer:
        if isinstance(call, ReadPage):
            return self.page(call.page)
        if isinstance(call, GetIngestStatus):
            return IngestStatus("processing")
        assert isinstance(call, FindByReference), call
        return page_of(*(m for m in self.account if call.row.reference_id in m.reference_id))


def statuses(changes: Sequence[StatusUpdate]) -> list[Status]:
    return [change.status for change in changes]


# The life of a row ----------------------------------------------------------------------------


def test_a_row_is_sent_processed_and_imported() -> None:
    play = ScheduleDriver(row())
    (taken,) = play.answer("i-1")
    assert (taken.status, taken.ingest_id, taken.sent_at) == (Status.PROCESSING, "i-1", 1000.0)
    play.account = [media("processing")]
    assert play.answer(play.page(1)) == []
    play.account = [media()]
    (done,) = play.answer(play.page(1))
    assert (done.status, done.media) == (Status.IMPORTED, media())
    assert play.schedule.next_request(play.now) is FINISHED


def test_one_page_shows_the_status_of_a_hundred_rows() -> None:
    play = ScheduleDriver(*(row(n) for n in range(1, 101)))
    for n in range(1, 101):
        play.answer(f"i-{n}")
    play.account = [media(reference=f"r{n}") for n in range(100, 0, -1)]
    play.finish()
    assert statuses(play.changes) == [Status.IMPORTED] * 100


def test_a_failed_ingest_keeps_the_error_message_of_the_platform() -> None:
    play = ScheduleDriver(processing_row())
    play.account = [media("failed")]
    (failed,) = play.answer_to(GetIngestStatus, IngestStatus("failed", "codec not known"))
    assert (failed.status, failed.error) == (Status.FAILED, "codec not known")


def test_a_row_that_no_list_shows_gets_a_status_request_of_its_own() -> None:
    play = ScheduleDriver(processing_row())
    assert play.answer_to(GetIngestStatus, IngestStatus("online")) == []
    (done,) = play.answer_to(FindByReference, page_of(media()))
    assert done.status is Status.IMPORTED


@pytest.mark.parametrize("are_dated", [True, False])
def test_rows_that_are_not_on_the_first_pages_of_a_list_with_another_order_are_imported(
    are_dated: bool,  # noqa: FBT001
) -> None:
    numbers = range(1, 6)
    play = ScheduleDriver(*(row(n) for n in numbers))
    play.account = [
        replace(
            media(reference=f"x{n}", key=f"x{n}"),
            created_date=f"2026-01-{1 + n // 24:02}T{n % 24:02}:00:00Z" if are_dated else "",
        )
        for n in range(250)
    ]
    for n in numbers:
        play.answer_to(CreateMedia, f"i-{n}")
        play.account.append(media(reference=f"r{n}", key=f"k{n}"))  # the newest media is last
    request_count = 0
    while len(play.changes) < len(numbers):
        request = play.next_request()
        answer = play._answer_from_account(request)  # noqa: SLF001
        if isinstance(request, GetIngestStatus):
            answer = IngestStatus("online")
        play.changes += play.schedule.handle_answer(request, answer, play.now)
        request_count += 1
    assert statuses(play.changes) == [Status.IMPORTED] * 5
    # With dates, one page, and for each row the status of its ingest and a search.
    assert request_count <= (11 if are_dated else 40)
    assert play.now <= (1002 if are_dated else 1150)


def test_rows_get_single_status_requests_until_it_is_known_what_lists_show() -> None:
    play = ScheduleDriver(*(processing_row(n) for n in range(1, 51)))
    asked = 0
    while play.now < 1000 + 300:
        call = play.next_request()
        asked += isinstance(call, GetIngestStatus)
        answer: Answer = (
            IngestStatus("processing") if isinstance(call, GetIngestStatus) else page_of()
        )
        play.schedule.handle_answer(call, answer, play.now)
    assert 1 <= asked <= 60


@pytest.mark.parametrize("word", ["queued", "pending review", "transcoding"])
def test_a_row_with_an_unknown_ingest_status_stays_in_flight(word: str) -> None:
    play = ScheduleDriver(processing_row())
    assert play.answer_to(GetIngestStatus, IngestStatus(word)) == []
    assert isinstance(play.read_pages(GetIngestStatus), GetIngestStatus)


def test_a_row_that_is_processing_longer_than_max_wait_is_not_failed() -> None:
    play = ScheduleDriver(processing_row(), settings=Settings(max_wait=70))
    play.account = [media("processing")]
    (given_up,) = play.finish()
    assert (given_up.status, given_up.code) == (Status.PROCESSING, FailureCode.STILL_PROCESSING)
    assert given_up.error == "still processing after 70 s"
    assert 1070.0 <= play.now < 1075.0


def test_an_unknown_status_of_the_media_is_in_the_error_of_a_row_that_is_given_up() -> None:
    play = ScheduleDriver(processing_row())
    play.account = [media("archived")]
    (given_up,) = play.finish()
    assert (given_up.status, given_up.code) == (Status.PROCESSING, FailureCode.MEDIA_STATUS)
    assert "“archived”" in given_up.error


def test_a_row_whose_ingest_is_online_and_that_no_list_shows_stays_processing_with_a_reason() -> (
    None
):
    play = ScheduleDriver(processing_row(), settings=replace(SETTINGS, when_unsure="retry"))
    assert play.answer_to(GetIngestStatus, IngestStatus("online")) == []
    (given_up,) = play.finish()
    assert (given_up.status, given_up.code) == (Status.PROCESSING, FailureCode.MEDIA_MISSING)
    assert "its ingest is online, but no list shows" in given_up.error


@pytest.mark.parametrize("shown", [[], [media("processing")]])
def test_a_row_whose_ingest_and_media_are_gone_becomes_unknown(shown: list[Media]) -> None:
    play = ScheduleDriver(processing_row())
    play.answer(page_of(*shown))
    assert play.answer_to(GetIngestStatus, RequestRejected("no such ingest", status=404)) == []
    (given_up,) = play.finish()
    assert (given_up.status, given_up.code) == (Status.UNKNOWN, FailureCode.MEDIA_MISSING)
    assert "no longer knows its ingest" in given_up.error
    assert play.now >= 1000 + SETTINGS.max_wait


def test_a_row_whose_ingest_and_media_are_gone_is_sent_again_only_if_the_user_allows_it() -> None:
    play = ScheduleDriver(
        processing_row(status=Status.UNKNOWN), settings=replace(SETTINGS, when_unsure="retry")
    )
    assert play.answer_to(GetIngestStatus, RequestRejected("no such ingest", status=404)) == []
    (requeued,) = play.finish()
    assert (requeued.status, requeued.code) == (Status.PENDING, "")
    # A previous run has waited for `max_wait`.
    assert 1000 + SETTINGS.settle <= play.now < 1000 + SETTINGS.max_wait


# Two rows with one ingest -------------------------------------------------------------------------


def test_a_row_that_gets_the_ingest_of_another_row_is_unknown_and_not_sent_again() -> None:
    play = ScheduleDriver(*(row(n) for n in range(1, 31)))
    create_and_show(play, range(1, 29))
    play.answer("i-29")
    (shared,) = play.answer("i-29")
    assert (shared.status, shared.code) == (Status.UNKNOWN, FailureCode.INGEST_SHARED)
    assert "'r29'" in shared.error
    play.account = [media(reference=f"r{n}", key=f"k{n}") for n in range(29, 0, -1)]
    *_, end = play.finish()
    assert (end.row_number, end.status, end.code) == (
        30,
        Status.UNKNOWN,
        FailureCode.INGEST_SHARED,
    )
    assert "'r29'" in end.error


def test_a_row_that_gets_the_ingest_of_another_row_is_imported_if_its_media_appears() -> None:
    play = ScheduleDriver(row(1), row(2))
    play.answer("i-1")
    play.answer("i-1")
    play.account = [media(reference="r2", key="2"), media(reference="r1", key="1")]
    assert statuses(play.finish()) == [Status.IMPORTED] * 2


def test_two_media_with_one_reference_id_are_reported() -> None:
    play = ScheduleDriver(processing_row())
    play.account = [media("processing", key="1"), media("online", key="2"), media("failed")]
    (done,) = play.finish()
    assert done.media == media("online", key="2")
    assert "m-1" in done.error
    assert "m-k" not in done.error


# POSTs without a clear answer ---------------------------------------------------------------------


@pytest.mark.parametrize("fault", [Throttled("slow"), NotSent("refused")])
def test_a_post_that_was_not_carried_out_is_sent_again(fault: RequestFailed) -> None:
    play = ScheduleDriver(row())
    assert play.answer(fault) == []
    assert isinstance(play.next_request(), CreateMedia)


def test_another_media_with_the_title_of_the_row_is_reported_beside_the_known_media() -> None:
    play = ScheduleDriver(row())
    play.schedule.set_clock_offset(0.0)
    play.answer("i-1")
    own = replace(media("processing"), created_date="1970-01-01T00:16:40Z")
    other = replace(media(key="other"), created_date="1970-01-01T00:14:10Z")
    play.account = [own]
    play.answer(play.page(1))
    play.account = [replace(own, status="online"), other]
    (done,) = play.answer(play.page(1))
    assert (done.status, done.code) == (Status.IMPORTED, FailureCode.REFERENCE_SHARED)
    assert other.id in done.error


def test_a_post_without_an_answer_is_settled_first() -> None:
    play = ScheduleDriver(row())
    (lost,) = play.answer(NoAnswer("cut"))
    assert (lost.status, lost.sent_at) == (Status.UNKNOWN, 1000.0)
    (found,) = play.answer_to(FindByReference, page_of(media("processing")))
    assert found.status is Status.PROCESSING
    play.account = [media()]
    assert statuses(play.finish()) == [Status.IMPORTED]


@pytest.mark.parametrize(
    ("when_unsure", "end"), [("hold", Status.UNKNOWN), ("retry", Status.PENDING)]
)
def test_a_row_whose_media_never_appears_is_not_sent_twice(when_unsure: str, end: Status) -> None:
    settings = Settings(settle=100, when_unsure=when_unsure)  # type: ignore[arg-type]
    play = ScheduleDriver(row(), settings=settings)
    play.answer(NoAnswer("cut"))
    while not play.changes:
        call = play.next_request()
        assert not isinstance(call, CreateMedia)  # never a second POST
        play.changes += play.schedule.handle_answer(call, page_of(), play.now)
    assert statuses(play.changes) == [end]
    assert play.now >= 1100


def create_and_show(play: ScheduleDriver, numbers: range) -> None:
    """Create these rows, and let a page show their media."""
    for n in numbers:
        play.answer(f"i-{n}")
    play.account = [media(reference=f"r{n}", key=f"k{n}") for n in reversed(numbers)]


def test_a_post_is_repeated_if_lists_prove_that_it_created_no_media() -> None:
    play = ScheduleDriver(*(row(n) for n in range(1, 31)))
    create_and_show(play, range(1, 30))
    (lost,) = play.answer(NoAnswer("cut"))
    assert lost.status is Status.UNKNOWN
    again = play.read_pages(CreateMedia)
    assert again.row.row_number == 30
    assert play.changes[-1].status is Status.CREATING
    assert play.now < 1000 + SETTINGS.settle


def test_lists_that_never_showed_an_existing_media_prove_nothing() -> None:
    play = ScheduleDriver(*(row(n) for n in range(1, 32)), settings=replace(SETTINGS, max_wait=40))
    create_and_show(play, range(1, 30))
    play.answer("i-30")  # no list ever shows it
    play.answer(NoAnswer("cut"))
    *imported, hidden, lost = play.finish()
    assert statuses(imported) == [Status.IMPORTED] * 29
    assert (hidden.row_number, hidden.status) == (30, Status.PROCESSING)
    assert (lost.row_number, lost.status) == (31, Status.UNKNOWN)


def test_the_time_left_is_finite_after_a_media_was_given_up_that_no_list_showed() -> None:
    play = ScheduleDriver(*(row(n) for n in range(1, 32)), settings=replace(SETTINGS, max_wait=40))
    create_and_show(play, range(1, 30))
    play.answer("i-30")  # no list ever shows it
    play.answer(NoAnswer("cut"))
    times_left = []
    while (request := play.schedule.next_request(play.now)) is not FINISHED:
        times_left.append(play.schedule.time_left(0.0, play.now))
        if isinstance(request, Wait):
            play.now = request.until
        else:
            answer = play._answer_from_account(request)  # noqa: SLF001
            play.changes += play.schedule.handle_answer(request, answer, play.now)
    assert any(times_left)
    assert all(seconds is None or seconds < SETTINGS.settle + 60 for seconds in times_left)


def test_the_time_left_ends_when_the_search_for_an_unknown_row_ends() -> None:
    settings = replace(SETTINGS, settle=20)
    play = ScheduleDriver(*(row(n) for n in range(1, 31)), settings=settings)
    create_and_show(play, range(1, 30))
    play.answer(NoAnswer("bad gateway", status=502))  # its absence is proven after 30 s
    end = play.now + settings.settle
    times_left = []
    while (request := play.schedule.next_request(play.now)) is not FINISHED:
        seconds = play.schedule.time_left(0.0, play.now)
        times_left.append(play.now + seconds if seconds is not None else None)
        if isinstance(request, Wait):
            play.now = request.until
        else:
            answer = play._answer_from_account(request)  # noqa: SLF001
            play.changes += play.schedule.handle_answer(request, answer, play.now)
    assert statuses(play.changes)[-1] is Status.UNKNOWN
    assert times_left[-1] == pytest.approx(end, abs=5.0)


def test_lists_that_lose_media_prove_nothing() -> None:
    play = ScheduleDriver(*(row(n) for n in range(1, 41)))
    create_and_show(play, range(1, 40))
    play.answer(NoAnswer("cut"))
    shown = list(play.account)
    pages = 0
    while not any(change.row_number == 40 for change in play.changes):
        call = play.next_request()
        # Every other page misses ten media that were shown before.
        pages += isinstance(call, ReadPage)
        play.account = shown if pages % 2 else shown[10:]
        play.changes += play.schedule.handle_answer(call, play._answer_from_account(call), play.now)  # noqa: SLF001
    assert play.changes[-1].status is Status.UNKNOWN
    assert play.now >= 1000 + SETTINGS.settle


def test_a_row_whose_posts_all_get_server_errors_is_left_to_the_next_run() -> None:
    play = ScheduleDriver(*(row(n) for n in range(1, 31)))
    create_and_show(play, range(1, 30))
    sent, moments = [play.next_request()], [play.now]
    while len(sent) < MAX_ATTEMPTS:
        play.schedule.handle_answer(sent[-1], NoAnswer("HTTP 500"), play.now)
        sent.append(play.read_pages(CreateMedia))
        moments.append(play.now)
    play.schedule.handle_answer(sent[-1], NoAnswer("HTTP 500"), play.now)
    assert statuses(play.finish())[-1] is Status.CREATING
    assert play.schedule.next_request(play.now) is FINISHED
    (last,) = play.schedule.withdraw()
    assert last.status is Status.PENDING
    assert last.error == "5 POSTs got no clear answer and created no video: HTTP 500"
    waits = [b - a for a, b in pairwise(moments)]
    assert waits == sorted(waits)


@pytest.mark.parametrize(
    ("answers", "in_time"),
    [
        (["i-1", NoAnswer("cut")], 1),
        (["i-1", NoAnswer("bad gateway", status=502)], 0),
        (["i-1", RequestRejected("exists", status=409)], 0),
        (["i-1", "i-1"], 0),
    ],
    ids=["cut", "502", "409", "ingest of another row"],
)
def test_only_media_of_posts_that_ended_without_a_clear_answer_show_that_posts_are_in_time(
    answers: list[Answer], in_time: int
) -> None:
    play = ScheduleDriver(row(1), row(2))
    play.schedule.set_clock_offset(0.0)
    for answer in answers:
        play.answer(answer)
    play.account = [
        replace(media(reference=f"r{n}", key=f"{n}"), created_date="1970-01-01T00:16:40Z")
        for n in (2, 1)
    ]
    assert statuses(play.finish())[-1] is Status.IMPORTED
    assert json.loads(play.schedule.dump_list_consistency())["in_time"] == in_time


@pytest.mark.parametrize(
    ("created", "in_time", "late"),
    [
        ("1970-01-01T00:16:40Z", 1, 0.0),
        ("1970-01-01T00:11:40Z", 0, 0.0),  # before the POST
        ("1970-01-01T08:16:40Z", 0, 0.0),  # after the list that shows it
    ],
)
def test_only_plausible_dates_show_when_posts_are_carried_out(
    created: str, in_time: int, late: float
) -> None:
    play = ScheduleDriver(row())
    play.schedule.set_clock_offset(0.0)
    play.answer(NoAnswer("cut"))
    play.account = [replace(media(), created_date=created)]
    assert statuses(play.finish())[-1] is Status.IMPORTED
    learned = json.loads(play.schedule.dump_list_consistency())
    assert (learned["in_time"], learned["late"]) == (in_time, late)


def test_a_row_with_a_409_is_searched_for_and_not_failed() -> None:
    play = ScheduleDriver(row())
    assert statuses(play.answer(RequestRejected("exists", status=409))) == [Status.UNKNOWN]
    play.account = [media()]
    assert statuses(play.finish()) == [Status.IMPORTED]


def test_a_row_with_a_409_stays_unknown_if_no_list_shows_its_media() -> None:
    play = ScheduleDriver(*(row(n) for n in range(1, 31)))
    create_and_show(play, range(1, 30))
    play.answer(RequestRejected("exists", status=409))
    assert play.finish()[-1].status is Status.UNKNOWN  # held, though no list shows it


def test_a_row_fails_only_after_several_posts_without_an_endpoint() -> None:
    play = ScheduleDriver(row())
    moments: list[float] = []
    changes: list[StatusUpdate] = []
    while not changes:
        request = play.next_request()
        assert isinstance(request, CreateMedia)
        moments.append(play.now)
        answer = RequestRejected("no such page", status=404)
        changes = play.schedule.handle_answer(request, answer, play.now)
    assert [later - earlier for earlier, later in pairwise(moments)] == [2, 4, 8, 16]
    assert [(change.status, change.error) for change in changes] == [
        (Status.FAILED, "no such page")
    ]


@pytest.mark.parametrize("fault", [RequestRejected("x", status=405), NoAnswer("x", status=501)])
def test_no_row_fails_if_the_endpoint_of_posts_is_missing_for_a_while(fault: RequestFailed) -> None:
    play = ScheduleDriver(*(row(n) for n in range(1, 101)))
    ended_at, refused_count, sent_count = play.now + 30, 0, 0
    while sent_count < 100:
        request = play.next_request()
        answer: Answer = Account("id")
        if isinstance(request, CreateMedia):
            is_refused = play.now < ended_at
            refused_count, sent_count = refused_count + is_refused, sent_count + (not is_refused)
            answer = fault if is_refused else f"i-{request.row.row_number}"
        elif not isinstance(request, GetAccount):
            answer = play._answer_from_account(request)  # noqa: SLF001
        play.changes += play.schedule.handle_answer(request, answer, play.now)
    assert {*statuses(play.changes)} == {Status.PROCESSING}
    assert refused_count <= 2 * UNCLEAR_THRESHOLD


@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_4xx_answer_to_a_post_fails_the_row_at_once(status: int) -> None:
    (failed,) = ScheduleDriver(row()).answer(RequestRejected("no such format", status=status))
    assert (failed.status, failed.error) == (Status.FAILED, "no such format")


def test_a_failed_media_does_not_change_an_unknown_row() -> None:
    # It may be an earlier POST's, or have been in the account before: simulation seed 514.
    play = ScheduleDriver(row(status=Status.UNKNOWN, sent_at=1000.0))
    assert play.answer_to(ReadPage, page_of(media("failed"))) == []
    assert statuses(play.answer_to(ReadPage, page_of(media("processing")))) == [Status.PROCESSING]


def test_another_failed_media_is_not_mistaken_for_the_rows_media() -> None:
    # Lists may omit ours and show an old one: simulation seed 9249.
    play = ScheduleDriver(row(status=Status.PROCESSING, sent_at=1000.0, media_id="m-k"))
    assert play.answer(page_of(media("failed", key="old"))) == []
    play.account = [media("failed")]
    assert statuses(play.finish()) == [Status.FAILED]


def test_a_search_whose_filter_is_ignored_is_replaced_by_reading_pages() -> None:
    play = ScheduleDriver(row(status=Status.UNKNOWN, sent_at=1000.0))
    others = tuple(media(reference=f"x{n}") for n in range(100))
    assert play.answer_to(FindByReference, MediaPage(others, total=150)) == []
    play.account = [*others[:60], media()]
    assert statuses(play.finish()) == [Status.IMPORTED]  # by whole pages: `finish` filters exactly


def test_a_list_read_to_its_end_for_an_unknown_row_is_not_read_again_at_once() -> None:
    play = ScheduleDriver(row(status=Status.UNKNOWN, sent_at=1000.0))
    play.account = [media(reference=f"x{n}", key=f"x{n}") for n in range(250)]
    play.answer_to(FindByReference, play.page(1))  # the filter is ignored
    reads: list[int] = []
    while len(reads) < 7:
        call = play.next_request()
        assert isinstance(call, ReadPage)
        reads.append(call.page)
        play.schedule.handle_answer(call, play.page(call.page), play.now)
    assert reads == [1, 2, 3, 1, 1, 1, 1]


def test_a_refused_search_is_repeated_with_backoff_until_its_row_stays_unknown() -> None:
    play = ScheduleDriver(row(status=Status.UNKNOWN, sent_at=1000.0))
    moments: list[float] = []
    changes: list[StatusUpdate] = []
    while not changes:
        changes = play.answer_to(FindByReference, RequestRejected("no", status=400))
        moments.append(play.now)
    assert len(moments) == MAX_ATTEMPTS
    waits = [later - earlier for earlier, later in pairwise(moments)]
    assert waits == [2, 4, 8, 16]
    assert [(c.status, c.code) for c in changes] == [(Status.UNKNOWN, FailureCode.UNCONFIRMED)]
    assert "refuses requests for its status: no" in changes[0].error


# Media that are in the account before ---------------------------------------------------------


def driver_while_adopting(pending: int, *rows: JobRow) -> ScheduleDriver:
    play = ScheduleDriver()
    play.schedule.admission.start_adoption(pending)
    assert play.schedule.admission.wanted_count() == 0
    play.schedule.admission.admit(rows, play.now)
    return play


def test_media_of_the_account_are_adopted_before_rows_are_created() -> None:
    play = driver_while_adopting(3)
    page = page_of(media(), media("processing", "r2"), media("failed", "r3"))
    assert play.answer(page) == []
    changes = play.schedule.admission.adopt_page([row(1), row(2), row(3)], page, play.now)
    assert [(c.row_number, c.status) for c in changes] == [
        (1, Status.IMPORTED),
        (2, Status.PROCESSING),
    ]
    assert not play.schedule.admission.is_adopting


def test_the_account_is_read_to_its_end_before_a_row_is_created() -> None:
    play = driver_while_adopting(5)
    play.account = [media(reference=f"x{n}") for n in range(250)]
    pages = []
    while play.schedule.admission.is_adopting:
        call = play.next_request()
        assert isinstance(call, ReadPage)
        pages.append(call.page)
        play.schedule.handle_answer(call, play.page(call.page), play.now)
    assert pages == [1, 2, 3]


def test_media_older_than_the_run_end_the_reading_of_pages() -> None:
    # Simulation seed 12495: lists that show media once they are online led ever further down.
    play = driver_while_adopting(50)
    old = [media(reference=f"x{n}", key=f"old-{n}") for n in range(450)]
    play.account = list(old)
    while play.schedule.admission.is_adopting:
        call = play.next_request()
        assert isinstance(call, ReadPage)
        play.schedule.handle_answer(call, play.page(call.page), play.now)
    play.schedule.admission.admit([row(n) for n in range(1, 41)], play.now)
    for n in range(1, 41):
        play.answer_to(CreateMedia, f"i-{n}")
    pages = set()
    while play.now < 1100:
        call = play.next_request()
        if isinstance(call, ReadPage):
            pages.add(call.page)
        answer = play.page(call.page) if isinstance(call, ReadPage) else IngestStatus("processing")
        play.schedule.handle_answer(call, answer, play.now)
    assert pages == {1}


def test_few_rows_are_searched_one_by_one_in_a_large_account() -> None:
    play = driver_while_adopting(2)
    play.account = [media(reference=f"x{n}") for n in range(1000)]
    play.answer(play.page(1))
    assert not play.schedule.admission.is_adopting
    play.schedule.admission.admit([row(1), row(2)], play.now)
    assert play.answer(page_of()) == []  # Find r1
    assert play.next_request() == CreateMedia(row(1))
    (taken,) = play.answer_to(FindByReference, page_of(media(reference="r2")))
    assert taken.status is Status.IMPORTED


def test_if_the_filter_is_ignored_the_whole_list_is_read_before_a_row_is_created() -> None:
    play = driver_while_adopting(2)
    play.account = [media(reference=f"x{n}", key=f"x{n}") for n in range(250)] + [media()]
    play.answer(play.page(1))
    assert not play.schedule.admission.is_adopting  # two searches need fewer requests
    play.schedule.admission.admit([row(1), row(2)], play.now)
    assert isinstance(play.next_request(), FindByReference)
    assert play.answer(play.page(1)) == []
    pages, changes = [], []
    while play.schedule.admission.is_adopting:
        call = play.next_request()
        assert isinstance(call, ReadPage)
        pages.append(call.page)
        changes += play.schedule.handle_answer(call, play.page(call.page), play.now)
    assert pages == [1, 2, 3]
    assert [(change.row_number, change.status) for change in changes] == [(1, Status.IMPORTED)]
    assert play.next_request() == CreateMedia(row(2))


def test_a_page_that_cannot_be_read_is_read_again_at_once_and_then_with_backoff() -> None:
    play, moments = driver_while_adopting(5), []
    for _ in range(5):
        play.answer(NoAnswer("HTTP 500"))
        moments.append(play.now)
    assert [b - a for a, b in pairwise(moments)] == [0, 1, 2, 4]


# Credentials, and a platform that is down ---------------------------------------------------------


def test_a_403_for_one_row_is_distinguished_from_invalid_credentials() -> None:
    play = ScheduleDriver(row(1), row(2))
    assert play.answer(AuthenticationFailed("not yours", status=403)) == []
    assert isinstance(play.next_request(), GetAccount)
    changes = play.schedule.handle_answer(GetAccount(), Account("a"), play.now)
    assert statuses(changes) == [Status.FAILED]
    assert play.schedule.fault is None
    assert isinstance(play.next_request(), CreateMedia)  # the other row goes on

    play = ScheduleDriver(row(1))
    play.answer(AuthenticationFailed("no", status=403))
    assert play.answer(AuthenticationFailed("no", status=403)) == []
    assert isinstance(play.schedule.fault, CredentialsRefused)


def test_a_401_stops_the_run() -> None:
    play = ScheduleDriver(row())
    play.answer(AuthenticationFailed("who?", status=401))
    assert isinstance(play.schedule.fault, CredentialsRefused)


def test_a_row_whose_post_got_a_401_is_pending_again() -> None:
    # Simulation seed 71: such rows became unknown.
    play = ScheduleDriver(row(1), row(2))
    play.answer(AuthenticationFailed("who?", status=401))
    back = play.schedule.withdraw()
    assert sorted((c.row_number, c.status) for c in back) == [
        (1, Status.PENDING),
        (2, Status.PENDING),
    ]


def test_the_schedule_waits_while_the_account_is_requested() -> None:
    # Simulation seed 237: the wait was until a moment in the past.
    play = ScheduleDriver(row(1), processing_row(2))
    create = play.read_pages(CreateMedia)
    play.schedule.handle_answer(create, AuthenticationFailed("no", status=403), play.now)
    assert isinstance(play.next_request(), GetAccount)
    step = play.schedule.next_request(play.now)
    assert isinstance(step, Wait)
    assert step.until > play.now


def test_a_run_ends_if_the_platform_is_unreachable_for_too_long() -> None:
    play = ScheduleDriver(row())
    play.answer(NotSent("refused"))
    assert play.schedule.fault is None
    play.now += 901
    play.answer(NotSent("refused"))
    assert isinstance(play.schedule.fault, PlatformUnreachable)


# The order of requests ------------------------------------------------------------------------


def test_max_in_flight_limits_the_rows_in_flight() -> None:
    schedule = Schedule(replace(SETTINGS, max_in_flight=3, rate=100.0))
    assert schedule.admission.wanted_count() == 3
    schedule.admission.admit([row(1), row(2), row(3)], 0.0)
    for _ in range(3):
        call = schedule.next_request(0.0)
        assert isinstance(call, CreateMedia)
        schedule.handle_answer(call, f"i{call.row.row_number}", 0.0)
    assert schedule.admission.wanted_count() == 0


def test_posts_come_before_status_requests() -> None:
    play = ScheduleDriver(*(row(n) for n in range(1, 41)))
    assert [type(play.next_request()) for _ in range(40)] == [CreateMedia] * 40


def test_rows_become_imported_while_other_rows_wait_for_their_post() -> None:
    play = ScheduleDriver(*(row(n) for n in range(1, 301)))
    for n in range(1, 201):
        play.now += 0.2
        call = play.next_request()
        if isinstance(call, ReadPage):
            play.changes += play.schedule.handle_answer(call, play.page(call.page), play.now)
        else:
            assert isinstance(call, CreateMedia)
            play.schedule.handle_answer(call, f"i{n}", play.now)
            play.account.insert(0, media(reference=call.row.reference_id))
    assert len(play.changes) > 50


def test_a_late_answer_about_an_imported_row_is_ignored() -> None:
    play = ScheduleDriver(processing_row())
    asked = play.read_pages(GetIngestStatus)
    other = play.schedule.handle_answer(ReadPage(1), page_of(media()), play.now)
    assert statuses(other) == [Status.IMPORTED]
    assert play.schedule.handle_answer(asked, IngestStatus("online"), play.now) == []


def test_withdraw_returns_the_rows_that_were_not_sent() -> None:
    play = ScheduleDriver(row(1), row(2))
    play.answer("i-1")
    assert [(c.row_number, c.status) for c in play.schedule.withdraw()] == [(2, Status.PENDING)]
