"""Rows whose media the platform lists under an altered reference ID, on a virtual clock."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from batch_import.configuration.settings import Settings
from batch_import.errors import NoAnswer
from batch_import.failure_codes import FailureCode
from batch_import.importer.schedule import FINISHED, Schedule, Wait
from batch_import.importer.schedule.repeat import ListConsistency
from batch_import.importer.scheduled_request import (
    Answer,
    CreateMedia,
    FindByReference,
    GetIngestStatus,
    ReadPage,
    ScheduledRequest,
)
from batch_import.models import JobRow, Media, MediaPage, Status, StatusUpdate
from batch_import.viostream.responses import IngestStatus

SETTINGS = Settings(settle=100, max_wait=100)
#: Number of rows whose IDs are stored unchanged. They show from which age lists show all media.
PLAIN_COUNT = 30
LONG_ID = "Lecture-" + "x" * 60


def row(number: int, reference_id: str, title: str) -> JobRow:
    return JobRow(number, reference_id, "https://h/v.mp4", title, "mp4", Status.PENDING)


class Platform:
    """Answers the requests of a schedule, and stores some reference IDs in another form.

    Attributes:
        stored_ids: the stored form of a row's reference ID, if it is another.
        rows_without_answer: numbers of the rows whose POST is carried out without an answer.
        post_counts: number of POSTs, by row number.
    """

    def __init__(self, stored_ids: dict[str, str], rows_without_answer: Sequence[int]) -> None:
        self.stored_ids = stored_ids
        self.rows_without_answer = rows_without_answer
        self.post_counts: dict[int, int] = {}
        self.account: list[Media] = []

    def add_media(self, sent_row: JobRow, now: float) -> None:
        reference_id = sent_row.reference_id
        media = Media(
            f"m{len(self.account)}",
            "key",
            self.stored_ids.get(reference_id, reference_id),
            status="online",
            title=sent_row.filename,
            created_date=datetime.fromtimestamp(now, UTC).isoformat(),
        )
        self.account.insert(0, media)

    def answer(self, request: ScheduledRequest, now: float) -> Answer:
        if isinstance(request, CreateMedia):
            number = request.row.row_number
            self.post_counts[number] = self.post_counts.get(number, 0) + 1
            self.add_media(request.row, now)
            is_lost = number in self.rows_without_answer and self.post_counts[number] == 1
            return NoAnswer("cut") if is_lost else f"i{number}"
        if isinstance(request, GetIngestStatus):
            return IngestStatus("online")
        if isinstance(request, ReadPage):
            return MediaPage(tuple(self.account), total=len(self.account))
        assert isinstance(request, FindByReference)
        found = [one for one in self.account if one.reference_id == request.row.reference_id]
        return MediaPage(tuple(found), total=len(found))


class LatePlatform(Platform):
    """Shows no media until all rows of the test are sent."""

    def answer(self, request: ScheduledRequest, now: float) -> Answer:
        if isinstance(request, ReadPage) and len(self.account) <= PLAIN_COUNT:
            return MediaPage((), total=0)
        return super().answer(request, now)


class FixedPagePlatform(Platform):
    """Ignores page numbers, and always shows the same media of other users."""

    def answer(self, request: ScheduledRequest, now: float) -> Answer:
        if isinstance(request, ReadPage):
            others = (Media(f"other{n}", "key", f"other{n}", "online") for n in range(100))
            return MediaPage(tuple(others), total=1_000)
        return super().answer(request, now)


def run(
    platform: Platform, rows: Sequence[JobRow], list_consistency: str | None = None
) -> dict[int, StatusUpdate]:
    """Import rows after `PLAIN_COUNT` others, and return the last status update of each."""
    plain_rows = [row(number, f"r{number}", f"Clip {number}") for number in range(1, PLAIN_COUNT)]
    now = 1_795_687_200.0
    schedule = Schedule(SETTINGS, list_consistency)
    schedule.set_clock_offset(0.0)
    schedule.admission.admit([*plain_rows, *rows], now)
    schedule.admission.set_no_more_pending()
    updates: dict[int, StatusUpdate] = {}
    for _ in range(2_000):
        request = schedule.next_request(now)
        if request is FINISHED or request == Wait(float("inf")):
            return updates
        if isinstance(request, Wait):
            now = request.until
            continue
        assert not isinstance(request, type(FINISHED))
        answer = platform.answer(request, now)
        for update in schedule.handle_answer(request, answer, now):
            updates[update.row_number] = update
        now += 0.1
    raise AssertionError("it does not end")


@pytest.mark.parametrize("is_answered", [False, True])
@pytest.mark.parametrize(
    ("reference_id", "stored"),
    [
        ("MixedCase-1", "mixedcase-1"),
        ("R&D-1", "R&amp;D-1"),
        (LONG_ID, LONG_ID[:50]),
    ],
)
def test_a_row_is_imported_once_if_its_id_is_stored_in_another_form(
    reference_id: str, stored: str, *, is_answered: bool
) -> None:
    platform = Platform({reference_id: stored}, () if is_answered else (50,))
    updates = run(platform, [row(50, reference_id, "Special")])
    assert platform.post_counts[50] == 1
    assert updates[50].status is Status.IMPORTED
    assert updates[50].code == FailureCode.REFERENCE_ALTERED
    assert repr(stored) in updates[50].error


def test_the_media_of_a_post_that_arrived_late_is_found_by_an_altered_id() -> None:
    class SlowPlatform(Platform):
        """Carries out the POST of the last row a minute after it was sent."""

        def add_media(self, sent_row: JobRow, now: float) -> None:
            super().add_media(sent_row, now + 60 * (sent_row.row_number == 50))

    platform = SlowPlatform({"MixedCase-1": "mixedcase-1"}, (50,))
    updates = run(platform, [row(50, "MixedCase-1", "Special")])
    assert platform.post_counts[50] == 1
    assert updates[50].status is Status.IMPORTED


def test_an_older_media_with_an_altered_form_of_the_id_is_not_the_rows() -> None:
    platform = Platform({}, ())
    old_row = row(0, "mixedcase-1", "Special")
    platform.add_media(old_row, 1_795_600_000.0)
    updates = run(platform, [row(50, "MixedCase-1", "Special")])
    assert updates[50].media
    assert updates[50].media.reference_id == "MixedCase-1"
    assert not updates[50].error


def test_a_media_that_may_belong_to_two_rows_proves_no_absence() -> None:
    rows = [row(50, f"{LONG_ID}-1", "Special"), row(51, f"{LONG_ID}-2", "Special")]
    stored_ids = {one.reference_id: LONG_ID[:50] for one in rows}
    platform = LatePlatform(stored_ids, (50, 51))
    updates = run(platform, rows)
    assert (platform.post_counts[50], platform.post_counts[51]) == (1, 1)
    assert (updates[50].status, updates[51].status) == (Status.UNKNOWN, Status.UNKNOWN)
    assert "may belong to this row or to another row" in updates[50].error


def test_two_rows_whose_ids_differ_only_in_case_keep_their_own_media() -> None:
    rows = [row(50, "ab", "Small"), row(51, "AB", "Capital")]
    platform = Platform({"AB": "ab"}, (51,))
    updates = run(platform, rows)
    titles = {number: update.media.title for number, update in updates.items() if update.media}
    assert (titles[50], titles[51]) == ("Small", "Capital")
    assert platform.post_counts[51] == 1


def test_searches_alone_do_not_prove_the_absence_of_a_row_whose_id_may_be_altered() -> None:
    platform = FixedPagePlatform({"MixedCase-1": "mixedcase-1"}, (50,))
    consistency = ListConsistency()
    for _ in range(PLAIN_COUNT):
        consistency.record_shown(1.0, hidden_age=0.0, is_first=True, is_done=False)
    run(platform, [row(50, "MixedCase-1", "Special")], consistency.dump())
    assert platform.post_counts[50] == 1
