"""Rows without an id: the same address and title again is the same row again."""

from batch_import.manifest.identities import Identities

URL = "https://videos.example.com/a.mp4"


def test_the_second_of_two_identical_rows_is_a_duplicate() -> None:
    lines, own, urls = [2, 3, 4, 5], ["", "", "", ""], [URL, URL, URL, URL]
    titles = ["A", "A", "B", "A"]
    identities = Identities()
    made = identities.assign_ids(lines, own, urls, titles, ())
    same, alike = identities.find_duplicate_ids(lines, own, made, ())
    found = {lines[at]: violation.code for at, violation in same}
    assert found == {3: "duplicate-row", 5: "duplicate-row"}
    assert made[0] != made[2]
    assert not alike
