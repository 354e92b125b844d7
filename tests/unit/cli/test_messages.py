"""Messages about a run, shortened to the width of the terminal."""

from pathlib import Path

import pytest

from batch_import.cli.messages import (
    format_duration,
    format_ignored_edits,
    join_fitting,
    print_problems,
    progress_parts,
)
from batch_import.models import Counts, Problem
from batch_import.reports.problems import ProblemWriter
from batch_import.state.facts import IgnoredEdits

NOON = 1_700_000_000.0


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"), (99.4, "99 s"), (100, "2 min"), (720, "12 min"), (5940, "99 min"),
        (6000, "1 h 40 min"), (11_100, "3 h 05 min"), (187_200, "2 d 4 h"),
    ],
)  # fmt: skip
def test_a_duration_is_formatted(seconds: float, words: str) -> None:
    assert format_duration(seconds) == words


def test_the_progress_of_a_run_is_formatted() -> None:
    counts = Counts(total=20, pending=5, processing=4, unknown=1, imported=8, failed=2)
    parts = progress_parts(counts, 720.0, 4.987, NOON)
    *parts, done = parts
    assert parts == [
        "12 min left", "8 imported", "2 failed", "1 unknown", "4 in flight", "4.99 calls/s",
    ]  # fmt: skip
    assert done.startswith("done ")


def test_unknown_numbers_are_not_shown() -> None:
    parts = progress_parts(Counts(total=1, pending=1), None, 5.0, NOON)
    assert parts == ["…", "0 imported", "0 failed", "0 in flight", "5 calls/s"]


@pytest.mark.parametrize(
    ("width", "text"),
    [(0, ""), (3, "one"), (8, "one"), (9, "one · two"), (99, "one · two · three")],
)
def test_parts_that_do_not_fit_are_omitted(width: int, text: str) -> None:
    assert join_fitting(["one", "two", "three"], width) == text


def test_a_hint_for_one_line_is_not_shown_as_the_hint_for_all(
    capsys: pytest.CaptureFixture[str],
) -> None:
    problems = ProblemWriter(lambda _: None)
    for line, hint in ((2, "The row has the URL of a video in “Backup”."), (3, "Give the URL.")):
        problems.add(Problem(line, "Link", "url-missing", "the source URL is missing", hint=hint))
    print_problems(Path("problems.csv"), problems.groups())
    shown = capsys.readouterr().out
    assert "  Give the URL of the video file. Line 2: The row has the URL of a video in" in shown


def test_edits_without_effect_are_described() -> None:
    assert format_ignored_edits(IgnoredEdits()) == ""
    assert "1 row of the manifest was edited after it was sent (line 7)" in format_ignored_edits(
        IgnoredEdits(1, 7)
    )
    url_edit = format_ignored_edits(IgnoredEdits(1, 7, url_count=1))
    assert "1 row of the manifest has another URL than when sent (line 7)" in url_edit
    assert "change the video" not in url_edit
    assert "were edited" in format_ignored_edits(IgnoredEdits(3, 7, url_count=2))
    assert "3 rows of the manifest were edited" in format_ignored_edits(IgnoredEdits(3, 7))
