"""Problems: one line for each, and a count for each code."""

from dataclasses import replace
from pathlib import Path

import pytest

from batch_import.errors import StateError
from batch_import.models import Problem, Severity
from batch_import.reports.problems import COLUMNS, ProblemWriter, read_problem
from batch_import.reports.writers.csv_writer import csv_file, read_csv


def problem(line: int, code: str, severity: Severity = Severity.ERROR, value: str = "") -> Problem:
    reason = f"reason {line}"
    return Problem(line, "column", code, reason, value, "hint", severity, "id", "t?sig=s3cret")


def test_every_problem_is_a_line_and_secrets_are_masked() -> None:
    lines: list[list[str]] = []
    problems = ProblemWriter(lines.append)
    problems.add(problem(7, "url-scheme", value="ftp://u:p@h/a?token=s3cret"))
    problems.add(problem(8, "filename-length", Severity.WARNING))
    assert len(COLUMNS) == len(lines[0])
    assert lines == [
        ["7", "id", "t?sig=***", "column", "url-scheme", "error", "reason 7",
            "ftp://***@h/a?token=***", "hint"],
        ["8", "id", "t?sig=***", "column", "filename-length", "warning", "reason 8", "", "hint"],
    ]  # fmt: skip


def test_codes_are_counted_with_their_first_lines_and_errors_come_first() -> None:
    problems = ProblemWriter(lambda _: None)
    for line in range(2, 12):
        problems.add(problem(line, "often", Severity.WARNING))
    problems.add(problem(5, "once"))
    problems.add(problem(6, "twice"))
    problems.add(problem(7, "twice"))
    kinds = problems.groups()
    assert [(kind.code, kind.count, kind.example_lines) for kind in kinds] == [
        ("twice", 2, [6, 7]),
        ("once", 1, [5]),
        ("often", 10, [2, 3, 4, 5, 6]),
    ]
    assert kinds[0].example.reason == "reason 6"
    assert [kind.has_more_lines for kind in kinds] == [False, False, True]


def test_a_line_with_several_problems_of_a_kind_is_listed_once() -> None:
    problems = ProblemWriter(lambda _: None)
    for line in (2, 2, 2, 3, 3):
        problems.add(problem(line, "cell"))
    (kind,) = problems.groups()
    assert (kind.count, kind.example_lines, kind.has_more_lines) == (5, [2, 3], False)
    for line in (4, 5, 6, 6):
        problems.add(problem(line, "cell"))
    assert not kind.has_more_lines
    problems.add(problem(7, "cell"))
    assert (kind.example_lines, kind.has_more_lines) == ([2, 3, 4, 5, 6], True)


def test_a_value_that_a_spreadsheet_would_execute_is_escaped_and_read_unchanged(
    tmp_path: Path,
) -> None:
    path = tmp_path / "problems.csv"
    with csv_file(path, COLUMNS) as write:
        ProblemWriter(write).add(problem(2, "code", value="=1+1"))
    assert ",'=1+1," in path.read_text("utf-8")
    (line,) = read_csv(path)
    assert line["value"] == "=1+1"
    assert read_problem(line) == replace(problem(2, "code", value="=1+1"), filename="t?sig=***")


def test_problems_are_read_unchanged(tmp_path: Path) -> None:
    path = tmp_path / "problems.csv"
    value = 'a, "quoted"\nand long ' + "x" * 200_000
    with csv_file(path, COLUMNS) as write:
        ProblemWriter(write).add(problem(2, "code", value=value))
    (line,) = read_csv(path)
    assert (line["line"], line["value"], line["severity"]) == ("2", value, "error")
    with pytest.raises(StateError, match=r"none\.csv"):
        list(read_csv(tmp_path / "none.csv"))


def test_groups_know_whether_all_their_problems_have_one_hint() -> None:
    problems = ProblemWriter(lambda _: None)
    for line in (2, 3):
        problems.add(problem(line, "equal"))
        problems.add(replace(problem(line, "different"), hint=f"hint {line}"))
    assert {kind.code: kind.has_one_hint for kind in problems.groups()} == {
        "equal": True,
        "different": False,
    }
