"""Which rows their old platform calls private, deleted or failed."""

import pandas as pd
import pytest

from batch_import.manifest.columns.restricted_rows import RestrictedRows

WANTED = "elete the rows that you do not want."
PUBLIC = f"New media are public unless the account has a default restriction profile. D{WANTED}"
IMPORTED = f"These rows are imported too: d{WANTED}"


def notes(heading: str, *cells: str) -> list[str]:
    rows = RestrictedRows(["link", heading], [1])
    for line, cell in enumerate(cells, 2):
        frame = pd.DataFrame({0: ["https://example.com/a.mp4"], 1: [cell]}, dtype=object)
        rows.add(frame, [line])
    return rows.notes()


@pytest.mark.parametrize(
    ("heading", "cells", "said"),
    [
        ("Visibility", ("Private", "public", "private"),
         "2 of 3 rows say “private” (lines 2, 4). " + PUBLIC),
        ("privacy.view", ("anybody", "nobody"),
         "1 of 2 rows says “nobody” (line 3). " + PUBLIC),
        ("status", ("ready", "deleted", "deleted", "UPLOADING_ERROR"),
         "3 of 4 rows say “deleted” or “uploading error” (lines 3, 4, 5). " + IMPORTED),
        ("is_private", ("true", "false"),
         "1 of 2 rows says “true” (line 2). " + PUBLIC),
        ("Published", ("no", "yes"),
         "1 of 2 rows says “no” (line 2). " + PUBLIC),
        ("Status", ("not published", "published"),
         "1 of 2 rows says “not published” (line 2). " + PUBLIC),
        ("Deleted", ("0", "1"),
         "1 of 2 rows says “1” (line 3). " + IMPORTED),
        ("Privacy", ("private",) * 6,
         "6 of 6 rows say “private” (lines 2, 3, 4, 5, 6, …). " + PUBLIC),
        ("Sichtbarkeit", ("Privat",),
         "1 of 1 rows says “privat” (line 2). " + PUBLIC),
    ],
)  # fmt: skip
def test_what_is_said(heading: str, cells: tuple[str, ...], said: str) -> None:
    assert notes(heading, *cells) == [f"Column “{heading}”: {said}"]


@pytest.mark.parametrize(
    ("heading", "cell"),
    [
        ("Department", "Private"),
        ("Status", "not deleted"),
        ("Status", "How an error in the status is found"),
        ("Visibility", "Private equity: what it is and how to invest"),
        ("privacy.comments", "nobody"),
        ("Caption status", "failed"),
        ("Published", "2024-01-01"),
        ("Deleted", "false"),
        ("Visibility", ""),
    ],
)
def test_what_is_not_said(heading: str, cell: str) -> None:
    assert notes(heading, cell) == []


def test_private_rows_come_before_deleted_rows_of_the_same_column() -> None:
    private, deleted = notes("status", "deleted", "private")
    assert "“private”" in private
    assert "“deleted”" in deleted


def test_a_sample_is_said_to_be_one() -> None:
    rows = RestrictedRows(["privacy"], [0])
    rows.add(pd.DataFrame({0: ["private", "public"]}, dtype=object), [2, 3])
    assert rows.notes(is_sample=True)[0].startswith("Column “privacy”: 1 of the first 2 rows says")
