"""Media that are in the account before the first POST: which are adopted, and which block a row."""

import pytest

from batch_import.configuration.settings import Settings
from batch_import.failure_codes import FailureCode
from batch_import.importer.schedule import Schedule
from batch_import.importer.scheduled_request import ReadPage
from batch_import.models import JobRow, Media, MediaPage, Status, StatusUpdate

ROW = JobRow(1, "r1", "https://h/v.mp4", "Clip", "mp4", Status.PENDING)
OTHER = Media("m1", "k1", "r1", status="online", title="Somebody's own")
OWN = Media("m2", "k2", "r1", status="online", title="clip.MP4")


def read_account(pages: list[list[Media]], adopt: str = "same-title") -> list[StatusUpdate]:
    """Read an account of these pages before the first POST, and return the status updates."""
    schedule = Schedule(Settings(adopt=adopt))  # type: ignore[arg-type]
    schedule.admission.start_adoption(9)
    changes: list[StatusUpdate] = []
    total = sum(map(len, pages))
    while schedule.admission.is_adopting:
        call = schedule.next_request(0.0)
        assert isinstance(call, ReadPage)
        page = MediaPage(tuple(pages[call.page - 1]), total=total)
        schedule.handle_answer(call, page, 0.0)
        rows = [ROW] if any(m.reference_id == "r1" for m in page.items) and not changes else []
        changes += schedule.admission.adopt_page(rows, page, 0.0)
    return changes


def filler(number: int) -> Media:
    return Media(f"x{number}", f"x{number}", f"x{number}", status="online")


def test_a_row_fails_if_a_media_with_another_title_has_its_reference_id() -> None:
    (change,) = read_account([[OTHER]])
    assert (change.status, change.code) == (Status.FAILED, FailureCode.REFERENCE_ID_TAKEN)
    assert "Somebody's own" in change.error


def test_the_rows_own_media_is_found_on_a_later_page() -> None:
    (change,) = read_account([[filler(1), OTHER], [OWN]])
    assert (change.status, change.media) == (Status.IMPORTED, OWN)


def test_adopt_any_adopts_a_media_with_another_title_and_adds_a_note() -> None:
    (change,) = read_account([[OTHER]], adopt="any")
    assert (change.status, change.code) == (Status.IMPORTED, FailureCode.TITLE_OVERRIDDEN)
    assert "Somebody's own" in change.error


@pytest.mark.parametrize("items", [[OTHER, OWN], [OWN, OTHER]])
def test_a_media_with_the_rows_title_is_adopted_before_others(items: list[Media]) -> None:
    (change,) = read_account([items], adopt="any")
    assert change.media == OWN
    assert "m1" in change.error


def test_a_failed_media_does_not_block_a_row() -> None:
    failed = Media("m3", "k3", "r1", status="failed", title="Somebody's own")
    assert read_account([[failed]]) == []
