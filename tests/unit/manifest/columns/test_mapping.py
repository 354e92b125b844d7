"""Which column is used for which field: by its name, by its values, or by the user's setting."""

import pandas as pd
import pytest

from batch_import.errors import ManifestError, UsageError, setting_ref
from batch_import.manifest.columns.mapping import ColumnMapping, first_chunk_with_url, map_columns
from batch_import.manifest.read import Chunk

VIDEO = "https://example.com/a/clip.mp4"
PAGE = "https://example.com/watch?v=1"
HLS = "https://h/x/index.m3u8"


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
        ("Note|Note|link|title", ["link", "title", None, None]),
        ("link|title|", ["link", "title", None, None]),
    ],
)
def test_columns_are_recognized_by_their_names(header: str, expected: list[object]) -> None:
    wanted = header.split("|") if expected == 4 * [...] else expected
    assert names(header) == wanted


def test_a_column_with_an_exact_alias_is_preferred_among_url_columns() -> None:
    # As in a course export: one of four URL columns is known, the others are blank or smaller.
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
        ([("", PAGE, "x"), ("", f"{PAGE}2", "y"), ("", "", VIDEO)], "youtube_url"),
        ([(VIDEO, PAGE, PAGE), (VIDEO, VIDEO, PAGE), ("", PAGE, PAGE)], "file"),
    ],
)
def test_values_decide_between_columns_of_urls(rows: list[tuple[str, ...]], expected: str) -> None:
    padded = [(*row, "title") for row in rows]
    assert names("file|youtube_url|service_file|title", *padded)[0] == expected


@pytest.mark.parametrize("rows", [[], [(PAGE, PAGE, "t")], [("", "", "t")]])
def test_the_user_chooses_between_equally_good_url_columns(rows: list[tuple[str, ...]]) -> None:
    with pytest.raises(ManifestError) as caught:
        names("url|link|title", *rows)
    for name in ("url", "link"):
        assert f"“{name}”" in caught.value.message
        assert f"map={{'sourceUrl': '{name}'}}" in caught.value.hint


def test_columns_of_urls_are_not_used_for_titles_or_ids() -> None:
    row = (VIDEO, PAGE, "The title", PAGE, "7")
    assert names("sourceUrl|title|name|id|sku", row) == ["sourceUrl", "name", None, "sku"]


def test_the_users_setting_overrides_names() -> None:
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
        (
            {"sourceUrl": "link", "source_url": "title"},
            "map=sourceUrl is given twice",
            "Remove one",
        ),
    ],
)
def test_a_wrong_setting_of_the_user_is_refused_with_a_hint(
    overrides: dict[str, str], message: str, hint: str
) -> None:
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
def test_the_first_of_several_columns_with_one_name_is_used(
    header: str, overrides: dict[str, str], expected: tuple[int | None, ...]
) -> None:
    assert map_columns(tuple(header.split("|")), None, overrides).positions == expected


def test_the_column_with_videos_is_used_among_columns_with_one_name() -> None:
    header = ("link", "title", "link")
    found = map_columns(header, sample((PAGE, "t", VIDEO)), {})
    assert found.source_url == 2
    assert found.describe(header)[0] == ("sourceUrl", "link (column 3; 2 have this name)")


def test_quotation_marks_enclose_only_the_name_of_a_column() -> None:
    cells = sample(("One title", "https://h/1.mp4", ""), ("Two titles", "https://h/2.mp4", ""))
    for header, title, url in [
        (("", "", ""), "column 1", "column 2"),
        (("Was", "Wo", ""), "“Was”", "“Wo”"),
        (("Was", "Link?", "Link?"), "“Was”", "“Link?” (column 2; 2 have this name)"),
    ]:
        described = dict(map_columns(header, cells, {}).describe(header))
        assert described["filename"] == f"{title}: 2 of 2 cells are distinct short texts"
        assert described["sourceUrl"] == f"{url}: 2 of 2 cells are video addresses"


def test_a_column_without_a_name_is_listed_by_its_position() -> None:
    with pytest.raises(UsageError) as caught:
        map_columns(("Titel", "", " "), None, {"sourceUrl": "xyz"})
    assert caught.value.hint == "It has: “Titel”, “column 2”, “column 3”."


def described(header: str, *rows: tuple[str, ...]) -> tuple[dict[str, str], tuple[str, ...]]:
    columns = tuple(header.split("|"))
    found = map_columns(columns, sample(*rows), {})
    return dict(found.describe(columns)), found.notes


def videos(count: int) -> list[str]:
    return [f"https://example.com/a/{at}.mp4" for at in range(count)]


def test_columns_with_unknown_names_are_recognized_by_their_values() -> None:
    rows = [(f"{at}", url, PAGE, f"Clip no. {at}") for at, url in enumerate([*videos(4), PAGE])]
    columns, _ = described("Rank|wo es liegt|linkk|bakuno", *rows)
    assert columns["sourceUrl"] == "“wo es liegt”: 4 of 5 cells are video addresses"
    assert columns["filename"] == "“bakuno”: 5 of 5 cells are distinct short texts"


@pytest.mark.parametrize(
    ("header", "rows", "expected"),
    [
        # A known name does not count if the values do not fit and those of another column do.
        ("file|mp4|title", [("", VIDEO, "t")], "mp4"),
        ("url|mp4|title", [("IMG_1.tif", VIDEO, "t")], "mp4"),
        ("link|Download|title", [(PAGE, VIDEO, "t")], "Download"),
        ("sourceUrl|Download|title", [("somewhere", VIDEO, "t")], "Download"),
        # The platform's own name is the user's word.
        ("sourceUrl|Download|title", [(PAGE, VIDEO, "t")], "sourceUrl"),
        # Direct files, streaming manifests, pages; never pictures and captions.
        ("a|b|title", [(PAGE, "https://h/x/index.m3u8", "t")], "b"),
        ("hlsUrl|downloadUrl|dataUrl|title", [(HLS, "https://h/raw/1", PAGE, "t")], "downloadUrl"),
        (
            "Playback URL|Download Link|title",
            [("https://h/#/1", "https://h/1/x", "t")],
            "Download Link",
        ),
        ("a|b|title", [("https://h/p.jpg", PAGE, "t")], "b"),
        ("a|thumbnail|title", [(PAGE, "https://i.example.com/77", "t")], "a"),
        ("a|b|title", [("https://youtu.be/abc", VIDEO, "t")], "b"),
        # What is the same in most rows is no video.
        (
            "a|licence of it|title",
            [(f"{PAGE}{at}", "https://cc.example.org/by", "t") for at in range(3)],
            "a",
        ),
        # Smaller copies.
        ("desktop_mp4 URL|mobile_low URL|title", [(VIDEO, VIDEO, "t")], "desktop_mp4 URL"),
        ("480p|1080p|title", [(VIDEO, VIDEO, "t")], "1080p"),
        ("Trailer|Feature|title", [(VIDEO, VIDEO, "t")], "Feature"),
        # Several videos in a row.
        ("Link 2|title|Link 1|Link", [("", "t", VIDEO, VIDEO)], "Link"),
        ("Video 1|Video 2|title", [(VIDEO, VIDEO.replace("clip", "x"), "t")], "Video 1"),
    ],
)
def test_the_column_with_the_videos_is_used(
    header: str, rows: list[tuple[str, ...]], expected: str
) -> None:
    assert names(header, *rows)[0] == expected


def test_a_playlist_column_is_not_preferred_to_links_that_may_be_files() -> None:
    with pytest.raises(ManifestError, match=r"“downloadUrl” .*, “fileUrl” ") as caught:
        names("hlsUrl|downloadUrl|fileUrl|title", (HLS, "https://h/d/1", "https://h/f/1", "t"))
    assert "map={'sourceUrl': 'fileUrl'}" in caught.value.hint


def test_a_second_column_of_videos_is_noted() -> None:
    rows = [(url, url.replace("/a/", "/b/"), "One") for url in videos(3)]
    _, notes = described("Link 1|Link 2|title", *rows)
    assert len(notes) == 1
    assert "“Link 2” (3 of 3 cells are video addresses)" in notes[0]


def test_versions_of_the_same_video_are_not_noted_as_further_videos() -> None:
    rows = [
        (f"https://h/{n}/720.mp4", f"https://h/{n}/o.mov" if n else "", "t", f"https://h/t{n}.mp4")
        for n in range(4)
    ]
    _, notes = described("videos.720p|videos.source|title|trailer", *rows)
    versions, further = notes
    assert versions == (
        "Not imported: “videos.720p”. They are versions of the same video as “videos.source”."
        " 1 of the first 4 rows has only another version."
    )
    assert further.startswith("Not imported: “trailer” (4 of 4 cells are video addresses).")


def test_columns_that_are_not_imported_are_noted_even_if_the_user_chose() -> None:
    rows = [(f"https://h/{n}.mp4", f"https://h/t{n}.mp4", f"T {n}") for n in range(4)]
    header = ("Film 1", "Film 2", "Title")
    _, notes = described("|".join(header), *rows)
    assert map_columns(header, sample(*rows), {"sourceUrl": "Film 1"}).notes == notes != ()


def test_two_equal_columns_are_shown_with_masked_examples_and_the_user_chooses() -> None:
    signed = f"{VIDEO}?X-Amz-Signature=abcdef"
    with pytest.raises(ManifestError) as caught:
        names("wako|bilo|title", (signed, VIDEO, "t"))
    assert "“wako” (https://example.com/a/clip.mp4?X-Amz-Signature=***)" in caught.value.message
    assert caught.value.hint == (
        "Choose one: map={'sourceUrl': 'wako'} or map={'sourceUrl': 'bilo'}"
    )


def test_the_user_chooses_if_the_better_column_is_almost_empty() -> None:
    rows = [(f"{PAGE}{at}", VIDEO if at < 2 else "", f"Part {at}") for at in range(10)]
    with pytest.raises(ManifestError, match=r"“wako”.*“promo”|“promo”.*“wako”"):
        names("wako|promo|title", *rows)


def test_the_proposed_setting_works() -> None:
    """Columns without a name, or with the same name, are proposed by position."""
    rows = [(url, "One", url.replace("/a/", "/b/")) for url in videos(3)]
    with pytest.raises(ManifestError) as caught:
        names("|title|wako", *rows)
    assert "map={'sourceUrl': 'column 1'}" in caught.value.hint
    assert names("|title|wako", *rows, overrides={"sourceUrl": "column 1"})[0] == ""


def test_a_manifest_without_a_column_of_urls_is_refused() -> None:
    with pytest.raises(ManifestError) as caught:
        names("wako|title", ("https://h/p.jpg", "One"))
    assert "no column for sourceUrl" in caught.value.message
    assert "“wako” holds addresses of other files" in caught.value.hint
    with pytest.raises(ManifestError) as caught:
        names("abc|def", ("g", "h"))
    assert "map=" not in caught.value.hint


@pytest.mark.parametrize(
    ("header", "rows", "expected"),
    [
        ("url|Session Title|Speaker", [(VIDEO, "One day", "Ann Lee")], "Session Title"),
        ("url|Vortragender|Titre", [(VIDEO, "Ann Lee", "One day")], "Titre"),
        ("url|text.title|text.body", [(VIDEO, "One day", "All of it")], "text.title"),
        ("url|wako|Description", [(VIDEO, "One day", "All about it")], "wako"),
        ("url|subtitle|wako", [(VIDEO, "in part", "One day")], "wako"),
        ("url|wako|bilo", [(u, f"Part {u[-5]} of it", "Sales team") for u in videos(3)], "wako"),
        ("url|wako|bilo", [(u, f"{u[-5]} March 2024", "") for u in videos(3)], None),
        ("title|name|url", [(VIDEO, "One day", VIDEO)], "name"),
    ],
)
def test_the_column_with_the_titles_is_used(
    header: str, rows: list[tuple[str, ...]], expected: str | None
) -> None:
    assert names(header, *rows)[1] == expected


def test_the_user_chooses_between_two_columns_of_titles() -> None:
    with pytest.raises(ManifestError, match="More than one column could be filename"):
        names("url|wako|bilo", (VIDEO, "One day", "Two nights"))


@pytest.mark.parametrize(
    ("header", "ids", "expected"),
    [
        ("External Reference", ["a0", "a1", "a2"], True),
        ("Kennung", ["a0", "a1", "a2"], True),
        ("videoNummer", ["1", "2", "3"], True),
        ("entry_id", ["a0", "a1", "a2"], True),
        ("Code", ["a0", "a0", "a0"], False),
        ("Code", ["a 0", "a 1", "a 2"], False),
        ("Code", ["https://h/1", "https://h/2", "https://h/3"], False),
        ("Category ID", ["a0", "a1", "a2"], False),
        ("Phone number", ["123", "124", "125"], False),
        ("Paid", ["a0", "a1", "a2"], False),
        ("wako", ["a0", "a1", "a2"], False),
        # A usual name, though some ids are there twice: that is a problem of those rows.
        ("id", ["a0", "a1", "a1"], True),
        ("id", ["a0", "a0", "a0"], False),
    ],
)
def test_an_id_column_is_recognized_by_name_and_values(
    header: str, ids: list[str], *, expected: bool
) -> None:
    rows = [(url, "One day", value) for url, value in zip(videos(3), ids, strict=True)]
    assert names(f"url|title|{header}", *rows)[3] == (header if expected else None)


def test_a_column_of_ids_that_is_not_used_is_noted() -> None:
    rows = [(url, "One day", f"AB-{at}") for at, url in enumerate(videos(3))]
    _, notes = described("url|title|wako", *rows)
    assert "“wako”" in notes[0]
    assert setting_ref("map", "referenceId=wako") in notes[0]
    assert described("sourceUrl|title|referenceId", *rows)[1] == ()


def test_the_user_chooses_between_two_columns_of_ids() -> None:
    with pytest.raises(ManifestError, match="More than one column could be referenceId"):
        names("url|title|Asset Reference|Film Reference", (VIDEO, "One day", "a1", "b1"))


def test_the_user_can_refuse_a_column() -> None:
    row = (VIDEO, "One day", "a1")
    found = names("url|title|id", row, overrides={"referenceId": "", "filename": ""})
    assert found == ["url", None, None, None]
    with pytest.raises(UsageError):
        names("url|title", row[:2], overrides={"sourceUrl": ""})


def test_columns_are_chosen_by_the_first_chunk_with_a_url() -> None:
    blank = sample(("", "later"))
    full = sample((VIDEO, "One day"))
    assert first_chunk_with_url(iter([blank, full])) is full
    assert first_chunk_with_url(iter([blank, blank])) is blank
    assert first_chunk_with_url(iter([])) is None


def test_titles_are_taken_from_the_urls_if_there_is_only_a_column_of_urls() -> None:
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
        ["", " ", "mov"],  # the extension of the URL is preferred to the default
        ["", "", ""],
    ]
    assert found.describe(header)[1:3] == [
        ("filename", "“A video” in every row"),
        ("extension", "ext, taken from the end of the URL; “mp4” if it has no accepted extension"),
    ]


@pytest.mark.parametrize("name", ["sourceUrl", "reference_id", "zzz"])
def test_a_field_that_differs_in_every_row_has_no_default(name: str) -> None:
    with pytest.raises(UsageError):
        map_columns(("link", "title"), None, {}, {name: "x"})


def test_other_columns_are_kept_and_all_fields_are_described() -> None:
    header = ("note", "link", "title", "reason")
    found = map_columns(header, None, {})
    assert found == ColumnMapping(1, 2, None, None, (0, 3))
    assert found.describe(header) == [
        ("sourceUrl", "link"),
        ("filename", "title"),
        ("extension", "taken from the end of the URL"),
        ("referenceId", "made from the URL"),
    ]


def test_many_equal_titles_from_urls_are_noted() -> None:
    rows = [(f"https://h.example.com/{n}/master.mp4", f"Talk{n}", "HR") for n in range(3)]
    _, notes = described("url|Label 2|Department", *rows)
    said = (
        "Many videos get the same title, because titles are taken from the URLs: 3 of 3 are"
        " “master”."
    )
    setting = setting_ref("map", "filename=Label 2")
    assert notes[-1] == f"{said} The titles may be in “Label 2”: {setting}"
    slugs = [(url, code, f"talk {'abc'[n]}") for n, (url, code, _) in enumerate(rows)]
    assert described("url|Asset|Slug", *slugs)[1][-1].endswith(setting_ref("map", "filename=Slug"))
    _, notes = described("url|Department", *((url, place) for url, _, place in rows))
    assert notes[0].endswith(setting_ref("map", "filename=COLUMN"))


def test_different_titles_from_urls_are_not_noted() -> None:
    rows = [(f"https://h.example.com/{n}/part{n // 2}.mp4", str(n)) for n in range(3)]
    assert described("url|views", *rows)[1] == ()
    alike = [(f"https://h.example.com/{n}/master.mp4", f"Talk {n}") for n in range(3)]
    assert described("url|title", *alike)[1] == ()


def test_headings_between_rows_do_not_hide_the_id_column() -> None:
    header = ("Ref.", "Title", "File (server)", "Remarks")
    rows = [("Winter / Hiver", "", "", "")]
    for number in range(41, 47):
        url = f"https://h.example/{number}.mp4"
        rows += [(f"00{number}", f"Film number {number}", url, ""), ("Part two of it", "", "", "")]
    frame = pd.DataFrame(rows, dtype=object)
    mapping = map_columns(header, Chunk(frame, list(range(2, 2 + len(rows))), {}), {})
    assert mapping.positions == (2, 1, None, 0)
    assert mapping.evidence["referenceId"].startswith("6 of 6 cells")


@pytest.mark.parametrize(
    ("values", "count"),
    [
        (["A-1", "A-2", "A-3", "to be decided"], "3 of 4 cells"),
        (["A-1", "A-2", "A-2", "A-2"], ""),
        (["", "no number", "not yet", "A-1"], ""),
    ],
)
def test_a_column_with_ids_in_most_rows_is_noted(values: list[str], count: str) -> None:
    header = ("Ref.", "Title", "File (server)")
    rows = [(ref, f"Film {n}", f"https://h.example/{n}.mp4") for n, ref in enumerate(values)]
    frame = pd.DataFrame(rows, dtype=object)
    mapping = map_columns(header, Chunk(frame, list(range(2, 2 + len(rows))), {}), {})
    assert mapping.reference_id is None
    expected = f"only {count} could be IDs. To use it nevertheless: "
    notes = [note.partition("because ")[2] for note in mapping.notes]
    assert notes == ([expected + setting_ref("map", "referenceId=Ref.")] if count else [])


def test_streams_are_noted_as_versions_of_the_same_videos() -> None:
    rows = [(url, f"https://h.example.com/{n}/list.m3u8", "t") for n, url in enumerate(videos(3))]
    _, (note,) = described("mp4|hls|title", *rows)
    assert note.startswith("Not imported: “hls”. They are versions of the same video as “mp4”.")
