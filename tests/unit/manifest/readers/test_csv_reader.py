"""Separated text: the separator, the lines, and rows with errors."""

from collections.abc import Callable

import pytest

from batch_import.errors import ManifestError
from batch_import.manifest.readers import csv_reader, csv_records

HEADER = "url,title\n"
URL = "https://h/v.mp4"


@pytest.mark.parametrize(
    ("content", "form", "cells"),
    [
        ("url,title\nu,a;b|c\td\n", "comma-separated", ["u", "a;b|c\td"]),
        ("url;title\nu;a,b|c\td\n", "semicolon-separated", ["u", "a,b|c\td"]),
        ("url\ttitle\nu\ta,b;c|d\n", "tab-separated", ["u", "a,b;c|d"]),
        ("url|title\nu|a,b;c\td\n", "separated by vertical bars", ["u", "a,b;c\td"]),
        ('"url";"title"\n"u";"a;b"\n', "semicolon-separated", ["u", "a;b"]),
        ("Sender, all;Ort\nu;a\nv;b, c\n", "semicolon-separated", ["u", "a"]),
        ("Ort\tSender, all\nu, v\ta\nw\tb, c\n", "tab-separated", ["u, v", "a"]),
        ("sep=;\nurl;title, all\nu;a\n", "semicolon-separated, header on line 2", ["u", "a"]),
        ('"sep=|"\nurl|a;,\nu|a;,\n', "separated by vertical bars, header on line 2", ["u", "a;,"]),
    ],
)  # fmt: skip
def test_the_separator_is_recognized(
    read: Callable, content: str, form: str, cells: list[str]
) -> None:
    for text in (content, content.replace("\n", "\r")):
        found = read(text)
        assert (found.form, found.cells[0]) == (form, cells)
        assert not found.faults


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_urls_in_a_list_are_not_split_at_separators(read: Callable, separator: str) -> None:
    odd = f"https://h/w_1{separator}h_2/v.mp4"
    for urls in ([URL, URL, odd], [odd, URL, URL]):
        found = read("\n".join(urls))
        assert (found.header, found.form) == (["sourceUrl"], "one cell a line, without a header")
        assert found.rows == [(line, [url]) for line, url in enumerate(urls, 1)]
    assert read(f"url\n{URL}\n{odd}\n{URL}").cells == [[URL], [odd], [URL]]


def test_a_header_of_one_name_above_rows_of_two_cells_is_no_list_of_urls(read: Callable) -> None:
    found = read(f"url\n{URL},One\n{URL},Two\n")
    assert found.header == ["url", "column 2"]
    assert found.cells == [[URL, "One"], [URL, "Two"]]
    assert "the header has 1 names, the rows have 2 cells" in found.form


@pytest.mark.parametrize(
    ("content", "header"),
    [
        ('"abc","def"\n"g","h"\n', ["abc", "def"]),
        ("Wo;Was\nhttps://h/1.mp4;Hello, world\nhttps://h/2.mp4;Bye, world\n", ["Wo", "Was"]),
        ("Wo,Was\nhttps://h/1.mp4;s=1,One\nhttps://h/2.mp4;s=2,Two\n", ["Wo", "Was"]),
        ("Was,Wo\nOne,https://h/watch?v=1\nTwo,https://h/watch?v=2\n", ["Was", "Wo"]),
        ("https://h/w_1,h_2/1.mp4\nhttps://h/w_1,h_2/2.mp4\n", ["sourceUrl"]),
    ],
)
def test_the_separator_is_recognized_by_values(
    read: Callable, content: str, header: list[str]
) -> None:
    assert read(content).header == header


@pytest.mark.parametrize("content", ['"abc","def"\n', '"abc","def"'])
def test_a_header_without_rows_is_refused(read: Callable, content: str) -> None:
    with pytest.raises(ManifestError, match="has a header and no rows"):
        read(content)


def test_a_row_with_a_url_is_no_comment(read: Callable) -> None:
    found = read(f"title,url\n# 3 tips,{URL}\n#,{URL}\n# note,\n")
    assert found.cells == [["# 3 tips", URL], ["#", URL]]
    assert found.comments == [4]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_numbers_are_those_of_a_text_editor(read: Callable, end: str) -> None:
    lines = ["# made by hand", "Our videos", "", "url,title", "", "a,1", '"b', 'c",2', ",", "d,3"]
    found = read(end.join(lines))
    assert found.form == "comma-separated, header on line 4"
    assert found.rows == [(6, ["a", "1"]), (7, [f"b{end}c", "2"]), (10, ["d", "3"])]


def test_comments_are_skipped_but_not_titles_that_begin_with_a_number_sign(read: Callable) -> None:
    content = 'title,url\n# note,x\n#1 of 3,u\n#\n"# quoted",v\n#MeToo,w\n#\ttab,z\na,b\n'
    found = read(content)
    assert found.cells == [["#1 of 3", "u"], ["#MeToo", "w"], ["a", "b"]]
    assert found.comments == [2, 4, 5, 7]


def test_line_numbers_continue_across_blocks(
    read: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_records, "BLOCK_RECORDS", 2)
    rows = ["a,1", "b,2", '"c', '"', "", "d,4", "e,5,6", "# f", "g,7", 'h,"8"x', "i,9"]
    found = read(HEADER + "\n".join(rows))
    assert found.rows == [
        (2, ["a", "1"]),
        (3, ["b", "2"]),
        (4, ["c\n", ""]),
        (7, ["d", "4"]),
        (8, ["e", "5"]),
        (10, ["g", "7"]),
        (11, ["h", "8x"]),
        (12, ["i", "9"]),
    ]
    assert (found.faults, found.comments) == ({8: "width", 11: "quoting"}, [9])


@pytest.mark.parametrize(
    ("row", "cells"),
    [
        (r'u,"The \"best\" of"', ["u", 'The "best" of']),
        (r'u,"ends \"so\""', ["u", 'ends "so"']),
        ('u,"two \\"lines\\"\nof it"', ["u", 'two "lines"\nof it']),
        (r'u,"C:\videos\"', ["u", "C:\\videos\\"]),
        (r"u,5\" disk", ["u", r"5\" disk"]),
    ],
)
def test_a_backslash_escapes_a_quote_if_the_row_is_valid_that_way(
    read: Callable, row: str, cells: list[str]
) -> None:
    found = read(f"{HEADER}{row}\nv,next\n")
    assert found.cells == [cells, ["v", "next"]]
    assert not found.faults


def test_a_backslash_before_a_quote_is_a_fault_if_no_reading_is_valid(read: Callable) -> None:
    found = read(HEADER + 'u,"a \\" b" c\nv,"x\ny\\" z"\nw,fine\n')
    assert found.faults == {2: "quoting"}
    assert found.lines == [2, 3, 5]


@pytest.mark.parametrize("width", [1, 2, 9])
def test_names_are_given_for_a_file_without_a_header(read: Callable, width: int) -> None:
    names = ("sourceUrl", "filename", *"abcdefg")[:width]
    row = [URL, *"ABCDEFGH"[: width - 1]]
    found = read(";".join(row) + "\n", columns=names)
    assert found.header == list(names)
    assert found.rows == [(1, row)]


def test_too_few_names_are_refused(read: Callable) -> None:
    with pytest.raises(ManifestError, match=r"names 2 columns; line 2 of .* has 3 cells") as caught:
        read(f"# note\n{URL},a,b\n", columns=("sourceUrl", "filename"))
    assert "a,,c" in caught.value.hint


def test_a_header_is_found_by_mapped_names(read: Callable) -> None:
    content = "Export of 2025,,\nWo,Was,\nhttps://h/1.mp4,Eins,\n"
    found = read(content, map={"sourceUrl": "wo", "filename": "was"})
    assert found.form == "comma-separated, header on line 2"


@pytest.mark.parametrize("end", ["", "\n"])
def test_an_unclosed_quote_in_the_header_is_refused(read: Callable, end: str) -> None:
    with pytest.raises(ManifestError, match="opened on line 1"):
        read(f'url,"title\nu,t{end}')


def test_a_row_without_end_is_refused_before_it_fills_the_memory(
    read: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_reader, "MAX_CELL_LENGTH", 100)
    with pytest.raises(ManifestError, match="row without end; it began on line 2"):
        read(HEADER + 'u,"' + "x\n" * 200)


def test_more_columns_than_a_spreadsheet_can_have_are_refused(read: Callable) -> None:
    with pytest.raises(ManifestError, match="16385 columns"):
        read("url,title" + "," * 16_383 + "\nu,t\n")
