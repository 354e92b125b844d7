"""Rows without an ID: the same URL and title in a second row is a duplicate of the first."""

from batch_import.manifest.identities import Identities

URL = "https://videos.example.com/a.mp4"


def test_the_second_of_two_identical_rows_is_a_duplicate() -> None:
    lines, own, urls = [2, 3, 4, 5], ["", "", "", ""], [URL, URL, URL, URL]
    titles = ["A", "A", "B", "A"]
    identities = Identities()
    made = identities.assign_ids(lines, own, urls, titles, ())
    same, alike = identities.find_duplicate_ids(lines, own, made, urls, ())
    found = {lines[at]: violation.code for at, violation in same}
    assert found == {3: "duplicate-row", 5: "duplicate-row"}
    assert made[0] != made[2]
    assert not alike


def test_the_hint_for_a_duplicate_id_is_to_delete_only_an_identical_row() -> None:
    identities = Identities()
    ids, urls = ["a", "b"], [URL, f"{URL}?2"]
    assert identities.find_duplicate_ids([2, 3], ids, ids, urls, ()) == ([], [])
    ids, urls = ["a", "a", "b"], [URL, f"{URL}?2", ""]
    found, _ = identities.find_duplicate_ids([4, 5, 6], ids, ids, urls, ())
    assert [violation.code for _, violation in found] == ["duplicate-reference"] * 3
    assert [violation.hint.partition(" ")[0] for _, violation in found] == [
        "Delete", "Give", "Give",
    ]  # fmt: skip
    assert found[0][1].reason.endswith("line 2")
