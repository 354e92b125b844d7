"""Which pending rows may adopt a media whose reference ID was stored in an altered form."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import pytest

from batch_import.importer.adoption_candidates import AdoptionCandidates
from batch_import.importer.schedule.ownership import media_to_adopt
from batch_import.models import ManifestRow, Media, Status, StatusUpdate
from batch_import.state.store import Store

LONG_ID = "Lecture-" + "x" * 60
CUT_ID = LONG_ID[:50]


@contextmanager
def job_of(*ids_and_titles: tuple[str, str]) -> Iterator[tuple[Store, AdoptionCandidates]]:
    rows = [
        ManifestRow(line, reference_id, reference_id, f"https://h/{line}.mp4", title, "mp4", ())
        for line, (reference_id, title) in enumerate(ids_and_titles, 2)
    ]
    with Store(None) as store:
        store.load(rows, 1.0)
        yield store, AdoptionCandidates(store)


def media(reference_id: str, title: str = "T") -> Media:
    return Media(reference_id, "key", reference_id, "online", title)


def found_ids(candidates: AdoptionCandidates, items: Iterable[Media]) -> list[str]:
    return sorted(row.reference_id for row in candidates.rows_of(list(items)))


@pytest.mark.parametrize(
    ("reference_id", "stored"),
    [("MixedCase-1", "mixedcase-1"), ("R&D-1", "R&amp;D-1"), (LONG_ID, CUT_ID), ("r1", "r1")],
)
def test_a_row_adopts_a_media_with_an_altered_form_of_its_id(
    reference_id: str, stored: str
) -> None:
    with job_of((reference_id, "T"), ("r2", "T")) as (_, candidates):
        (row,) = candidates.rows_of([media("other"), media(stored)])
        assert row.reference_id == reference_id
        assert media_to_adopt([media("other"), media(stored)], row, "any") == media(stored)


def test_a_media_with_another_title_is_not_adopted_by_an_altered_id() -> None:
    with job_of(("MixedCase-1", "T")) as (_, candidates):
        assert not found_ids(candidates, [media("mixedcase-1", "Another")])


def test_a_media_with_the_cut_id_of_two_rows_is_adopted_by_none() -> None:
    with job_of((f"{LONG_ID}-1", "T"), (f"{LONG_ID}-2", "T")) as (_, candidates):
        assert not found_ids(candidates, [media(CUT_ID)])


def test_an_id_is_not_cut_if_the_account_has_a_longer_id() -> None:
    with job_of((LONG_ID, "T")) as (_, candidates):
        assert not found_ids(candidates, [media(CUT_ID), media("y" * 51)])


def test_the_media_of_an_imported_row_is_not_adopted_by_another() -> None:
    with job_of((LONG_ID, "T"), (f"{LONG_ID}0", "T")) as (store, candidates):
        (row,) = candidates.rows_of([media(LONG_ID)])
        assert row.reference_id == LONG_ID
        imported = StatusUpdate(row.row_number, Status.IMPORTED, "online", media=media(LONG_ID))
        store.queue.apply([imported], 2.0)
        assert not candidates.rows_of([media(LONG_ID)])
