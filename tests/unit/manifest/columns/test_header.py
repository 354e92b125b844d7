"""Which record is the header."""

import pytest

from batch_import.configuration.settings import ReadingOptions
from batch_import.errors import ManifestError
from batch_import.manifest.columns.header import find_header

URL = "https://h/v.mp4"


def header(*rows: str, **options: object) -> tuple[int, tuple[str, ...]]:
    records = [(line, row.split("|") if row else [], None) for line, row in enumerate(rows, 1)]
    found = find_header("m.csv", records, ReadingOptions(**options))  # type: ignore[arg-type]
    return found.line, found.names


@pytest.mark.parametrize(
    ("rows", "line"),
    [
        (["url|title", "u|t"], 1),
        (["Wo|Was", "u|t"], 1),
        (["", "|", "Wo|Was", "u|t"], 3),
        (["# by hand", "#", "url|title"], 3),
        (["#by hand", "Wo|Was"], 2),
        (["Our videos", "as of March", "url|title"], 3),
        (["Videos|Titles", "Link|Name", "u|t"], 2),
        ([f"From {URL}", "url|title"], 2),
        ([URL, "url|title"], 2),
        (["#|url|title", "1|u|t"], 1),
        (["Wo|Was", "video|clip", f"{URL}|title|name"], 1),
        (["Our videos", *["x"] * 18, "url|title"], 20),
        (["Our videos", *["x"] * 19, "url|title"], 1),
    ],
)
def test_the_header_is_the_first_line_of_names(rows: list[str], line: int) -> None:
    assert header(*rows) == (line, tuple(rows[line - 1].split("|")))


def test_names_that_the_user_maps_are_names_of_a_header() -> None:
    rows = ["Our videos", "Wo|Was", "u|t"]
    assert header(*rows)[0] == 1
    assert header(*rows, map={"sourceUrl": "Wo", "filename": "WAS"})[0] == 2


@pytest.mark.parametrize("row", [URL, f" {URL.upper()}", "ftp://h/v.mp4"])
def test_a_column_of_urls_needs_no_header(row: str) -> None:
    assert header("# list", row) == (0, ("sourceUrl",))


def test_names_that_the_user_gives_are_the_header() -> None:
    names = ("a", "", "sourceUrl")
    assert header("# list", f"1|2|{URL}|", columns=names) == (0, names)
    assert header("1", f"1|2|{URL}", columns=names) == (0, names)


def test_the_record_with_all_mapped_names_is_the_header() -> None:
    """The title line above the header also has two of these names."""
    rows = ["Name|Code|", "Link|Name|Code", f"{URL}|One|1"]
    mapped = {"sourceUrl": "Link", "filename": "Name", "referenceId": "Code"}
    assert header(*rows)[0] == header(*rows, map=mapped)[0] == 2


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "nothing but blank lines"),
        (["", "| "], "nothing but blank lines"),
        ([f"1|{URL}|One|Two", f"2|{URL}|Three|Four"], "line 1 holds a URL"),
        (["# list", "", f"{URL}|{URL}"], "line 3 holds a URL"),
    ],
)
def test_a_manifest_without_a_usable_header_is_refused(rows: list[str], message: str) -> None:
    with pytest.raises(ManifestError, match=message) as caught:
        header(*rows)
    assert caught.value.hint


@pytest.mark.parametrize(
    "rows",
    [
        [f"1|{URL}|One"],
        ["# list", "", f"1|{URL}|One"],
        # Words that are usual names of columns do not make a row a header.
        [f"url|{URL}|Video", f"name|{URL}|Video"],
    ],
)
def test_rows_without_a_header_are_read_if_their_values_are_clear(rows: list[str]) -> None:
    assert header(*rows) == (0, ("column 1", "column 2", "column 3"))


@pytest.mark.parametrize(
    ("rows", "names"),
    [
        (["URL|Title", f"{URL}|One|1", f"{URL}|Two|2"], ("URL", "Title", "column 3")),
        # Programs that write row numbers leave out the name of the first column.
        (["URL|Title", f"1|{URL}|One", f"2|{URL}|Two"], ("column 1", "URL", "Title")),
        (["Wo", f"{URL}|One", f"{URL}|Two"], ("Wo", "column 2")),
        (["URL|Title", f"{URL}|One|1", f"{URL}|Two"], ("URL", "Title")),
    ],
)
def test_a_header_with_one_name_too_few_is_completed(
    rows: list[str], names: tuple[str, ...]
) -> None:
    assert header(*rows) == (1, names)


@pytest.mark.parametrize(
    ("rows", "line"),
    [
        (["Export", "Wo|Was|Wann", f"{URL}|One|x"], 2),
        (["Export|2024-03-01", "Wo|Was", f"{URL}|One"], 2),
        (["Wo|Was", "|One", "|Two", f"{URL}|Three"], 1),
        (["Wo|Was", "later|One", f"{URL}|Two"], 1),
        (["#|Wo|Was", f"1|{URL}|One"], 1),
    ],
)
def test_a_header_of_unknown_names_is_found_by_the_rows_below(rows: list[str], line: int) -> None:
    assert header(*rows) == (line, tuple(rows[line - 1].split("|")))
