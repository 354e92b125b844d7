"""The tables of the documentation name all that there is, and nothing else."""

import ast
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import click
from pages import ROOT, USERS_PAGES, code_in, table_rows

from batch_import.cli import exits
from batch_import.cli.application import load
from batch_import.cli.names import HELP
from batch_import.cli.options import OPTIONS
from batch_import.configuration.declaration import Group, Setting
from batch_import.errors import RunFault
from batch_import.models import Status
from batch_import.sandbox.knobs import Knobs

NAMES = list(HELP)
USERS = {
    option.key: {name for name in NAMES if option.name in load(name).options}
    for option in OPTIONS.values()
}
#: Where a column says that an option is of every command.
ALL = "all"


def test_every_command_has_a_row_with_what_it_takes() -> None:
    documented: dict[str, Counter[str]] = defaultdict(Counter)
    for row in table_rows("command", "what it does"):
        (signature,) = code_in(row[0])
        name, *takes = signature.removeprefix("batch-import ").split()
        words = Counter(word.strip("[]") for word in takes if word.strip("[]").isupper())
        documented[name] |= words
    real = {
        name: Counter(
            str(param.name).upper()
            for param in load(name).params
            if isinstance(param, click.Argument)
        )
        for name in NAMES
    }
    assert documented == real


def test_every_option_has_a_row_with_its_commands() -> None:
    documented: dict[str, set[str]] = defaultdict(set)
    for option, row in _option_rows():
        documented[option.key] |= set(NAMES if row[1] == ALL else row[1].split())
    assert documented == USERS


def test_every_option_is_written_as_it_is_given() -> None:
    for option, row in _option_rows():
        assert code_in(row[0]) == _spelled(option)


def test_every_option_has_its_default() -> None:
    for option, row in _option_rows():
        told = _default(option)
        assert told is None or row[2].strip("`") == told, option.name


def test_every_option_in_the_text_exists() -> None:
    known = {spelled.split()[0] for option in OPTIONS.values() for spelled in _spelled(option)}
    known |= {name.replace("[no-]", "") for name in known} | {"--help", "--version"}
    for page in USERS_PAGES:
        shown = [code for code in page.code if code.startswith(("--", "batch-import "))]
        for block in page.blocks:
            shown += re.findall(r"(?<![\w-])batch-import .*", block.text)
        for code in shown:
            unknown = set(re.findall(r"(?<![\w-])--[\w\[\]-]*\w", code)) - known
            assert not unknown, f"{page.name}: {code}"


def test_every_command_in_the_text_exists() -> None:
    for page in USERS_PAGES:
        for code in page.code:
            program, _, rest = code.partition(" ")
            if program == "batch-import" and rest and not rest.startswith("-"):
                assert rest.split()[0] in NAMES, f"{page.name}: {code}"


def test_every_knob_has_its_default() -> None:
    documented = {}
    for row in table_rows("knob", "default", "meaning"):
        names = code_in(row[0])
        values = row[1].split(", ") if len(names) > 1 else [row[1]]
        values *= len(names) if len(values) == 1 else 1
        documented |= dict(zip(names, values, strict=True))
    assert documented == {name: _written(value) for name, value in asdict(Knobs()).items()}


def test_every_problem_has_a_row_with_its_severity() -> None:
    documented = {
        code: row[1]
        for row in table_rows("code", "severity", "what it means")
        for code in code_in(row[0])
    }
    assert documented == dict(_problems())


def test_every_exit_code_has_a_row() -> None:
    documented = {int(row[0]) for row in table_rows("exit code", "meaning")}
    faults = {fault.exit_code for fault in _family(RunFault)}
    assert documented == faults | {exits.OK, exits.INCOMPLETE}


def test_every_status_has_a_row() -> None:
    documented = [code_in(row[0]) for row in table_rows("status", "meaning", "what to do")]
    # A row is `creating` while its POST is under way; people never see it.
    assert sorted(documented) == sorted([status] for status in Status if status != Status.CREATING)


def _option_rows() -> Iterator[tuple[Setting, list[str]]]:
    by_flag = {f"--{option.key}": option for option in OPTIONS.values()}
    for row in table_rows("option", "of", "default", "meaning"):
        flag = code_in(row[0])[-1].split()[0].replace("[no-]", "")
        assert flag in by_flag, f"{flag} is documented, and does not exist"
        yield by_flag[flag], row


def _spelled(option: Setting) -> list[str]:
    keeps = option.is_switch and option.group is Group.RESULTS
    name = f"--[no-]{option.key}" if keeps else f"--{option.key}"
    takes = "|".join(option.kind.choices) or option.kind.metavar
    short = [f"-{option.short}"] if option.short else []
    return [*short, f"{name} {takes}".strip()]


def _default(option: Setting) -> str | None:
    """As a page has to name it; None where it is no value, but may be told in words."""
    if option.is_switch:
        return {True: "yes", False: "no"}[option.default] if "[" in _spelled(option)[0] else ""
    if option.default is None:
        return None
    if isinstance(option.default, tuple):
        return ",".join(option.default)
    return _written(option.default)


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return ", ".join(dict.fromkeys(map(_written, value))) or "none"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _problems() -> Iterator[tuple[str, str]]:
    """Every problem that the code can find, and its severity."""
    places = {"Flaw": 0, "Fault": 0, "warning": 0, "Problem": 2}
    for path in (ROOT / "batch_import/manifest").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
                continue
            if (name := node.func.id) in places:
                code = node.args[places[name]]
                if isinstance(code, ast.Constant):
                    warns = name == "warning" or "WARNING" in ast.unparse(node)
                    yield code.value, "warning" if warns else "error"


def _family(fault: type[RunFault]) -> Iterator[type[RunFault]]:
    yield fault
    for child in fault.__subclasses__():
        yield from _family(child)
