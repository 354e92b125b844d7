"""Media whose reference ID the platform stored in an altered form."""

import unicodedata

import pytest

from batch_import.importer.schedule.altered_ids import AlteredIds
from batch_import.importer.schedule.stored_id import MIN_CUT_LENGTH, may_be_altered
from batch_import.models import JobRow, Media, Status

LONG_ID = "lecture-" + "x" * 60
LIMIT = 50


def row(reference_id: str, number: int = 1, title: str = "Clip") -> JobRow:
    return JobRow(number, reference_id, "https://h/v.mp4", title, "mp4", Status.PENDING)


def media(reference_id: str, title: str = "Clip") -> Media:
    return Media("m", "k", reference_id, title=title)


def index(*rows: JobRow) -> AlteredIds:
    altered_ids = AlteredIds()
    for one_row in rows:
        altered_ids.add(one_row)
    return altered_ids


@pytest.mark.parametrize(
    ("reference_id", "stored"),
    [
        ("MixedCase-1", "mixedcase-1"),
        ("R&D-1", "R&amp;D-1"),
        ("R&D-1", "r&amp;d-1"),
        ('say "a"', "say &quot;a&quot;"),
        ("a  b ", "a b"),
        ("cafe\u0301", unicodedata.normalize("NFC", "cafe\u0301")),
        (LONG_ID, LONG_ID[:LIMIT]),
        (LONG_ID, LONG_ID[:LIMIT].upper()),
        ("x" * 40 + "R&D-1", "x" * 40 + "R&am"),
    ],
)
def test_a_row_is_found_by_an_altered_form_of_its_id(reference_id: str, stored: str) -> None:
    altered_ids = index(row(reference_id), row("another", 2))
    assert list(altered_ids.rows_with_id(media(stored))) == [1]
    assert may_be_altered(reference_id)


@pytest.mark.parametrize(
    ("reference_id", "stored"),
    [
        ("video-10", "video-1"),
        (LONG_ID, LONG_ID[: MIN_CUT_LENGTH - 1]),
        (LONG_ID[:LIMIT], LONG_ID),
        (LONG_ID, LONG_ID[:LIMIT] + "y"),
        ("row-1", ""),
    ],
)
def test_a_row_is_not_found_by_another_id(reference_id: str, stored: str) -> None:
    assert not altered_rows(reference_id, stored)


def altered_rows(reference_id: str, stored: str) -> list[int]:
    return list(index(row(reference_id)).rows_with_id(media(stored)))


def test_a_row_is_found_by_a_cut_id_only_if_the_media_has_its_title() -> None:
    rows = [row(f"{LONG_ID}-{number}", number, f"Clip {number}") for number in (1, 2, 3)]
    assert list(index(*rows).rows_with_id(media(LONG_ID[:LIMIT], "Clip 2"))) == [2]


def test_the_media_of_a_finished_row_is_not_taken_for_the_cut_id_of_another_row() -> None:
    first, second = row(LONG_ID, 1), row(f"{LONG_ID}0", 2)
    altered_ids = index(first, second)
    altered_ids.remove(first, None)
    assert not altered_ids.rows_with_id(media(LONG_ID))
    altered_ids.remove(second, None)
    assert not altered_ids.rows_with_id(media(LONG_ID))


def test_the_media_of_a_finished_row_is_not_taken_for_the_media_of_a_row_with_the_same_cut() -> (
    None
):
    first, second = row(f"{LONG_ID}-1", 1), row(f"{LONG_ID}-2", 2)
    altered_ids = index(first, second)
    altered_ids.remove(first, "m")
    assert not altered_ids.rows_with_id(media(LONG_ID[:LIMIT]))


def test_short_plain_ids_are_not_altered() -> None:
    assert not may_be_altered("sales/2024_kick-off.v1:final")
