"""Messages name settings and commands; the caller that shows a message renders these names."""

import ast
import pickle
import re
from pathlib import Path

import pytest

import batch_import
from batch_import.cli.faults import format_fault
from batch_import.cli.options import OPTIONS, OptionSources
from batch_import.errors import StateError, UsageError, command_ref, setting_ref

PACKAGE = Path(batch_import.__file__).parent
SETTINGS = {*OPTIONS, "timeout"}


def texts_below_the_command_line() -> list[tuple[str, str]]:
    """Return the path of each module and its texts that are no docstrings."""
    found = []
    for path in PACKAGE.rglob("*.py"):
        if "cli" in path.relative_to(PACKAGE).parts or path.name == "library.py":
            continue
        tree = ast.parse(path.read_text("utf-8"))
        statements = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        found += [
            (str(path.relative_to(PACKAGE)), node.value)
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in statements
        ]
    return found  # fmt: skip


def test_no_message_below_the_command_line_names_an_option_or_a_command() -> None:
    flag, called = r"(?<![\w-])--[a-z]{3}", r"batch-import (run|retry|status|check|report|verify)\b"
    setting_ref = {
        (path, words)
        for path, words in texts_below_the_command_line()
        if re.search(flag, words) or re.search(called, words)
    }
    assert not setting_ref


def test_every_setting_in_a_message_exists() -> None:
    names = set()
    for path in PACKAGE.rglob("*.py"):
        calls = (n for n in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(n, ast.Call))
        for call in calls:
            if isinstance(call.func, ast.Name) and call.func.id == "setting_ref":
                names |= {arg.value for arg in call.args[:1] if isinstance(arg, ast.Constant)}
            given = (word.value for word in call.keywords if word.arg == "setting")
            names |= {value.value for value in given if isinstance(value, ast.Constant)}
    assert names
    assert names <= SETTINGS


@pytest.mark.parametrize(
    ("fault", "python", "command_line"),
    [
        (
            UsageError("'x' is not a number.", setting="poll_interval"),
            "poll_interval='x' is not a number.",
            "--poll-interval: 'x' is not a number.",
        ),
        (
            StateError("It is open.", f"Close it, or use {setting_ref('job')}."),
            "It is open. Close it, or use job=.",
            "It is open. Close it, or use --job.",
        ),
        (
            StateError("No.", f"Add {setting_ref('map', 'sourceUrl=Video Link')}."),
            "No. Add map={'sourceUrl': 'Video Link'}",
            "No. Add --map 'sourceUrl=Video Link'",
        ),
        (
            StateError("No.", f"Choose {setting_ref('records', 'a.b')}."),
            "No. Choose records='a.b'",
            "No. Choose --records a.b",
        ),
        (
            StateError("Busy.", f"See: {command_ref('status')}"),
            "Busy. See: job_status(…)",
            "Busy. See: batch-import status 'my list.csv'",
        ),
        (
            StateError("None.", f"See: {command_ref('account')}"),
            "None. See: batch-import account",
            "None. See: batch-import account",
        ),
    ],
)
def test_a_fault_is_rendered_for_python_and_for_the_command_line(
    fault: StateError | UsageError, python: str, command_line: str
) -> None:
    places = OptionSources()
    places.manifest = "my list.csv"
    assert str(fault) == python
    assert format_fault(fault, places) == command_line
    assert str(pickle.loads(pickle.dumps(fault))) == python
