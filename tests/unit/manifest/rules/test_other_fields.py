"""The rules for `filename`, `extension` and `referenceId`."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_import.manifest.extensions import ACCEPTED_EXTENSIONS, extension_of
from batch_import.manifest.rules import extension, filename, reference_id
from batch_import.models import Severity

GOOD = "https://h/good.mp4"


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Any, “title” 🎬 with e\u0301, a\u200db and \xa0", []),
        ("a" * 255, []),
        ("a" * 256, ["filename-length"]),
        ("", ["filename-missing"]),
        ("two\nlines", ["filename-characters"]),
        ("bell\x07", ["filename-characters"]),
        ("c1\x85x", ["filename-characters"]),
        ("lost \ufffd", ["filename-characters"]),
        ("\x00" * 300, ["filename-length", "filename-characters"]),
    ],
)
def test_titles_are_checked(title: str, expected: list[str]) -> None:
    assert [violation.code for _, violation in filename.violations([title])] == expected
    assert {at for at, _ in filename.violations(["good", title, "good"])} <= {1}


@pytest.mark.parametrize(
    ("cell", "url", "bare", "expected"),
    [
        ("mp4", "https://h/a.mp4", "mp4", []),
        ("mp4", "https://h/a", "mp4", []),
        ("mp4", "https://h/a.php?f=1", "mp4", []),
        (".MP4", "https://h/a.Mp4", "mp4", []),
        ("mp4", "https://h/a.m4v", "mp4", []),
        ("mov", "https://h/a.qt", "mov", []),
        ("wmv", "https://h/a.asf", "wmv", []),
        ("", "https://h/a.MOV?x=.avi#.avi", "mov", []),
        ("", "https://h/a%2Ewebm", "webm", []),
        ("mp4", "https://h/a.mov", "mp4", ["extension-contradiction"]),
        ("mov", "https://h/a.mp4?X-Amz-Signature=1", "mov", ["extension-contradiction"]),
        ("mp4", "https://h/a.flv", "mp4", ["extension-contradiction"]),
        ("mp4", "https://h/cover.JPG", "mp4", ["extension-contradiction"]),
        ("mp4", "https://h/watch.html", "mp4", ["extension-contradiction"]),
        ("exe", "https://h/a.mp4", "exe", ["extension-unknown"]),
        ("exe", "https://h/a.exe", "exe", ["extension-unknown"]),
        ("exe", "", "exe", ["extension-unknown"]),
        (".", "https://h/a.mp4", "", ["extension-unknown"]),
        ("m4v", "https://h/a.m4v", "m4v", ["extension-unknown"]),
        ("", "https://h/a", "", ["extension-missing"]),
        ("", "https://example.mov", "", ["extension-missing"]),
        ("", "https://h/a.mp4/b", "", ["extension-missing"]),
        ("", "https://h/a.m3u8", "", ["extension-missing"]),
        ("", "https://h/?a.mp4", "", ["extension-missing"]),
    ],
)
def test_extensions_are_found_and_checked(
    cell: str, url: str, bare: str, expected: list[str]
) -> None:
    extensions, violations = extension.find_extensions([cell], [url], ())
    assert (extensions, [violation.code for _, violation in violations]) == ([bare], expected)
    extensions, violations = extension.find_extensions(["mp4", cell, "mp4"], [GOOD, url, GOOD], ())
    assert extensions == ["mp4", bare, "mp4"]
    assert [(at, violation.code) for at, violation in violations] == [
        (1, code) for code in expected
    ]


@pytest.mark.parametrize(
    ("url", "reason", "hint"),
    [
        ("https://h/a", "no extension", "Give the row one of 3gp"),
        ("https://h/talk.mp3?x=/", "ends in .mp3", ".mp3 is a sound file"),
        ("https://h/rushes/?x=1", "ends in “/”", "Give the URL of a video file"),
    ],
)
def test_the_hint_for_a_missing_extension_depends_on_the_end_of_the_url(
    url: str, reason: str, hint: str
) -> None:
    _, ((_, violation),) = extension.find_extensions([""], [url], ())
    assert violation.code == "extension-missing"
    assert reason in violation.reason
    assert violation.hint.startswith(hint)


@pytest.mark.parametrize("known", ["mp4", "mov", "avi", "wmv", "mkv", "webm", "3gp"])
def test_known_extensions_are_accepted(known: str) -> None:
    assert known in ACCEPTED_EXTENSIONS
    assert extension.find_extensions([known], ["https://h/a"], ()) == ([known], [])
    assert extension_of(f"https://h/a.{known}") == known


def test_a_missing_extension_is_no_second_problem_of_a_row_with_an_invalid_url() -> None:
    given, urls = ["", "exe", ""], ["", "", "https://youtu.be/x"]
    extensions, violations = extension.find_extensions(given, urls, {0, 1, 2})
    assert extensions == ["", "exe", ""]
    assert [(at, violation.code) for at, violation in violations] == [(1, "extension-unknown")]


def test_a_contradiction_is_a_warning_with_both_extensions() -> None:
    _, ((_, violation),) = extension.find_extensions(["mp4"], ["https://h/a.avi"], ())
    assert violation.severity is Severity.WARNING
    assert "mp4" in violation.reason
    assert ".avi" in violation.reason


@pytest.mark.parametrize(
    ("cell", "words"),
    [("m4v", "Write mp4."), ("Video/MP4", "Write mp4."), ("quicktime", "Write mov."),
     ("flv", "Convert the .flv file to mp4."),
     ("pdf", "is a document"), ("tif", "is a picture"), ("mp 4", "Known are")],
)  # fmt: skip
def test_the_hint_names_the_likely_extension(cell: str, words: str) -> None:
    _, ((_, violation),) = extension.find_extensions([cell], ["https://h/a"], ())
    assert words in violation.hint


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("mv-q1-2025-001", []),
        ("-leading-dash", []),
        ("=formula", []),
        ("000123", []),
        ("12E5", []),
        ("3E-10", []),
        ("1E5", []),
        ("room#4", []),
        ("E+05", []),
        ("A1E+05", []),
        ("", []),
        ("   ", []),
        ("1E+05", ["reference-damaged"]),
        ("1.23457E+15", ["reference-damaged"]),
        ("1,23457E+15", ["reference-damaged"]),
        ("-2.5e+10", ["reference-damaged"]),
        ("#NAME?", ["reference-damaged"]),
        ("#N/A", ["reference-damaged"]),
        ("#DIV/0!", ["reference-damaged"]),
        (" onb-1", ["reference-spaces"]),
        ("onb-1\u3000", ["reference-spaces"]),
        ("a\tb", ["reference-characters"]),
        ("a\nb ", ["reference-characters", "reference-spaces"]),
        (" 1E+05", ["reference-damaged", "reference-spaces"]),
        ("#SPILL!", ["reference-damaged"]),
        ("####", ["reference-damaged"]),
        ("abc\u200b-1", ["reference-invisible"]),
        ("\ufeffabc-2", ["reference-invisible"]),
        ("so\u00adft", ["reference-invisible"]),
        ("NULL", ["reference-placeholder"]),
        ("n/a ", ["reference-placeholder", "reference-spaces"]),
        ("\u2014", ["reference-placeholder"]),
        ("1.0", ["reference-changed"]),
        ("1234567890123456", ["reference-changed"]),
        ("2024-01-05", ["reference-changed"]),
        ("2024-01-05 00:00:00", ["reference-changed"]),
        ("05/01/2024", ["reference-changed"]),
        ("Jan-05", ["reference-changed"]),
        ("5-Jan", ["reference-changed"]),
        ("123456789012345", []),
        ("v1.0", []),
        ("2024-01-05-talk", []),
        ("marathon-5", []),
        ("nullable", []),
    ],
)
def test_reference_ids_are_checked(cell: str, expected: list[str]) -> None:
    assert [
        violation.code for _, violation in reference_id.violations([cell], [cell.strip()])
    ] == expected
    cells = ["a", cell, "b"]
    found = reference_id.violations(cells, [text.strip() for text in cells])
    assert [(at, violation.code) for at, violation in found] == [(1, code) for code in expected]


def test_a_damaged_id_is_an_error_and_spaces_are_a_warning() -> None:
    severities = {f.code: f.severity for _, f in reference_id.violations([" 1E+05"], ["1E+05"])}
    assert severities == {
        "reference-damaged": Severity.ERROR,
        "reference-spaces": Severity.WARNING,
    }


@given(st.lists(st.tuples(st.text(), st.text())))
def test_any_text_is_accepted_by_the_rules(cells: list[tuple[str, str]]) -> None:
    first, second = [a.strip() for a, _ in cells], [b for _, b in cells]
    for violations in (
        filename.violations(first),
        extension.find_extensions(first, second, ())[1],
        reference_id.violations([a for a, _ in cells], first),
    ):
        assert {at for at, _ in violations} <= set(range(len(cells)))


def test_the_hint_has_the_id_without_invisible_characters() -> None:
    ((_, violation),) = reference_id.violations(["abc\u200b-1"], ["abc\u200b-1"])
    assert (violation.severity, violation.hint) == (Severity.ERROR, "Write it as abc-1.")
