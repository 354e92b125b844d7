"""The command line: mistakes are one line, and name what was meant."""

from pathlib import Path

import pytest
from batch_import.cli.parser import COMMANDS, parse, parser

from batch_import.errors import UsageError


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("stauts", "'stauts' is no command. Did you mean: status?"),
        ("Check m.csv", "'Check' is no command. Did you mean: check?"),
        ("zzz", "'zzz' is no command. See: batch-import --help"),
        ("", "the following arguments are required: COMMAND. See: batch-import --help"),
        ("run", "the following arguments are required: MANIFEST. See: batch-import run --help"),
        ("run m.csv --rte 5", "run has no --rte. Did you mean: --rate?"),
        ("run --rte=5 m.csv", "run has no --rte. Did you mean: --rate?"),
        ("status m.csv --rate 5", "--rate is an option of check, "),
        ("status a.csv 2 b.csv", "status does not take 'b.csv' as well."),
        ("run m.csv --rate", "--rate: expected one argument."),
        ("run m.csv --rate 0", "--rate: '0' is not a number above 0."),
        ("run m.csv --embed big", "--embed: 'big' is not one of responsive, fixed."),
        ("demo --config x.yaml", "--config is an option of"),
    ],
)
def test_a_mistake_is_one_line(line: str, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(line.split())
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_every_command_with_options_takes_a_configuration_but_the_demo() -> None:
    without = [each.name for each in COMMANDS if each.options and "config" not in each.options]
    assert without == ["demo"]


def test_the_demo_reads_no_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "batch-import.yaml").write_text("verbose: true\n")
    assert parse(["demo"]).verbose is False
    assert parse(["sandbox"]).verbose is True


def test_what_a_file_turns_on_a_flag_turns_off() -> None:
    assert parse(["run", "m.csv", "--no-preflight"]).preflight is False


def test_help_shows_choices_and_defaults(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parser().parse_args(["run", "--help"])
    text = capsys.readouterr().out
    assert "--when-unsure {hold,retry}" in text
    assert "(default 5)" in text
