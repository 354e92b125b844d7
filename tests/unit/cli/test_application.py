"""The command line: mistakes give one line, with the likely intended name."""

import re
import shlex
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from batch_import.cli import main
from batch_import.cli.application import load_command
from batch_import.cli.command import Invocation
from batch_import.cli.names import HELP
from batch_import.cli.next_command import next_command
from batch_import.cli.options import OPTIONS
from batch_import.configuration.declaration import DOCUMENTATION_URL

Given = Callable[..., Invocation]


@pytest.fixture
def invoke(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Given:
    """Return a function that parses a command line, in an empty folder without variables."""
    monkeypatch.chdir(tmp_path)
    for option in OPTIONS.values():
        if option.variable:
            monkeypatch.delenv(option.variable, raising=False)
    calls: list[Invocation] = []

    def keep(call: Invocation) -> int:
        calls.append(call)
        return 0

    def run(*arguments: str) -> Invocation:
        monkeypatch.setattr(load_command(arguments[0]), "_function", keep)
        assert main(arguments) == 0
        return calls.pop()

    return run


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("stauts", "No such command 'stauts'. Did you mean 'status'?"),
        ("Check m.csv", "No such command 'Check'. Did you mean 'check'?"),
        ("zzz", "No such command 'zzz'. See: batch-import --help"),
        ("", "Missing command. See: batch-import --help"),
        ("run", "Missing argument 'MANIFEST'. See: batch-import run --help"),
        ("run m.csv --rte 5", "No such option '--rte'. Did you mean '--rate'?"),
        ("run --rte=5 m.csv", "No such option '--rte'. Did you mean '--rate'?"),
        (
            "status m.csv --rate 5",
            "--rate is an option of check, plan, run, retry, submit, verify. See: ",
        ),
        ("status a.csv 2 b.csv", "Got unexpected extra argument (b.csv). See: batch-import status"),
        ("run m.csv --rate", "Option '--rate' requires an argument."),
        ("run m.csv --rate 0", "--rate: '0' is not a number from 0.001 to 10,000."),
        ("run m.csv --embed big", "--embed: 'big' is not one of responsive, fixed."),
        ("run m.csv --job a\0b", r"--job: 'a\x00b' has a character that is not valid in a text."),
        ("demo --config x.yaml", "--config is an option of"),
        ("plan m.csv --seed 2", "--seed: this is only used with --rehearse. Add it."),
        ("plan m.csv --knob a=b", "--knob: this is only used with --rehearse. Add it."),
        ("status m.csv [red]x[/red]", "m.csv: no such file, and no job for it in output/m."),
        ("run m.csv --sheet [b] --limit [red]1[/red]", "--limit: '[red]1[/red]' is not a whole"),
        (
            "run m.csv --map sourceUrl=A --map sourceUrl=B",
            "--map: sourceUrl is given twice: “A” and",
        ),
        (
            "run m.csv --default extension=mp4 --default extension=mov",
            "--default: extension is given",
        ),
        ("sandbox --knob seed=1 --knob seed=2", "--knob: seed is given twice: “1” and “2”. Remove"),
        ("config --config none.yaml", "none.yaml cannot be read: No such file"),
    ],
)
def test_a_mistake_on_the_command_line_gives_one_line(
    line: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    assert main(line.split(" ") if line else []) == 2
    out, err = capsys.readouterr()
    assert err.startswith(f"batch-import: {message}")
    assert (out, err.count("\n")) == ("", 1)


def test_every_command_with_options_except_demo_has_the_option_config() -> None:
    without = {
        name
        for name in HELP
        if load_command(name).options and "config" not in load_command(name).options
    }
    assert without == {"demo"}


def test_help_names_only_existing_pages_of_the_documentation() -> None:
    root = Path(__file__).parents[3]
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["urls"]["Documentation"] == f"{DOCUMENTATION_URL}/index.md"
    pages = [page for option in OPTIONS.values() for page in re.findall(r"\S+\.md", option.help)]
    assert len(pages) > 1
    for page in pages:
        assert page.startswith(f"{DOCUMENTATION_URL}/")
        assert (root / "docs" / page.removeprefix(f"{DOCUMENTATION_URL}/")).exists()


def test_every_option_belongs_to_a_command() -> None:
    assert {name for each in HELP for name in load_command(each).options} == set(OPTIONS)


def test_the_demo_reads_no_configuration_file(invoke: Given) -> None:
    Path("batch-import.yaml").write_text("verbose: true\n")
    assert invoke("demo")["verbose"] is False
    assert invoke("sandbox")["verbose"] is True


def test_an_option_turns_off_what_the_configuration_file_turns_on(invoke: Given) -> None:
    Path("batch-import.yaml").write_text("preflight: true\n")
    assert invoke("run", "m.csv").settings().preflight is True
    assert invoke("run", "m.csv", "--no-preflight").settings().preflight is False


def test_options_override_variables_override_the_file_override_defaults(
    invoke: Given, monkeypatch: pytest.MonkeyPatch
) -> None:
    def found(*flags: str) -> tuple[str, str]:
        named = ("--config", "batch-import.yaml") if Path("batch-import.yaml").exists() else ()
        call = invoke("run", "m.csv", *named, *flags)
        return call.settings().api_base, call.option_sources.describe("api_base")

    assert found() == ("https://api.app.viostream.com/v3/api", "default")
    Path("batch-import.yaml").write_text("rate: 1\napi-base: https://file.test/\n")
    assert found() == ("https://file.test", "batch-import.yaml, line 2")
    monkeypatch.setenv("VIOSTREAM_API_BASE", "https://variable.test")
    assert found() == ("https://variable.test", "VIOSTREAM_API_BASE")
    assert found("--api-base", "https://flag.test") == ("https://flag.test", "flag")


@pytest.mark.parametrize(
    ("flags", "variable", "config", "subject"),
    [
        (["--api-base", "x y"], "", "", "--api-base: "),
        ([], "x y", "", "VIOSTREAM_API_BASE: "),
        ([], "", "rate: 1\napi-base: x y", "batch-import.yaml, line 2: api-base: "),
    ],
)
def test_an_error_says_where_the_value_comes_from(
    flags: list[str], variable: str, config: str, subject: str, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VIOSTREAM_API_BASE", variable)
    Path("batch-import.yaml").write_text(config)
    assert main(["account", *flags]) == 2
    assert capsys.readouterr().err.startswith(f"batch-import: {subject}'x y' is not a base URL")


def test_a_field_given_twice_in_a_list_is_refused(
    invoke: Given, capsys: pytest.CaptureFixture[str]
) -> None:
    assert invoke("check", "m.csv")
    Path("batch-import.yaml").write_text("map: [filename=A, sourceUrl=B, filename=C]\n")
    assert main(["run", "m.csv"]) == 2
    expected = "batch-import: batch-import.yaml, line 1: map: filename is given twice: “A” and “C”."
    assert capsys.readouterr().err.startswith(expected)


def test_an_option_changes_one_field_of_the_configuration_file(invoke: Given) -> None:
    Path("batch-import.yaml").write_text("map: {sourceUrl: A, filename: B}\n")
    assert invoke("check", "m.csv").request().reading.map == {"sourceUrl": "A", "filename": "B"}
    assert invoke("check", "m.csv", "--map", "sourceUrl=C").request().reading.map == {
        "sourceUrl": "C",
        "filename": "B",
    }


def test_a_request_has_only_the_given_options(invoke: Given) -> None:
    request = invoke("run", "m.csv", "--only", "2,5-6", "--only", "a", "--embed", "fixed").request()
    assert [str(which) for which in request.settings.only] == ["line 2", "lines 5 to 6", "a"]
    assert request.results == {"embed": "fixed"}
    assert (request.folder, request.notify) == (None, None)


def test_hints_name_the_manifest_and_the_job(invoke: Given) -> None:
    option_sources = invoke("run", "my list.csv", "--job", "j").option_sources
    assert next_command(option_sources, "status") == "batch-import status 'my list.csv' --job j"


def test_a_printed_command_repeats_the_options_that_it_accepts(invoke: Given) -> None:
    flags = (
        *("--sheet", "2022", "--map", "referenceId=Ref.", "--map", "filename=Title"),
        *("--default", "extension=mp4", "--allow", "url-page", "--config", "c.yaml"),
        *("--credentials", "keys.yaml", "--api-base", "http://127.0.0.1:8712/v3/"),
    )
    Path("c.yaml").touch()
    option_sources = invoke("run", "m.xlsx", "--limit", "1", "--standby", *flags).option_sources
    first, *rest = shlex.split(next_command(option_sources, "run", "--adopt", "any"))
    assert (first, rest[:2], rest[-2:]) == ("batch-import", ["run", "m.xlsx"], ["--adopt", "any"])
    pairs = [rest[at : at + 2] for at in range(2, len(rest) - 2, 2)]
    assert sorted(pairs) == sorted([list(flags[at : at + 2]) for at in range(0, len(flags), 2)])
    assert next_command(option_sources, "status") == "batch-import status m.xlsx --config c.yaml"
    assert next_command(option_sources, "account") == (
        "batch-import account --config c.yaml --credentials keys.yaml"
        " --api-base http://127.0.0.1:8712/v3/"
    )


@pytest.mark.parametrize("name", HELP)
def test_help_is_in_groups_with_defaults_and_examples(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([name, "--help"]) == 0
    text = capsys.readouterr().out
    assert " ".join(HELP[name].split()) in " ".join(text.split())
    assert f"Examples:\n  {'eval ' if name == 'completion' else f'batch-import {name}'}" in text
    groups = re.findall(r"^(\w+) options:$", text, re.MULTILINE)
    expected = {str(OPTIONS[option].group) for option in load_command(name).options} | {"Common"}
    assert sorted(groups) == sorted(expected)


def test_help_on_a_terminal_has_the_same_content(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("batch_import.cli.console.has_colour", lambda *_: True)
    for arguments in (["run", "--help"], ["--help"]):
        assert main(arguments) == 0
    text = capsys.readouterr().out
    words: list[Any] = [f"--{OPTIONS[name].key}" for name in load_command("run").options]
    for word in [*words, *HELP, "Examples:", "--limit 10", "VIOSTREAM_API_BASE", "Pace"]:
        assert word in text, word


def test_the_name_of_every_command_is_that_of_its_module() -> None:
    assert [load_command(name).name for name in HELP] == list(HELP)
