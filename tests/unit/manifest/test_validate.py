"""The rules, each by its code, and what a row sends."""

from importlib import resources
from pathlib import Path

import pandas as pd
import pytest

from batch_import.manifest.columns import Mapping, map_columns
from batch_import.manifest.extensions import extension_of
from batch_import.manifest.read import Chunk, open_manifest
from batch_import.manifest.record import Fault
from batch_import.manifest.reference import made_reference
from batch_import.manifest.validate import Validator
from batch_import.models import ManifestRow, Problem

SAMPLES = Path(__file__).parents[3] / "manifests"
HEADER = ("link", "Title", "Format", "ID", "note")
MAPPING = Mapping(0, 1, 2, 3, (4,))
URL = "https://example.com/a.mp4"


def chunk(*rows: tuple[str, ...], first: int = 2, faults: dict[int, Fault] | None = None) -> Chunk:
    frame = pd.DataFrame([list(row) for row in rows], dtype=object)
    return Chunk(frame, list(range(first, first + len(rows))), faults or {})


def check(*rows: tuple[str, ...]) -> tuple[list[ManifestRow], list[Problem]]:
    return Validator(MAPPING, HEADER).check(chunk(*rows))


def codes(*cells: str) -> list[str]:
    _, problems = check((*cells, "note"))
    return [problem.code for problem in problems]


@pytest.mark.parametrize(
    "url",
    [
        URL,
        "HTTPS://example.com",
        "http://user:pass@example.com:8080/a?b=c d".replace(" ", "+"),
        "https://[2001:db8::1]:80/a",
        "https://例え.example/動画.mp4",
        "https://example.com?x",
        "\t https://example.com/a \n",
    ],
)
def test_good_urls(url: str) -> None:
    rows, problems = check((url, "t", "mp4", "1", ""))
    assert problems == []
    assert rows[0].source_url == url.strip()
    assert rows[0].cells[0] == url


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("", ["url-missing"]),
        (" \t", ["url-missing"]),
        ("ftp://example.com/a", ["url-scheme"]),
        ("//example.com/a", ["url-scheme"]),
        ("httpss://example.com/a", ["url-scheme"]),
        ("TO DO", ["url-scheme", "url-characters"]),
        ("https:/example.com", ["url-host"]),
        ("https://", ["url-host"]),
        ("https:///a.mp4", ["url-host"]),
        ("https://:80/a", ["url-host"]),
        ("https://user@/a", ["url-host"]),
        (r"https:\\example.com\a", ["url-host"]),
        ("https:/// a", ["url-host", "url-characters"]),
        ("https://example.com/a b", ["url-characters"]),
        ("https://exa mple.com/", ["url-characters"]),
        ("https://example.com/a\nb", ["url-characters"]),
        ("https://example.com/\u200ba", ["url-characters"]),
        ("https://example.com/\xa0a", ["url-characters"]),
        ("https://example.com/\x7fa", ["url-characters"]),
    ],
)
def test_bad_urls(url: str, expected: list[str]) -> None:
    assert codes(url, "t", "mp4", "1") == expected
    # A bad neighbour must not change what is said of a good row.
    assert [row.error for row in check((url, "t", "mp4", "1", ""), (URL, "t", "mp4", "2", ""))[0]][
        1
    ] == ""


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Any, “title” 🎬 with e\u0301, a\u200db and \xa0", []),
        (" \n", ["filename-missing"]),
        ("", ["filename-missing"]),
        ("two\nlines", ["filename-characters"]),
        ("bell\x07", ["filename-characters"]),
        ("c1\x85x", ["filename-characters"]),
    ],
)
def test_titles(title: str, expected: list[str]) -> None:
    assert codes(URL, title, "mp4", "1") == expected


@pytest.mark.parametrize(
    ("cell", "url", "extension", "expected"),
    [
        ("mp4", "https://example.com/a.mov", "mp4", []),
        (" .MP4 ", "https://example.com/a", "mp4", []),
        ("", "https://example.com/a.MOV?x=.avi#.avi", "mov", []),
        (" ", "https://example.com/a%2Ewebm", "webm", []),
        ("exe", "https://example.com/a.mp4", "exe", ["extension-unknown"]),
        (".", "https://example.com/a.mp4", "", ["extension-unknown"]),
        ("", "https://example.com/a", "", ["extension-missing"]),
        ("", "https://example.mov", "", ["extension-missing"]),
        ("", "https://example.com/a.mp4/b", "", ["extension-missing"]),
        ("", "https://example.com/a.m3u8", "", ["extension-missing"]),
        ("", "https://example.com/?a.mp4", "", ["extension-missing"]),
        ("", "", "", ["url-missing"]),
        ("exe", "", "exe", ["url-missing", "extension-unknown"]),
    ],
)
def test_extensions(cell: str, url: str, extension: str, expected: list[str]) -> None:
    rows, problems = check((url, "t", cell, "1", ""))
    assert [problem.code for problem in problems] == expected
    assert rows[0].extension == extension


@pytest.mark.parametrize("known", ["mp4", "mov", "avi", "wmv", "mkv", "webm", "3gp"])
def test_known_extensions(known: str) -> None:
    assert codes(URL, "t", known, "1") == []
    assert extension_of(f"https://example.com/a.{known}") == known


def test_all_problems_of_a_row_and_its_text() -> None:
    rows, problems = check(("ftp://x/a b", "", "exe", "a\tb", "keep"))
    assert [(problem.column, problem.code, problem.value) for problem in problems] == [
        ("link", "url-scheme", "ftp://x/a b"),
        ("link", "url-characters", "ftp://x/a b"),
        ("Title", "filename-missing", ""),
        ("Format", "extension-unknown", "exe"),
        ("ID", "reference-characters", "a\tb"),
    ]
    assert all(problem.line == 2 and problem.reason and problem.hint for problem in problems)
    assert rows[0].error == "; ".join(f"{problem.column}: {problem.reason}" for problem in problems)
    assert rows[0].cells == ("ftp://x/a b", "", "exe", "a\tb", "keep")


def test_duplicate_reference_over_chunks() -> None:
    validator = Validator(MAPPING, HEADER)
    first, none = validator.check(chunk((URL, "t", "mp4", " a ", ""), (URL, "t", "mp4", "b", "")))
    later, problems = validator.check(chunk((URL, "t", "mp4", "a", ""), first=9))
    assert none == []
    assert [(row.reference_id, row.identity) for row in (*first, *later)] == [
        ("a", "a"),
        ("b", "b"),
        ("a", None),
    ]
    assert [(problem.line, problem.code) for problem in problems] == [(9, "duplicate-reference")]
    assert "line 2 " in problems[0].reason
    assert later[0].error == f"ID: {problems[0].reason}"


def test_blank_references_are_made_and_counted_over_chunks() -> None:
    validator = Validator(MAPPING, HEADER)
    made = []
    for first in (2, 9):
        rows, problems = validator.check(
            chunk((f" {URL}?token={first}", "t", "mp4", " ", ""), first=first)
        )
        assert problems == []
        made += [(row.reference_id, row.identity) for row in rows]
    one, two = made_reference(URL), made_reference(URL, 2)
    assert made == [(one, one), (two, two)]


def test_made_reference_that_another_row_has_is_a_duplicate() -> None:
    _, problems = check((URL, "t", "mp4", made_reference(URL), ""), (URL, "t", "mp4", "", ""))
    assert [(problem.line, problem.code) for problem in problems] == [(3, "duplicate-reference")]


def test_no_url_and_no_reference_is_no_identity() -> None:
    rows, _ = check(("", "t", "mp4", "", ""), ("", "t", "mp4", "x", ""))
    assert [(row.reference_id, row.identity) for row in rows] == [("", None), ("x", "x")]


def test_faulty_row_has_one_problem_and_claims_nothing() -> None:
    fault = Fault("width", "too wide", "x", "mend it")
    rows, problems = Validator(MAPPING, HEADER).check(
        chunk(("", "", "", "a", ""), (URL, "t", "mp4", "a", ""), faults={0: fault})
    )
    assert problems == [Problem(2, "", "width", "too wide", "x", "mend it")]
    assert [(row.error, row.identity) for row in rows] == [("too wide", None), ("", "a")]


def test_problems_are_in_line_order() -> None:
    _, problems = check(
        (URL, "", "mp4", "a", ""), ("", "t", "mp4", "a", ""), (URL, "t", "exe", "b", "")
    )
    assert [(problem.line, problem.code) for problem in problems] == [
        (2, "filename-missing"),
        (3, "url-missing"),
        (3, "duplicate-reference"),
        (4, "extension-unknown"),
    ]


def test_columns_that_the_manifest_lacks_have_the_fields_names() -> None:
    validator = Validator(Mapping(0, 1, None, None, ()), ("link", "Title"))
    _, problems = validator.check(chunk(("https://example.com/a", "t")))
    assert [(problem.column, problem.code) for problem in problems] == [
        ("extension", "extension-missing")
    ]


def sample(name: str) -> tuple[list[ManifestRow], list[Problem]]:
    manifest = open_manifest(SAMPLES / name)
    (only,) = manifest.chunks()
    return Validator(map_columns(manifest.header, only, {}), manifest.header).check(only)


def test_sample_videos_is_clean_and_is_the_demos() -> None:
    rows, problems = sample("videos.csv")
    assert (len(rows), problems) == (12, [])
    packaged = resources.files("batch_import.samples").joinpath("videos.csv").read_bytes()
    assert packaged == (SAMPLES / "videos.csv").read_bytes()


def test_sample_messy_has_one_of_each() -> None:
    rows, problems = sample("messy.csv")
    assert [(problem.line, problem.code) for problem in problems] == [
        (5, "url-missing"),
        (6, "url-scheme"),
        (7, "url-host"),
        (8, "url-characters"),
        (9, "filename-missing"),
        (10, "filename-characters"),
        (12, "extension-unknown"),
        (13, "extension-missing"),
        (14, "duplicate-reference"),
        (15, "reference-characters"),
        (16, "width"),
        (17, "quoting"),
        (20, "url-scheme"),
        (20, "filename-missing"),
        (20, "extension-unknown"),
    ]
    assert [row.line for row in rows if not row.error] == [2, 4, 21, 22, 23, 25]
