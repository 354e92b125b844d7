"""Command lines that are shown can be copied."""

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_import.cli.quoting import command_line


@given(st.lists(st.text(min_size=1), min_size=1))
def test_a_posix_shell_parses_the_same_arguments(parts: list[str]) -> None:
    assert shlex.split(command_line(parts, windows=False)) == parts


def test_a_value_that_ends_with_a_full_stop_is_quoted() -> None:
    parts = ["--map", "referenceId=Ref.", "--job", "output/a.b"]
    assert command_line(parts, windows=False) == "--map 'referenceId=Ref.' --job output/a.b"


@pytest.mark.parametrize(
    ("parts", "line"),
    [
        (
            ["batch-import", "run", r"C:\\Videos\\library.csv"],
            r"batch-import run C:\\Videos\\library.csv",
        ),
        (["--map", "sourceUrl=Video Link"], '--map "sourceUrl=Video Link"'),
        (["run", "it's.csv"], "run it's.csv"),
        (["--map", "referenceId=Ref."], '--map "referenceId=Ref."'),
    ],
)
def test_double_quotes_are_used_for_windows(parts: list[str], line: str) -> None:
    assert command_line(parts, windows=True) == line
