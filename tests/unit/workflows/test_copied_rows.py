"""Rows of a new job that are rows to fix of another job."""

import pytest

from batch_import.state.row_identifiers import RowIdentifiers
from batch_import.workflows.copied_rows import count_pairs


def row(number: int, title: str) -> RowIdentifiers:
    return RowIdentifiers(f"https://h.example.com/{number}.mp4", f"R-{number}", title)


@pytest.mark.parametrize(
    ("new", "to_fix", "count"),
    [
        # Two videos with the same title, one of which failed.
        ([row(1, "Lecture 1"), row(2, "Lecture 1"), row(3, "Three")], [row(2, "Lecture 1")], 1),
        ([row(1, "Lecture 1")], [row(8, "Lecture 1"), row(9, "Lecture 1")], 1),
        ([row(1, "One"), row(2, "Two")], [row(1, ""), row(2, "2")], 2),
        ([row(1, "")], [row(2, "")], 0),
    ],
)
def test_rows_of_the_same_title_are_counted_once(
    new: list[RowIdentifiers], to_fix: list[RowIdentifiers], count: int
) -> None:
    assert count_pairs(new, to_fix) == count
