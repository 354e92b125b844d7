"""Whether a media belongs to a row."""

import pytest

from batch_import.importer.schedule.ownership import (
    Owner,
    best_media,
    may_adopt,
    normalized_title,
    other_media_note,
    other_title_note,
    owner_of,
    reference_id_taken_message,
)
from batch_import.importer.schedule.stored_id import normalized_id
from batch_import.models import JobRow, Media, Status

ROW = JobRow(1, "r1", "https://h/v.mp4", "Sales Kick-off.mp4", "mp4", Status.UNKNOWN)
#: 2026-11-26T10:00:00Z, in epoch seconds.
TEN = 1_795_687_200.0


def media(title: str = "", created: str = "", status: str = "online") -> Media:
    return Media("m1", "k1", "r1", status, title=title, created_date=created)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Sales Kick-off.mp4", "sales kick-off"),
        ("  Sales\u00a0 Kick-off ", "SALES KICK-OFF.MOV"),
        ("Caf\u00e9", "Cafe\u0301"),
        ("Stra\u00dfe", "STRASSE"),
    ],
)
def test_titles_that_differ_only_in_spelling_are_equal(one: str, other: str) -> None:
    assert normalized_title(one) == normalized_title(other)


@pytest.mark.parametrize(
    ("one", "other"), [("Part 1.2023", "Part 1.2024"), ("Part 1", "Part 2"), ("A", "")]
)
def test_different_titles_are_not_equal(one: str, other: str) -> None:
    assert normalized_title(one) != normalized_title(other)


def test_a_title_or_an_id_may_have_a_character_reference_of_any_length() -> None:
    text = f"a&#{'9' * 5_000};"
    assert normalized_title(text) == text
    assert normalized_id(text) == text


@pytest.mark.parametrize(
    ("title", "created", "offset", "owner"),
    [
        ("sales kick-off", "", None, Owner.OURS),
        ("HR only", "2026-11-26T10:00:05Z", 0.0, Owner.OURS),
        ("HR only", "2026-11-26T09:59:00Z", 0.0, Owner.OTHERS),
        ("HR only", "2026-11-26T10:01:00Z", 0.0, Owner.OTHERS),
        ("HR only", "2026-11-26T12:00:05Z", 7200.0, Owner.OURS),  # its clock is two hours ahead
        ("HR only", "2026-11-26T10:00:05Z", 7200.0, Owner.OTHERS),
        ("HR only", "2026-11-26T10:00:05", 0.0, Owner.OURS),
        ("HR only", "2026-11-26T20:00:05", 0.0, Owner.OURS),  # local time of Brisbane
        ("HR only", "2026-11-26T15:45:05", 0.0, Owner.OURS),  # local time of Kathmandu
        ("HR only", "2026-11-26T02:00:05", 0.0, Owner.OURS),  # local time of Los Angeles
        ("HR only", "2026-11-26T20:05:05", 0.0, Owner.OTHERS),  # of no time zone
        ("HR only", "2026-11-27T10:00:05", 0.0, Owner.OTHERS),  # of no time zone
        ("HR only", "2026-11-26T20:00:05Z", 0.0, Owner.OTHERS),
        ("HR only", "2026-11-26", 0.0, Owner.UNDECIDED),
        ("HR only", "2026-11-26T10:00:05Z", None, Owner.UNDECIDED),
        ("HR only", "yesterday", 0.0, Owner.UNDECIDED),
        ("", "", 0.0, Owner.UNDECIDED),
    ],
)
def test_a_media_belongs_to_a_row_by_its_title_or_by_the_time_of_the_post(
    title: str, created: str, offset: float | None, owner: Owner
) -> None:
    assert owner_of(media(title, created), ROW, TEN, TEN + 10, offset) is owner


def test_a_row_that_was_not_sent_adopts_only_a_media_with_its_title() -> None:
    assert may_adopt(media("SALES kick-off"), ROW, "same-title")
    assert not may_adopt(media("HR only"), ROW, "same-title")
    assert may_adopt(media("HR only"), ROW, "any")


@pytest.mark.parametrize("status", ["online", "processing", "queued", "pending review", ""])
def test_a_media_that_is_online_or_on_its_way_may_be_adopted(status: str) -> None:
    assert may_adopt(media("Sales kick-off", status=status), ROW, "same-title")


@pytest.mark.parametrize("status", ["archived", "deleted", "error", "failed", "published"])
@pytest.mark.parametrize("adopt", ["same-title", "any"])
def test_a_media_with_another_status_is_not_adopted(status: str, adopt: str) -> None:
    assert not may_adopt(media("Sales kick-off", status=status), ROW, adopt)


def test_an_unfinished_media_is_better_than_one_with_a_status_that_is_not_known() -> None:
    archived, queued, failed = (media(status=each) for each in ("archived", "queued", "failed"))
    assert best_media([failed, archived, queued]) is queued
    assert best_media([failed, archived]) is archived


def test_the_message_has_title_date_and_id_of_the_media() -> None:
    text = reference_id_taken_message([media("HR only", "2026-11-26T10:00:00Z")])
    assert "'HR only', created 2026-11-26T10:00:00Z (id m1)" in text


def test_a_note_is_added_if_an_adopted_media_has_another_title() -> None:
    assert other_title_note(ROW, media("sales kick-off")) == ""
    assert "its title in the account is 'HR only'" in other_title_note(ROW, media("HR only"))


def test_best_media_prefers_online_to_processing_to_failed() -> None:
    failed, going, online = (media(status=s) for s in ("failed", "processing", "online"))
    assert best_media([failed, going, online]) is online
    assert best_media([failed, going]) is going
    assert best_media([]) is None


def test_the_note_names_other_media_except_failed_ones() -> None:
    two = Media("m2", "k2", "r1", "online")
    three = Media("m3", "k3", "r1", "failed")
    assert other_media_note([media(), two, three], media()).endswith(": m2")
    assert other_media_note([media()], media()) == ""
