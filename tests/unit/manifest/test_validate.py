"""All rules together on chunks of rows, and the problems of the whole manifest."""

import math
from dataclasses import replace
from importlib import resources
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_import.manifest.columns.mapping import ColumnMapping, map_columns
from batch_import.manifest.extensions import ACCEPTED_EXTENSIONS
from batch_import.manifest.read import Chunk, open_manifest
from batch_import.manifest.readers.record import RecordFault
from batch_import.manifest.reference import generate_reference_id
from batch_import.manifest.rows import Rows
from batch_import.manifest.validate import Validator
from batch_import.models import Problem, Severity, VideoSource

SAMPLES = Path(__file__).parents[3] / "manifests"
HEADER = ("link", "Title", "Format", "ID", "note")
MAPPING = ColumnMapping(0, 1, 2, 3, (4,))
URL = "https://example.com/a.mp4"


def chunk(
    *rows: tuple[str, ...], first: int = 2, faults: dict[int, RecordFault] | None = None
) -> Chunk:
    frame = pd.DataFrame([list(row) for row in rows], dtype=object)
    return Chunk(frame, list(range(first, first + len(rows))), faults or {})


def check(*rows: tuple[str, ...]) -> tuple[Rows, list[Problem]]:
    return Validator(MAPPING, HEADER).check(chunk(*rows))


def test_spaces_around_values_are_not_sent_and_the_cells_are_kept() -> None:
    rows, problems = check((f"\t {URL} \n", " t ", " .MP4 ", "1", " x "))
    assert problems == []
    (row,) = rows
    assert (row.source_url, row.filename, row.extension) == (URL, "t", "mp4")
    assert row.cells == (f"\t {URL} \n", " t ", " .MP4 ", "1", " x ")


def test_a_url_is_kept_as_it_is_written() -> None:
    url = "https://例え.example/two words.mp4"
    rows, problems = check((url, "t", "", "1", ""))
    assert (problems, rows[0].source_url, rows[0].extension) == ([], url, "mp4")


def test_all_problems_of_a_row_are_in_its_error() -> None:
    rows, problems = check(("ftp://x/a\tb", "", "exe", "a\tb", "keep"))
    assert [(problem.column, problem.code, problem.value) for problem in problems] == [
        ("link", "url-characters", "ftp://x/a\tb"),
        ("link", "url-scheme", "ftp://x/a\tb"),
        ("Title", "filename-missing", ""),
        ("Format", "extension-unknown", "exe"),
        ("ID", "reference-characters", "a\tb"),
    ]
    assert all(problem.line == 2 and problem.reason and problem.hint for problem in problems)
    reasons, _, hints = rows[0].error.partition("\n")
    assert reasons == "; ".join(f"{problem.column}: {problem.reason}" for problem in problems)
    assert all(problem.hint in hints for problem in problems)
    assert rows[0].cells == ("ftp://x/a\tb", "", "exe", "a\tb", "keep")


def likely_pages(*rows: tuple[str, str, str], default: str = "") -> list[tuple[int, Severity, str]]:
    """Return the problems of these rows: line, severity and code."""
    defaults = {"extension": default} if default else {}
    validator = Validator(replace(MAPPING, defaults=defaults), HEADER)
    cells = [
        (url, "t", extension, f"{n}", note) for n, (url, extension, note) in enumerate(rows, 1)
    ]
    # The last row is in a chunk of its own: the rows of earlier chunks still count.
    every = [*validator.check(chunk(*cells[:-1], first=1))[1],
             *validator.check(chunk(cells[-1], first=len(cells)))[1]]  # fmt: skip
    assert {problem.code for problem in every} <= {"url-page-likely", "extension-missing"}
    return [(p.line, p.severity, p.code) for p in every]


FILES = [(f"https://cdn.example.com/{n}.mp4?s={n}", "", f"https://www.example.com/watch/{n}")
         for n in range(9)]  # fmt: skip
PAGE = "https://www.example.com/watch/9"


@pytest.mark.parametrize("note", [PAGE, f" {PAGE} ", ""])
@pytest.mark.parametrize(("extension", "default"), [("", ""), ("mp4", ""), ("", "mp4")])
def test_a_page_among_files_is_an_error_or_a_warning_if_it_has_an_extension(
    note: str, extension: str, default: str
) -> None:
    severity = Severity.WARNING if extension or default else Severity.ERROR
    found = likely_pages(*FILES, (PAGE, extension, note), default=default)
    assert found == [(10, severity, "url-page-likely")]


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        # On a host that also has files, a URL without an extension may be a download link.
        ([*FILES, ("https://CDN.example.com/download/9", "", "")], ["extension-missing"]),
        # A cell of another column shows that the URL is a page, whatever its host is.
        ([*FILES, ("https://cdn.example.com/9", "", "https://cdn.example.com/9")],
         ["url-page-likely"]),
        ([*FILES, ("https://other.example/9.pdf", "", "")], ["extension-missing"]),
        # The site is known, and so is which of its URLs are files.
        ([*FILES, ("https://drive.google.com/uc?id=1AbCd&export=d", "", "")],
         ["extension-missing"]),
        ([*FILES, ("https://files.example/Download.aspx?id=1", "", "")], ["extension-missing"]),
        # Where most URLs have no extension, they are download links.
        ([*FILES[:2], *((f"https://api.example.com/{n}", "", "") for n in range(3))],
         ["extension-missing"] * 3),
    ],
)  # fmt: skip
def test_only_rows_with_files_show_which_url_is_a_page(
    rows: list[tuple[str, str, str]], found: list[str]
) -> None:
    assert [code for _, _, code in likely_pages(*rows)] == found


def test_a_row_with_warnings_only_has_no_error() -> None:
    rows, problems = check(("https://user:pass@example.com/a.mov", "t" * 300, "mp4", " 1", ""))
    assert [problem.code for problem in problems] == [
        "url-credentials",
        "filename-length",
        "extension-contradiction",
        "reference-spaces",
    ]
    assert {problem.severity for problem in problems} == {Severity.WARNING}
    assert (rows[0].error, rows.errors) == ("", {})


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (("", "Part two", "", "", ""), "row-heading"),
        (("", "Total: 38 sessions", "", "", "2199.29"), "row-heading"),
        (("", "Sous-total", "", "9", "12:30"), "row-heading"),
        (("", "Gesamt 2023", "", "17", ""), "row-heading"),
        (("", "", "9394", "", "239065.42"), "row-heading"),
        (("", "Total recall", "mp4", "17", ""), "url-missing"),
        (("", "Lecture 7", "", "17", "12:30"), "url-missing"),
        (("", "1984", "", "17", "12:30"), "url-missing"),
        ((URL, "Total", "", "17", "12:30"), None),
    ],
)
def test_headings_and_totals_without_a_url_are_no_videos(
    row: tuple[str, ...], code: str | None
) -> None:
    _, problems = check(row)
    assert [problem.code for problem in problems] == ([code] if code else [])


def test_the_error_of_a_row_has_no_warnings() -> None:
    rows, problems = check(("https://user:pass@example.com/a.mp4", "", "mp4", "1", ""))
    assert len(problems) == 2
    assert rows[0].error == "Title: the title is missing\nGive the video a title."


def test_a_duplicate_reference_id_is_found_across_chunks() -> None:
    validator = Validator(MAPPING, HEADER)
    first, none = validator.check(
        chunk((URL, "t", "mp4", "a", ""), (f"{URL}?2", "t", "mp4", "b", ""))
    )
    later, problems = validator.check(chunk((f"{URL}?3", "t", "mp4", "a", ""), first=9))
    assert none == []
    assert [(row.reference_id, row.identity) for row in (*first, *later)] == [
        ("a", "a"),
        ("b", "b"),
        ("a", None),
    ]
    assert [(problem.line, problem.code) for problem in problems] == [(9, "duplicate-reference")]
    assert problems[0].reason.endswith("line 2")
    assert later[0].error == f"ID: {problems[0].reason}\n{problems[0].hint}"


def test_generated_reference_ids_do_not_depend_on_the_line() -> None:
    rows = [(f"{URL}?token={n}", "t", "mp4", " ", "") for n in range(4)]
    made = [
        {row.source_url: row.reference_id for row in check(*some)[0]} for some in (rows, rows[::-1])
    ]
    assert made[0] == made[1] == {url: generate_reference_id(url) for url, *_ in rows}
    (first, *_) = check(*rows)[0]
    assert (first.identity, first.has_own_id) == (first.reference_id, False)
    assert (first.address, first.stripped_address) == (f"{URL}?token=0", URL)
    assert first.stripped_reference == generate_reference_id(URL)


def test_rows_of_one_url_are_distinguished_by_their_titles_across_chunks() -> None:
    validator = Validator(MAPPING, HEADER)
    rows, codes = [], []
    for first, title in ((2, "a"), (9, "b"), (15, "B"), (20, "b")):
        some, problems = validator.check(chunk((URL, title, "mp4", "", ""), first=first))
        rows += some
        codes.append([problem.code for problem in problems])
    assert codes == [[], ["duplicate-video"], ["duplicate-row"], ["duplicate-row"]]
    assert len({row.identity for row in rows[:2]}) == 2


def test_two_rows_of_one_line_are_different_rows() -> None:
    rows = chunk((URL, "t", "mp4", "a", ""), (f"{URL}?2", "t", "mp4", "a", ""))
    rows.lines[:] = [1, 1]
    _, problems = Validator(MAPPING, HEADER).check(rows)
    assert [problem.code for problem in problems] == ["duplicate-reference"]


@pytest.mark.parametrize("word", ["NULL", "nan", "N/A", "TRUE", "undefined", "-"])
def test_a_placeholder_is_no_reference_id(word: str) -> None:
    rows, problems = check((URL, "t", "mp4", word, ""))
    assert [(problem.code, problem.severity) for problem in problems] == [
        ("reference-placeholder", Severity.WARNING)
    ]
    assert (rows[0].reference_id, rows[0].cells[3]) == (generate_reference_id(URL), word)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("abc-1", "ABC-1"),
        ("Caf\u00e9", "Cafe\u0301"),
        ("012", "\uff10\uff11\uff12"),
        ("a-b", "a\u2010b"),
        ("abc 1", "abc\u00a01"),
        ("CB-1", "\u0421\u0412-1"),
        ("007", "'007"),
    ],
)
def test_similar_reference_ids_are_a_problem_with_both_lines(one: str, other: str) -> None:
    for first, second in ((one, other), (other, one)):
        _, problems = check((URL, "t", "mp4", first, ""), (f"{URL}?2", "t", "mp4", second, ""))
        assert [(p.line, p.code) for p in problems] == [(3, "reference-alike")]
        assert "lines 2 and 3" in problems[0].reason


def test_lost_leading_zeros_are_reported_after_the_last_chunk() -> None:
    def lines(*references: str) -> list[int]:
        validator = Validator(MAPPING, HEADER)
        validator.check(
            chunk(*((f"{URL}?{n}", "t", "mp4", id_, "") for n, id_ in enumerate(references)))
        )
        problems = list(validator.manifest_problems(rate=1.0))
        assert {problem.code for problem in problems} <= {"reference-zeros"}
        return [problem.line for problem in problems]

    assert lines("004711", "12345", "990011", "555555", "771100") == [3]
    assert lines(*(str(n) for n in range(1, 1500))) == []
    assert lines("a", "004711", "12345", "990011", "555555", "771100") == []
    # Text with zeros in one sheet, numbers in another.
    assert lines("0041", "0042", "0043", "44", "45", "46") == [5, 6, 7]
    assert lines("0041", "1042", "2043", "44", "45", "46") == []
    assert lines(*(f"{n:04}" for n in range(1, 1500))) == []


def test_headings_do_not_hide_lost_zeros() -> None:
    validator = Validator(MAPPING, HEADER)
    heading = ("", "", "", "Winter / Hiver", "")
    ids = ("0041", "0042", "43")
    validator.check(chunk(heading, *((f"{URL}?{id_}", "t", "mp4", id_, "") for id_ in ids)))
    assert [problem.line for problem in validator.manifest_problems(rate=1.0)] == [5]


@pytest.mark.parametrize(
    ("cell", "url", "sent"),
    [("mov", "a.mkv", "mov"), ("", "a.mkv", "mkv"), ("", "a.flv", "mp4"), ("", "a", "mp4")],
)
def test_the_extension_is_that_of_the_cell_then_of_the_url_then_the_default(
    cell: str, url: str, sent: str
) -> None:
    mapping = replace(MAPPING, defaults={"extension": "mp4"})
    rows, problems = Validator(mapping, HEADER).check(
        chunk((f"https://h.example/{url}", "t", cell, "1", ""))
    )
    assert rows[0].extension == sent
    contradicts = not url.endswith(sent) and "." in url
    assert [problem.code for problem in problems] == ["extension-contradiction"] * contradicts
    assert all(f"sent as {sent}" in problem.hint for problem in problems)


def test_a_masked_url_is_an_error_and_a_masked_title_is_not() -> None:
    _, problems = check(
        (f"{URL}?X-Amz-Signature=***", "t", "mp4", "1", ""),
        (f"{URL}?2", "5*** film", "mp4", "2", ""),
    )
    assert [(problem.line, problem.code) for problem in problems] == [(2, "url-masked")]
    assert "failed.csv" in problems[0].hint


def test_a_video_with_two_reference_ids_is_a_warning_with_the_first_line() -> None:
    signed = [f"{URL}?X-Amz-Signature={n}&X-Amz-Date={n}" for n in (1, 2)]
    rows, problems = check(
        (URL, "t", "mp4", "1", ""),
        (f"{URL}?v=2", "t", "mp4", "2", ""),
        (signed[0], "t", "mp4", "3", ""),
        (signed[1], "t", "mp4", "4", ""),
    )
    assert [(p.line, p.code, p.severity) for p in problems] == [
        (4, "duplicate-video", Severity.WARNING),
        (5, "duplicate-video", Severity.WARNING),
    ]
    assert all("line 2;" in problem.reason for problem in problems)
    assert not any(row.error for row in rows)


def test_an_identical_row_is_one_problem_and_invalid_urls_are_no_duplicates() -> None:
    page = "https://youtu.be/x"
    _, problems = check(
        (URL, "t", "mp4", "1", ""),
        (URL, "t", "mp4", "1", ""),
        (page, "t", "mp4", "2", ""),
        (page, "t", "mp4", "3", ""),
    )
    assert [(problem.line, problem.code) for problem in problems] == [
        (3, "duplicate-reference"),
        (4, "url-page"),
        (5, "url-page"),
    ]


def test_a_generated_reference_id_that_another_row_has_is_a_duplicate() -> None:
    _, problems = check(
        (URL, "t", "mp4", generate_reference_id(URL), ""), (URL, "t", "mp4", "", "")
    )
    assert [(problem.line, problem.code) for problem in problems] == [(3, "duplicate-row")]


def test_a_row_without_url_and_reference_id_has_no_identity() -> None:
    rows, _ = check(("", "t", "mp4", "", ""), ("", "t", "mp4", "x", ""))
    assert [(row.reference_id, row.identity) for row in rows] == [("", None), ("x", "x")]


def test_a_row_with_a_fault_has_one_problem_and_does_not_use_its_id() -> None:
    fault = RecordFault("width", "too wide", "x", "mend it")
    rows, problems = Validator(MAPPING, HEADER).check(
        chunk(("", "", "", "a", ""), (URL, "t", "mp4", "a", ""), faults={0: fault})
    )
    assert problems == [Problem(2, "", "width", "too wide", "x", "mend it")]
    assert [(row.error, row.identity) for row in rows] == [("too wide\nmend it", None), ("", "a")]


def test_problems_are_in_the_order_of_lines() -> None:
    _, problems = check(
        (URL, "", "mp4", "a", ""), ("", "t", "mp4", "a", ""), (URL, "t", "exe", "b", "")
    )
    assert [(problem.line, problem.code) for problem in problems] == [
        (2, "filename-missing"),
        (3, "url-missing"),
        (3, "duplicate-reference"),
        (4, "extension-unknown"),
    ]


def test_a_problem_of_a_missing_column_names_the_field() -> None:
    validator = Validator(ColumnMapping(0, 1, None, None, ()), ("link", "Title"))
    _, problems = validator.check(chunk(("https://example.com/a", "t")))
    assert [(problem.column, problem.code) for problem in problems] == [
        ("extension", "extension-missing")
    ]


def signed(end: float) -> str:
    return f"{URL}?Expires={end:.0f}&Signature=x&Key-Pair-Id=k"


def test_an_expired_signature_is_an_error_and_rows_have_their_expiry_time() -> None:
    now = 1_740_823_200.0
    validator = Validator(MAPPING, HEADER, now=now)
    rows, problems = validator.check(
        chunk(
            (signed(now), "t", "mp4", "1", ""),
            (f"{signed(now + 1)}&v=2", "t", "mp4", "2", ""),
            (f"{URL}?v=3", "t", "mp4", "3", ""),
        )
    )
    assert [(problem.line, problem.code) for problem in problems] == [(2, "url-expired")]
    assert "2025-03-01 10:00 UTC" in problems[0].reason
    assert [row.expires for row in rows] == [now, now + 1, math.inf]


def test_urls_that_expire_before_they_are_sent_are_reported_after_the_last_chunk() -> None:
    now = 1_740_823_200.0
    validator = Validator(MAPPING, HEADER, now=now)
    urls = [f"{signed(end)}&v={end}" for end in (now + 7200, now + 3605, now + 3600)]
    rows = [(url, "t", "mp4", str(n), "") for n, url in enumerate(urls)]
    validator.check(chunk(*rows, (f"{signed(now + 1)}&v=4", "", "mp4", "x", "")))
    (problem,) = validator.manifest_problems(rate=1.0)
    assert (problem.line, problem.column, problem.code) == (4, "link", "url-expires")
    assert problem.severity is Severity.WARNING
    assert "2025-03-01 11:00 UTC" in problem.reason
    assert [p.line for p in validator.manifest_problems(rate=0.1)] == [4, 3]


def test_only_valid_rows_have_sources() -> None:
    rows, _ = check((URL, "t", "mov", "1", ""), ("nope", "t", "mp4", "2", ""))
    assert list(rows.sources()) == [VideoSource(2, URL, "mov", 0, "1", "t")]


CELLS = st.tuples(
    st.text() | st.just(URL) | st.builds("https://{}".format, st.text()),
    st.text(),
    st.sampled_from(["mp4", "", "exe"]) | st.text(),
    st.text(max_size=2),
    st.text(),
)


@given(st.lists(st.lists(CELLS, min_size=1, max_size=5), min_size=1, max_size=3))
def test_any_text_is_accepted_by_the_validator(chunks: list[list[tuple[str, ...]]]) -> None:
    validator = Validator(MAPPING, HEADER, now=1e9)
    seen: set[str] = set()
    line = 2
    for cells in chunks:
        rows, problems = validator.check(chunk(*cells, first=line))
        line += len(cells)
        assert [row.cells for row in rows] == cells
        blocking = {p.line for p in problems if p.severity is Severity.ERROR}
        assert {row.line for row in rows if row.error} == blocking
        identities = [row.identity for row in rows if row.identity]
        assert len({*identities, *seen}) == len(identities) + len(seen)
        seen.update(identities)
        # All fields that are sent have a value.
        assert all(
            row.reference_id
            and row.source_url
            and row.filename
            and row.extension in ACCEPTED_EXTENSIONS
            for row in rows
            if not row.error
        )
    list(validator.manifest_problems(5.0))


def check_sample(name: str) -> tuple[Rows, list[Problem]]:
    manifest = open_manifest(SAMPLES / name)
    (only,) = manifest.chunks()
    return Validator(map_columns(manifest.header, only, {}), manifest.header).check(only)


def test_the_sample_has_no_problem_and_is_that_of_the_demo() -> None:
    rows, problems = check_sample("videos.csv")
    assert (len(rows), problems) == (12, [])
    packaged = resources.files("batch_import.sandbox.samples").joinpath("videos.csv").read_bytes()
    assert packaged == (SAMPLES / "videos.csv").read_bytes()


def test_the_messy_sample_has_one_problem_of_each_kind() -> None:
    rows, problems = check_sample("messy.csv")
    assert [(problem.line, problem.code) for problem in problems] == [
        (4, "reference-spaces"),
        (5, "url-missing"),
        (6, "url-scheme"),
        (7, "url-host"),
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
        (25, "duplicate-video"),
    ]
    assert [row.line for row in rows if not row.error] == [2, 4, 8, 21, 22, 23, 25]


def test_a_title_from_an_invalid_url_is_no_second_problem() -> None:
    validator = Validator(ColumnMapping(0, None, None, None, ()), ("link",))
    _, problems = validator.check(chunk(("",), ("h.example.com/a.mp4",)))
    codes = [(problem.line, problem.code) for problem in problems]
    assert codes == [(2, "url-missing"), (3, "url-scheme")]
    _, problems = check(("", "", "", "1", "a note"))
    assert {problem.code for problem in problems} == {"url-missing", "filename-missing"}
