"""Rows that may not be wanted: private, expired, deleted, or marked by a person."""

from datetime import UTC, datetime

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_import.errors import setting_ref
from batch_import.manifest.columns.restricted_rows import RestrictedRows
from batch_import.manifest.columns.restrictions import _PHRASES, RESTRICTIONS

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC).timestamp()
TO_OMIT = f"To leave rows out, name them with {setting_ref('exclude')}."
NOT_PUBLIC = "not public or not current in the old platform"
PUBLIC = f"New media are public unless the account has a default restriction profile. {TO_OMIT}"
DELETED = "deleted or failed in the old platform"
MARKED = "marked as not to be published or imported"
IMPORTED = f"Such rows are imported like all others. {TO_OMIT}"

_LETTERS = st.text(st.characters(categories=("L",)), min_size=1, max_size=12)


def notes(heading: str, *cells: str) -> list[str]:
    rows = RestrictedRows(["link", heading], [1], NOW)
    for line, cell in enumerate(cells, 2):
        frame = pd.DataFrame({0: ["https://example.com/a.mp4"], 1: [cell]}, dtype=object)
        rows.add(frame, [line], ())
    return rows.notes()


@pytest.mark.parametrize(
    ("heading", "cells", "rows", "values", "consequence"),
    [
        ("Visibility", ("Private", "public", "private"),
         f"2 of 3 rows to import are {NOT_PUBLIC} (lines 2, 4)", "“private”", PUBLIC),
        ("privacy.view", ("anybody", "nobody"),
         f"1 of 2 rows to import is {NOT_PUBLIC} (line 3)", "“nobody”", PUBLIC),
        ("status", ("ready", "deleted", "deleted", "UPLOADING_ERROR"),
         f"3 of 4 rows to import are {DELETED} (lines 3, 4, 5)",
         "“deleted” or “uploading error”", IMPORTED),
        ("is_private", ("true", "false"),
         f"1 of 2 rows to import is {NOT_PUBLIC} (line 2)", "“true”", PUBLIC),
        ("Status", ("not published", "published"),
         f"1 of 2 rows to import is {NOT_PUBLIC} (line 2)", "“not published”", PUBLIC),
        ("Deleted", ("0", "1"),
         f"1 of 2 rows to import is {DELETED} (line 3)", "“1”", IMPORTED),
        ("Privacy", ("private",) * 6,
         f"6 of 6 rows to import are {NOT_PUBLIC} (lines 2, 3, 4, 5, 6, …)", "“private”", PUBLIC),
        ("Sichtbarkeit", ("Privat",),
         f"1 of 1 rows to import is {NOT_PUBLIC} (line 2)", "“privat”", PUBLIC),
        ("State", ("Live", "Retired"),
         f"1 of 2 rows to import is {NOT_PUBLIC} (line 3)", "“retired”", PUBLIC),
        ("Expires", ("2031-01-01", "2020-01-01", "2020-03-01"),
         f"2 of 3 rows to import are {NOT_PUBLIC} (lines 3, 4)", "a date in the past", PUBLIC),
        ("Remarks", ("ok", "DO NOT MIGRATE"),
         f"1 of 2 rows to import is {MARKED} (line 3)", "“do not migrate”", IMPORTED),
    ],
)  # fmt: skip
def test_the_note_has_the_rows_the_values_and_the_consequence(
    heading: str, cells: tuple[str, ...], rows: str, values: str, consequence: str
) -> None:
    assert notes(heading, *cells) == [f"{rows}: “{heading}” has {values}. {consequence}"]


@pytest.mark.parametrize(
    ("heading", "cell"),
    [
        ("Active", "No"), ("Is Active?", "false"), ("video_active", "0"), ("Enabled", "FALSE"),
        ("Published", "false"), ("Published", "no"), ("Aktiv", "nein"), ("Publié", "non"),
        ("Status", "Archived"), ("Status", "Draft"), ("Status", "Deleted"), ("Status", "Expired"),
        ("Status", "no longer available"), ("Workflow state", "Withdrawn"), ("Etat", "Archivé"),
        ("Visibility", "Hidden"), ("Visibility", "Unlisted"), ("Embargo", "yes"),
        ("Expiry date", "31/12/2019"), ("Expiration", "2020-01-01T00:00:00.000Z"),
        ("Available until", "1 May 2021"), ("schedule.ends_at", "2020-01-01 00:00:00"),
        ("Deleted at", "2025-11-02"), ("Retired on", "May 2, 2024"), ("Ablaufdatum", "01.02.2020"),
        ("Embargo date", "2030-01-01"),
        ("Notes", "do not publish"), ("Notes", "Legal: DO NOT PUBLISH until 2028"),
        ("Title", "[Do not migrate] Onboarding"), ("Comment", "embargo until 1 Sept 2031"),
        ("Info", "Please don’t publish this yet"), ("", "not for publication"),
        ("Bemerkung", "Bitte nicht veröffentlichen!"), ("Remarques", "Ne pas publier"),
    ],
)  # fmt: skip
def test_a_row_that_may_not_be_wanted_is_noted(heading: str, cell: str) -> None:
    assert len(notes(heading, cell)) == 1


@pytest.mark.parametrize(
    ("heading", "cell"),
    [
        ("Department", "Private"),
        ("Status", "not deleted"), ("Status", "Active"), ("State", "New York"),
        ("Status", "How an error in the status is found"),
        ("Visibility", "Private equity: what it is and how to invest"),
        ("Visibility", ""),
        ("privacy.comments", "nobody"),
        ("Caption status", "failed"), ("Owner status", "inactive"), ("Uploader active", "no"),
        ("Published", "2024-01-01"), ("Published", "yes"),
        ("Deleted", "false"), ("Active users", "no"), ("Available formats", "0"),
        ("Active", "Yes"), ("Current department", "internal"), ("Captions available", "No"),
        ("Title", "Hidden Figures"), ("Title", "Private Eye"), ("Title", "Draft beer"),
        ("Title", "Do not publish your address on the internet"),
        ("Title", "Why we do not publish"), ("Title", "Embargo"), ("Title", "Expired"),
        ("Title", "The embargo until 1807"), ("Title", "Do not import customs"),
        ("Expires", "2031-01-01"), ("Expires", "never"), ("Expires", "1970-01-01"),
        ("Expires", "0001-01-01T00:00:00"), ("Expires", "2026-06-15"), ("Expires", "06/2026/33"),
        ("Expires", "Season 2019, part 2"), ("link_expiration_time", "2020-01-01"),
        ("download.expires", "2020-01-01"), ("Created", "2020-01-01"), ("Embargo", "2020-01-01"),
        ("Valid from", "2020-01-01"), ("Notes", "embargo until 2 May 2019"),
        ("Notes", "was under embargo, lifted"), ("Notes", "publish"),
        ("Description", "do not publish. " + "A long text about something. " * 8),
    ],
)  # fmt: skip
def test_a_row_with_a_similar_value_is_not_noted(heading: str, cell: str) -> None:
    assert notes(heading, cell) == []


@pytest.mark.parametrize("phrase", _PHRASES)
def test_each_phrase_is_noted_in_a_column_of_remarks(phrase: str) -> None:
    assert len(notes("Remarks", phrase.upper())) == 1


_STATUS_WORDS = sorted(frozenset[str]().union(*(each.cell_words for each in RESTRICTIONS)))


@given(
    word=st.sampled_from(_STATUS_WORDS),
    change_case=st.sampled_from([str.lower, str.upper, str.title]),
    spaces=st.text(" ", max_size=3),
)
def test_a_status_is_noted_in_a_column_about_the_status_only(
    word: str, change_case: type[str], spaces: str
) -> None:
    cell = spaces + change_case(word) + spaces
    assert len(notes("Status", cell)) == 1
    assert notes("Department", cell) == []
    assert notes("Title", cell) == []


@given(
    phrase=st.sampled_from(["do not publish", "DO NOT MIGRATE", "Don't import", "do not upload"]),
    text=st.lists(_LETTERS, min_size=1, max_size=5).map(" ".join),
)
def test_a_phrase_that_continues_as_a_sentence_is_the_title_of_a_video(
    phrase: str, text: str
) -> None:
    assert notes("Title", f"{phrase} every {text}") == []
    assert notes("Title", f"Why people {phrase}") == []
    assert len(notes("Title", f"{phrase} – {text}")) == 1


def test_private_rows_are_noted_before_deleted_rows_of_the_same_column() -> None:
    private, deleted = notes("status", "deleted", "private")
    assert "“private”" in private
    assert "“deleted”" in deleted


def test_a_row_that_several_columns_restrict_is_counted_once() -> None:
    rows = RestrictedRows(["Status", "Visibility"], [0, 1], NOW)
    rows.add(
        pd.DataFrame({0: ["draft", "ready"], 1: ["hidden", "hidden"]}, dtype=object), [2, 3], ()
    )
    (note,) = rows.notes()
    assert note.startswith(
        f"2 of 2 rows to import are {NOT_PUBLIC} (lines 2, 3): “Status” has “draft”,"
    )


def five_rows(invalid: tuple[int, ...] = ()) -> RestrictedRows:
    rows = RestrictedRows(["Status", "Active"], [0, 1], NOW)
    cells = {0: ["draft", "draft", "ready", "hidden", "ready"], 1: ["no", "yes", "no", "yes", ""]}
    rows.add(pd.DataFrame(cells, dtype=object), [2, 3, 4, 5, 6], invalid)
    return rows


def test_invalid_rows_are_not_counted() -> None:
    (note,) = five_rows(invalid=(0, 4)).notes()
    assert note.startswith(f"3 of 3 rows to import are {NOT_PUBLIC} (lines 3, 4, 5)")


def test_only_rows_that_are_sent_are_counted() -> None:
    rows = five_rows()
    rows.keep([5, 4, 6])
    (note,) = rows.notes()
    assert note.startswith(f"2 of 3 rows to import are {NOT_PUBLIC} (lines 4, 5)")
    assert "“Status” has “hidden”, “Active” has “no”." in note
    rows.keep([6])
    assert rows.notes() == []


def test_rows_whose_source_failed_are_not_counted() -> None:
    rows = five_rows()
    rows.remove({2, 4})
    (note,) = rows.notes()
    assert note.startswith(f"2 of 3 rows to import are {NOT_PUBLIC} (lines 3, 5)")
    assert "“Status” has “draft” or “hidden”. New" in note


def test_a_note_about_a_sample_says_that_it_counts_only_the_first_rows() -> None:
    rows = RestrictedRows(["privacy"], [0], NOW)
    rows.add(pd.DataFrame({0: ["private", "public"]}, dtype=object), [2, 3], ())
    assert rows.notes(is_sample=True)[0].startswith(
        f"1 of the first 2 rows to import is {NOT_PUBLIC}"
    )
