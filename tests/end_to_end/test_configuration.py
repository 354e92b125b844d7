"""Configuration files, credentials, completion and terminals, with the real command."""

import contextlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from batch_import.sandbox.server import SandboxServer

FAST = ("--rate", "200", "--poll-interval", "0.3")
Start = Callable[..., SandboxServer]

CONFIG = """\
rate: 200
poll-interval: 0.3
map: {sourceUrl: Video Link, filename: Name}
default: {extension: mp4}
results-columns:
- embedCode: Code, to paste
- referenceId
"""
ACCESS_KEY, API_KEY = "VC-test", "a-key-that-must-not-be-seen"


@pytest.fixture
def write_config(tmp_path: Path) -> Callable[..., Path]:
    def write(text: str = CONFIG, name: str = "batch-import.yaml") -> Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_a_configuration_file_sets_the_options_of_a_run(
    sandbox: Start, command: Callable, write_config: Callable, tmp_path: Path
) -> None:
    write_config()
    (tmp_path / "mine.csv").write_text(
        "Name,Video Link,URL,referenceId\nOne,https://h.example.com/1,https://h.example.com/no,a\n"
    )
    server = sandbox()
    run = command(server)
    run("run", "mine.csv")
    (line,) = run.table("output/mine/results.csv")
    assert list(line) == ["Code, to paste", "referenceId"]
    (media,) = server.platform.media
    assert (media.title, media.reference_id) == ("One", "a")


def test_config_shows_each_value_and_where_it_comes_from(
    command: Callable, write_config: Callable
) -> None:
    run = command("https://signed.test/api")
    write_config("rate: 7\napi-base: https://file.test\n")
    named = ("--config", "batch-import.yaml")
    assert "not taken from a file that you did not name" in run("config", code=2).stderr
    printed = json.loads(run("config", "--json", *named).stdout)
    options = printed["options"]
    assert options["rate"] == {"value": 7, "from": "batch-import.yaml, line 1"}
    assert options["api-base"] == {
        "value": "https://signed.test/api", "from": "VIOSTREAM_API_BASE"
    }  # fmt: skip
    assert options["seed"] == {"value": 1, "from": "default"}
    assert printed["credentials"]["api-key"] == {"set": True, "from": "environment"}
    table = run("config", *named).stdout
    assert "Configuration file: batch-import.yaml." in table
    assert "api-key" in table
    at = {line.index("batch-import.yaml,") for line in table.splitlines() if ", line" in line}
    assert len(at) == 1
    write_config("sheet: https://h/?X-Amz-Signature=5ec7e7\n", "other.yaml")
    for flags in ([], ["--json"]):
        out = run("config", "--config", "other.yaml", *flags).stdout
        assert "other.yaml, line 1" in out
        assert "5ec7e7" not in out


def test_an_invalid_configuration_file_stops_every_command_that_reads_it(
    command: Callable, write_config: Callable, manifest: Callable
) -> None:
    run = command("unused")
    path = manifest(1)
    write_config("seed: 1\nrte: 5\n")
    for arguments in (["check", path], ["status", path], ["sandbox"], ["config"], ["account"]):
        err = run(*arguments, code=2).stderr
        where = "batch-import: batch-import.yaml, line 2: "
        assert err == f"{where}'rte' is not an option. Did you mean 'rate'?\n"
    assert "none.yaml cannot be read" in run("check", path, "--config", "none.yaml", code=2).stderr
    run("completion", "bash")  # this command has no options and reads no configuration


def test_a_missing_manifest_is_reported_before_missing_credentials(
    sandbox: Start, command: Callable
) -> None:
    run = command(sandbox())
    del run.environ["VIOSTREAM_ACCESS_KEY"], run.environ["VIOSTREAM_API_KEY"]
    for name in ("run", "retry"):
        assert "There is no manifest libary.csv." in run(name, "libary.csv", code=2).stderr


def test_credentials_are_read_from_a_file(
    sandbox: Start, command: Callable, write_config: Callable
) -> None:
    server = sandbox()
    run = command(server)
    del run.environ["VIOSTREAM_ACCESS_KEY"], run.environ["VIOSTREAM_API_KEY"]
    assert "are not set" in run("account", code=2).stderr
    keys = write_config(f"access-key: {ACCESS_KEY}\napi-key: {API_KEY}\n", "my keys.yaml")
    keys.chmod(0o600)
    assert "The credentials work." in run("account", "--credentials", keys).stdout
    write_config("credentials: my keys.yaml\n")
    assert "The credentials work." in run("account").stdout
    assert API_KEY not in run("config").stdout
    if os.name == "posix":
        keys.chmod(0o644)
        err = run("account", code=2).stderr
        assert "other users can access it (mode 644). Run: chmod 600 'my keys.yaml'" in err
    run.environ |= {"VIOSTREAM_ACCESS_KEY": "VC-other", "VIOSTREAM_API_KEY": "other"}
    assert "refuses the credentials" in run("account", code=3).stderr
    keys.chmod(0o600)
    assert "The credentials work." in run("account", "--credentials", keys).stdout


def test_a_mistyped_command_or_option_gives_one_line(command: Callable) -> None:
    done = command("unused")("stauts", "m.csv", code=2)
    assert done.stderr == "batch-import: No such command 'stauts'. Did you mean 'status'?\n"
    done = command("unused")("run", "m.csv", "--rte", "5", code=2)
    assert done.stderr == "batch-import: No such option '--rte'. Did you mean '--rate'?\n"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("batch-import stat", {"state", "status"}),
        ("batch-import run --when", {"--when-unsure"}),
        ("batch-import run --when-unsure ", {"hold", "retry"}),
        ("batch-import check vid", {"videos.csv"}),
        ("batch-import check --config batch", {"batch-import.yaml"}),
        ("batch-import check --job job", {"jobs"}),
        ("batch-import completion ", {"bash", "fish", "zsh"}),
    ],
)
def test_bash_completes_command_lines(
    command: Callable, write_config: Callable, tmp_path: Path, program: Callable,
    line: str, expected: set[str],
) -> None:  # fmt: skip
    write_config()
    write_config("", "videos.csv")
    write_config("", "job.csv")
    (tmp_path / "jobs").mkdir()
    run = command("unused")
    (tmp_path / "complete.bash").write_text(run("completion", "bash").stdout)
    # Names of files and folders are completed by bash, which is called as at a Tab.
    script = """
        source complete.bash
        COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_LINE="$*"; COMP_POINT=${#COMP_LINE}
        compopt() { [ "$2" = dirnames ] && COMPREPLY+=($(compgen -d -- "$word"))
                    [ "$2" = default ] && COMPREPLY+=($(compgen -f -- "$word")); }
        function=$(complete -p batch-import | sed 's/.*-F \\([^ ]*\\).*/\\1/')
        word="${COMP_WORDS[COMP_CWORD]}"
        "$function" batch-import "$word" "${COMP_WORDS[COMP_CWORD - 1]}"
        printf '%s\\n' "${COMPREPLY[@]}"
    """
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        [program("bash"), "--norc", "-c", script, "bash", *line.split(" ")],
        cwd=tmp_path, env={**run.environ, "PATH": path}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stderr == ""
    assert {word.rstrip(" /") for word in done.stdout.split("\n") if word.strip()} == expected


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_zsh_and_fish_have_a_completion_script(command: Callable, shell: str) -> None:
    assert f"{shell}_complete" in command("unused")("completion", shell).stdout


@pytest.mark.parametrize(
    ("term", "no_colour", "has_bar", "has_colour"),
    [
        ("xterm-256color", "", True, True),
        ("xterm-256color", "1", True, False),
        ("dumb", "", False, False),
    ],
)
def test_colours_and_a_bar_are_shown_only_on_a_terminal_that_has_them(
    sandbox: Start, command: Callable, manifest: Callable, term: str, no_colour: str,
    *, has_bar: bool, has_colour: bool,
) -> None:  # fmt: skip
    run = command(sandbox())
    run.environ |= {"TERM": term, "NO_COLOR": no_colour}
    termios = pytest.importorskip("termios")  # Windows has no terminals of this kind
    ours, theirs = os.openpty()
    termios.tcsetwinsize(ours, (24, 100))
    process = subprocess.Popen(
        [sys.executable, "-m", "batch_import", "run", manifest(3), *FAST],
        cwd=run.folder, env=run.environ, stdin=theirs, stdout=theirs, stderr=theirs,
    )  # fmt: skip
    os.close(theirs)
    shown = "".join(_read_until_closed(ours))
    assert process.wait(60) == 0
    assert "3 imported" in shown
    assert bool(re.search(r"\x1b\[[0-9;]*m", shown)) is has_colour
    assert ("%|" in shown) is has_bar


def _read_until_closed(terminal: int) -> Iterator[str]:
    with contextlib.suppress(OSError), open(terminal, encoding="utf-8", newline="") as stream:
        yield from stream


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_commands_work_on_a_console_without_unicode(
    sandbox: Start, command: Callable, manifest: Callable, encoding: str
) -> None:
    path = manifest(
        1, ["https://h.example.com/é.mp4", "日本 → ü", "mp4", "ref-ü", "A"], name="vidéos.csv"
    )
    run = command(sandbox())
    run.environ |= {"PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}
    commands = [
        ["check", path], ["run", path, *FAST],
        ["status", path], ["report", path], ["config"], ["run", "--help"], ["stauts→"],
    ]  # fmt: skip
    for arguments in commands:
        done = subprocess.run(
            [sys.executable, "-m", "batch_import", *map(str, arguments)],
            cwd=run.folder, env=run.environ, capture_output=True, check=False,
        )  # fmt: skip
        out = (done.stdout + done.stderr).decode(encoding)
        assert "Traceback" not in out
        assert done.returncode == (2 if arguments == ["stauts→"] else 0), out
        assert len(out.split()) > 3
