"""Which column becomes which field: by name, by values, by the user's word."""

import pandas as pd
import pytest

from batch_import.errors import ManifestError, UsageError
from batch_import.manifest.columns.mapping import Mapping, map_columns
from batch_import.manifest.read import Chunk

VIDEO = "https://example.com/a/clip.mp4"
PAGE = "https://example.com/watch?v=1"


def sample(*rows: tuple[str, ...]) -> Chunk:
    frame = pd.DataFrame([list(row) for row in rows], dtype=object)
    return Chunk(frame, list(range(2, 2 + len(rows))), {})


def names(
    header: str, *rows: tuple[str, ...], overrides: dict[str, str] | None = None
) -> list[str | None]:
    columns = tuple(header.split("|"))
    found = map_columns(columns, sample(*rows) if rows else None, overrides or {})
    return [None if position is None else columns[position] for position in found.positions]


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("sourceUrl|filename|extension|referenceId", 4 * [...]),
        ("Source_URL|FILE NAME|Extension|reference-id", 4 * [...]),
        ("\uff53ource\uff35rl|filename|extension|referenceId", 4 * [...]),
        ("title|views|link", ["link", "title", None, None]),
        ("link|name|title|video_title", ["link", "title", None, None]),
        ("link|title|pid|Video ID", ["link", "title", None, "Video ID"]),
        (
            "url|sourceUrl|title|filename|id|referenceId",
            ["sourceUrl", "filename", None, "referenceId"],
        ),
        ("url|filename", ["url", "filename", None, None]),
        ("视频链接|标题", ["视频链接", "标题", None, None]),
        ("Note|Note|link|title", ["link", "title", None, None]),
        ("link|title|", ["link", "title", None, None]),
    ],
)
def test_by_name(header: str, expected: list[object]) -> None:
    wanted = header.split("|") if expected == 4 * [...] else expected
    assert names(header) == wanted


def test_exact_alias_of_a_url_is_taken_for_the_files_own_words() -> None:
    # As in a course export: of four URL columns one is known, the others are blank or smaller.
    header = "Name|Video ID|desktop_mp4 URL|desktop_webm URL|mobile_low URL"
    row = ("one", "f0", VIDEO, "", VIDEO)
    assert names(header, row) == ["desktop_mp4 URL", "Name", None, "Video ID"]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([("", PAGE, VIDEO)], "service_file"),
        ([(VIDEO, PAGE, "")], "file"),
        ([("a.tif", PAGE, "")], "youtube_url"),
        ([("", PAGE, VIDEO), ("", PAGE, VIDEO), ("", PAGE, PAGE)], "service_file"),
        ([("", PAGE, "x"), ("", PAGE, "y"), ("", "", VIDEO)], "youtube_url"),
        ([(VIDEO, PAGE, PAGE), (VIDEO, VIDEO, PAGE), ("", PAGE, PAGE)], "file"),
    ],
)
def test_values_choose_among_urls(rows: list[tuple[str, ...]], expected: str) -> None:
    padded = [(*row, "title") for row in rows]
    assert names("file|youtube_url|service_file|title", *padded)[0] == expected


@pytest.mark.parametrize("rows", [[], [(PAGE, PAGE, "t")], [("", "", "t")]])
def test_equally_good_urls_are_the_users_choice(rows: list[tuple[str, ...]]) -> None:
    with pytest.raises(ManifestError) as caught:
        names("url|link|title", *rows)
    assert "“url”, “link”" in caught.value.message
    assert "map={'sourceUrl': 'url'}" in caught.value.hint


def test_columns_of_urls_are_no_title_and_no_id() -> None:
    row = (VIDEO, PAGE, "The title", PAGE, "7")
    assert names("sourceUrl|title|name|id|sku", row) == ["sourceUrl", "name", None, "sku"]


def test_the_users_word_is_stronger_than_names() -> None:
    overrides = {"source_url": "file", "filename": "KEY"}
    assert names("sourceUrl|file|filename|key", overrides=overrides) == ["file", "key", None, None]
    assert names("Id|ID|url|title", overrides={"referenceId": "ID"})[3] == "ID"
    assert names("filename|title", overrides={"filename": "title"}) == [
        "filename",
        "title",
        None,
        None,
    ]


@pytest.mark.parametrize(
    ("overrides", "message", "hint"),
    [
        ({"sourceUlr": "link"}, "map=“sourceUlr” is not a field", "Did you mean “sourceUrl”?"),
        ({"zzz": "link"}, "map=“zzz” is not a field", "The fields are “sourceUrl”"),
        ({"filename": "titel"}, "“titel” is not a column", "Did you mean “title”?"),
        ({"filename": "zzz"}, "“zzz” is not a column", "It has: “link”"),
    ],
)
def test_a_wrong_word_of_the_user(overrides: dict[str, str], message: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        names("link|title", overrides=overrides)
    assert message in caught.value.message
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    ("header", "overrides", "expected"),
    [
        ("link|link|title", {}, (0, 2, None, None)),
        ("link|title|title", {}, (0, 1, None, None)),
        ("link|title|id|id", {}, (0, 1, None, 2)),
        ("x|sourceUrl|sourceUrl|title", {}, (1, 3, None, None)),
        ("link|title|x|x", {"filename": "x"}, (0, 2, None, None)),
    ],
)
def test_of_columns_with_the_same_name_the_first_is_taken(
    header: str, overrides: dict[str, str], expected: tuple[int | None, ...]
) -> None:
    assert map_columns(tuple(header.split("|")), None, overrides).positions == expected


def test_of_columns_with_the_same_name_the_one_with_videos_is_taken_and_named() -> None:
    header = ("link", "title", "link")
    found = map_columns(header, sample((PAGE, "t", VIDEO)), {})
    assert found.source_url == 2
    assert found.describe(header)[0] == ("sourceUrl", "link (column 3; 2 have this name)")


def test_a_column_of_addresses_is_named_where_none_is_known() -> None:
    with pytest.raises(ManifestError) as caught:
        names("Clip|where it is|linkk|title", ("1", VIDEO, PAGE, "t"))
    assert caught.value.hint == ("Is it “where it is”? Then add map={'sourceUrl': 'where it is'}.")


def test_a_list_of_addresses_gets_its_titles_from_them() -> None:
    found = map_columns(("sourceUrl",), None, {})
    assert found.positions == (0, None, None, None)
    urls = (
        f"{VIDEO}?x=/y",
        "https://h/Caf%C3%A9%20noir.MOV",
        "https://h/watch/12.5",
        "https://h",
        "",
    )
    titles = found.cells(sample(*((url,) for url in urls)))[1]
    assert list(titles) == ["clip", "Café noir", "12.5", "", ""]
    assert dict(found.describe(("sourceUrl",)))["filename"].startswith("taken from")


def test_defaults_fill_blank_cells_and_missing_columns() -> None:
    header = ("link", "ext")
    found = map_columns(header, None, {}, {"Extension": "mp4", "filename": "A video"})
    cells = found.cells(sample((VIDEO, ""), (VIDEO, " "), (PAGE, "mov")))
    assert [list(column) for column in cells[1:]] == [
        ["A video"] * 3,
        ["", " ", "mov"],  # its address comes before its default
        ["", "", ""],
    ]
    assert found.describe(header)[1:3] == [
        ("filename", "“A video” in every row"),
        ("extension", "ext, taken from the end of the URL; “mp4” where that tells none"),
    ]


@pytest.mark.parametrize("name", ["sourceUrl", "reference_id", "zzz"])
def test_what_differs_from_row_to_row_has_no_default(name: str) -> None:
    with pytest.raises(UsageError):
        map_columns(("link", "title"), None, {}, {name: "x"})


@pytest.mark.parametrize(
    ("header", "message", "hint"),
    [
        ("linkk|title", "no column for sourceUrl", "map={'sourceUrl': 'linkk'}"),
        ("link|zzz", "no column for filename; it may be called “filename”, “title”", "“zzz”"),
    ],
)
def test_a_needed_column_that_is_missing(header: str, message: str, hint: str) -> None:
    with pytest.raises(ManifestError) as caught:
        names(header)
    assert message in caught.value.message
    assert hint in caught.value.hint


def test_extras_and_description() -> None:
    header = ("note", "link", "title", "reason")
    found = map_columns(header, None, {})
    assert found == Mapping(1, 2, None, None, (0, 3))
    assert found.describe(header) == [
        ("sourceUrl", "link"),
        ("filename", "title"),
        ("extension", "taken from the end of the URL"),
        ("referenceId", "made from the URL"),
    ]
