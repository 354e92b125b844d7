"""The options, commands and exit codes that the pages name exist."""

import re
from collections.abc import Iterator

from pages import ROOT, USERS_PAGES, table_rows

from batch_import.cli import exits
from batch_import.cli.names import HELP
from batch_import.cli.options import OPTIONS
from batch_import.errors import RunFault

#: An option in a command line; `--[no-]name` in a help text is not one.
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*[a-z]")
README_LINES = 150


def test_every_option_in_the_text_exists() -> None:
    existing = {f"--{option.key}" for option in OPTIONS.values()}
    existing |= {f"--no-{option.key}" for option in OPTIONS.values() if option.is_switch}
    existing |= {"--help", "--version"}
    for page in USERS_PAGES:
        shown = [code for code in page.code if code.startswith(("--", "batch-import "))]
        for block in page.blocks:
            shown += re.findall(r"(?<![\w-])batch-import .*", block.text)
        for code in shown:
            unknown = set(OPTION.findall(code)) - existing
            assert not unknown, f"{page.name}: {code}"


def test_every_command_in_the_text_exists() -> None:
    for page in USERS_PAGES:
        for code in page.code:
            program, _, rest = code.partition(" ")
            if program == "batch-import" and rest and not rest.startswith("-"):
                assert rest.split()[0] in HELP, f"{page.name}: {code}"


def test_every_exit_code_has_its_advice() -> None:
    documented = {int(row[0]) for row in table_rows("code", "what to do")}
    faults = {fault.exit_code for fault in _with_subclasses(RunFault)}
    assert documented == faults | {exits.OK, exits.INCOMPLETE}


def test_the_readme_is_short() -> None:
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    assert len(lines) <= README_LINES


def _with_subclasses(fault: type[RunFault]) -> Iterator[type[RunFault]]:
    yield fault
    for subclass in fault.__subclasses__():
        yield from _with_subclasses(subclass)
