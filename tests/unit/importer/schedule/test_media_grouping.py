"""Which of several media with a row's reference ID belong to the row's last POST."""

from dataclasses import replace

from batch_import.importer.schedule.media_grouping import group_by_owner
from batch_import.importer.schedule.row_states import CreationTime, Processing
from batch_import.models import JobRow, Media, Status

ROW = JobRow(1, "r1", "https://h/v.mp4", "Kick-off.mp4", "mp4", Status.PROCESSING)
#: 2026-11-26T10:00:00Z, in epoch seconds.
TEN = 1_795_687_200.0
#: The row was sent at 10:00:00 and, after its absence was proven, again at 10:01:00.
SENT_TWICE = Processing(ROW, CreationTime(TEN + 60, TEN + 61, first_post_at=TEN), TEN + 61)


def media(media_id: str, created: str, status: str = "online") -> Media:
    created_date = f"2026-11-26T{created}Z"
    return Media(media_id, "k", "r1", status, title="Kick-off", created_date=created_date)


def test_a_media_that_an_earlier_post_has_created_after_its_absence_was_proven_is_surplus() -> None:
    late, last = media("m1", "10:00:40"), media("m2", "10:01:00")
    found = group_by_owner(SENT_TWICE, [last, late], 0.0)
    assert (found.ours, found.surplus) == ((last,), (late,))


def test_a_late_media_is_also_surplus_if_the_media_of_the_row_is_known() -> None:
    late, last = media("m1", "10:00:40"), media("m2", "10:01:00")
    found = group_by_owner(replace(SENT_TWICE, media_id="m2"), [last, late], 0.0)
    assert (found.ours, found.surplus, found.others) == ((last,), (late,), ())


def test_without_a_media_of_the_last_post_none_is_surplus() -> None:
    late = media("m1", "10:00:40")
    found = group_by_owner(SENT_TWICE, [late], 0.0)
    assert (found.ours, found.surplus) == ((late,), ())


def test_a_failed_media_of_an_earlier_post_is_not_surplus() -> None:
    failed, last = media("m1", "10:00:40", "failed"), media("m2", "10:01:00")
    assert group_by_owner(SENT_TWICE, [last, failed], 0.0).surplus == ()
