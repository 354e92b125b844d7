"""Rows without a reference ID among rows that have one."""

import pytest

from batch_import.manifest.blank_ids import BlankIds


@pytest.mark.parametrize(
    ("references", "lines"),
    [
        (["a", "", "c", "d"], [3]),
        (["a", "", "", "d"], []),
        (["a", "", "", "d", "e"], [3, 4]),
        (["", "", ""], []),
        (["a", "b"], []),
    ],
)
def test_blank_ids_are_found_if_most_rows_have_an_id(
    references: list[str], lines: list[int]
) -> None:
    blank = BlankIds()
    for line, reference in enumerate(references, 2):
        blank.add([line], [reference], ())
    assert list(blank.find_lines()) == lines


def test_rows_with_uncertain_cells_are_ignored() -> None:
    blank = BlankIds()
    blank.add([2, 3, 4, 5], ["a", "", "b", ""], {1})
    assert list(blank.find_lines()) == [5]
