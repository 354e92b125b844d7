"""`configure` makes a configuration file for an export with unknown columns."""

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import xlsxwriter
import yaml
from terminal import Dialog, dialog

from batch_import.sandbox.server import SandboxServer

Start = Callable[..., SandboxServer]
ACCESS_KEY, API_KEY = "VC-test", "a-key-that-must-not-be-seen"
ENTERED = [("Access key:", ACCESS_KEY), ("API key", API_KEY)]
EXPORT = """\
Video Link,Name,Internal code,Owner
https://videos.example.com/welcome.mp4,Welcome to the team,A-1,People
https://videos.example.com/two.mp4,Second of them,A-2,People
"""
needs_terminal = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pty")


@pytest.fixture
def export(tmp_path: Path) -> Path:
    path = tmp_path / "export.csv"
    path.write_text(EXPORT, encoding="utf-8")
    return path


@pytest.fixture
def run_dialog(tmp_path: Path) -> Callable[..., Dialog]:
    """Return a function that runs `configure` at a terminal, without credentials."""

    def run(api_base: str, answers: Sequence[tuple[str, str]], *arguments: str) -> Dialog:
        environ = {
            **os.environ, "VIOSTREAM_API_BASE": api_base, "TERM": "dumb", "PYTHONUTF8": "1"
        }  # fmt: skip
        call = [sys.executable, "-m", "batch_import", "configure", *arguments]
        done = dialog(call, answers, tmp_path, environ)
        assert "Traceback" not in done.screen
        assert API_KEY not in done.screen
        return done

    return run


def read_config(folder: Path, name: str = "batch-import.yaml") -> dict[str, object]:
    found = yaml.safe_load((folder / name).read_text(encoding="utf-8"))
    assert isinstance(found, dict)
    return found


@needs_terminal
def test_answers_become_a_configuration_that_works(
    sandbox: Start, command: Callable, run_dialog: Callable, export: Path, tmp_path: Path
) -> None:
    server = sandbox()
    done = run_dialog(
        server.api_base,
        [
            ("Manifest (Enter for none) [export.csv]", ""),
            ("Use these columns?", "y"),
            ("Access key:", "VC-mistyped"),
            ("API key", API_KEY),
            *ENTERED,  # the platform refuses the first ones
            ("Where to store the keys (file, no)", "file"),
        ],
    )
    assert done.code == 0
    assert "The platform refuses the credentials" in done.screen
    assert "Welcome to the team" in done.screen
    assert read_config(tmp_path) == {
        "credentials": "credentials.yaml",
        "map": {"sourceUrl": "Video Link", "filename": "Name", "referenceId": "Internal code"},
    }
    keys = tmp_path / "credentials.yaml"
    assert read_config(tmp_path, keys.name) == {"access-key": ACCESS_KEY, "api-key": API_KEY}
    assert keys.stat().st_mode & 0o777 == 0o600

    run = command(server)
    del run.environ["VIOSTREAM_ACCESS_KEY"], run.environ["VIOSTREAM_API_KEY"]
    run("run", export, "--rate", "100", "--poll-interval", "0.3")
    assert sorted(m.reference_id for m in server.platform.media) == ["A-1", "A-2"]


@needs_terminal
def test_other_columns_are_chosen_by_their_names(
    sandbox: Start, run_dialog: Callable, export: Path, tmp_path: Path
) -> None:
    answers = [
        ("Use these columns?", "n"),
        ("Column of sourceUrl [1]", "video link"),
        ("Column of filename (0: taken from the file's name in the URL) [2]", "Title"),
        ("Column of filename (0: taken from the file's name in the URL) [2]", "inter"),
        ("Column of extension (0: taken from the end of the URL) [0]", ""),
        ("Column of referenceId (0: made from the URL) [3]", "0"),
        ("Use these columns?", ""),
        *ENTERED,
        ("Where to store the keys", "no"),
    ]
    done = run_dialog(sandbox().api_base, answers, export.name)
    assert done.code == 0
    assert "“Title” is not one of them" in done.screen
    assert "“Video Link”, “Name”, “Internal code”, “Owner”" in done.screen
    columns = {"referenceId": "", "sourceUrl": "Video Link", "filename": "Internal code"}
    assert read_config(tmp_path) == {"map": columns}


@needs_terminal
def test_other_columns_are_chosen_by_their_numbers(
    sandbox: Start, run_dialog: Callable, export: Path, tmp_path: Path
) -> None:
    answers = [
        ("Use these columns?", "n"),
        ("Column of sourceUrl [1]", ""),
        ("Column of filename (0: taken from the file's name in the URL) [2]", "3"),
        ("Column of extension (0: taken from the end of the URL) [0]", ""),
        ("Column of referenceId (0: made from the URL) [3]", "0"),
        ("Use these columns?", ""),
        *ENTERED,
        ("Where to store the keys", "no"),
    ]
    done = run_dialog(sandbox().api_base, answers, export.name)
    assert done.code == 0
    columns = {"referenceId": "", "sourceUrl": "Video Link", "filename": "Internal code"}
    assert read_config(tmp_path) == {"map": columns}
    assert not (tmp_path / "credentials.yaml").exists()


@needs_terminal
def test_configure_asks_for_a_missing_column_and_for_the_folder_of_its_urls(
    sandbox: Start, run_dialog: Callable, tmp_path: Path
) -> None:
    (tmp_path / "library.csv").write_text(
        "East,West,Title\nlow/1.mp4,high/1.mp4,One\nlow/2.mp4,high/2.mp4,Two\n",
        encoding="utf-8",
    )
    answers = [
        ("Column of sourceUrl", "2"),
        ("URL of their folder", "videos"),
        ("URL of their folder", "https://videos.example.com/"),
        ("Use these columns?", "y"),
        *ENTERED,
        ("Where to store the keys", "no"),
    ]
    done = run_dialog(sandbox().api_base, answers, "library.csv")
    assert done.code == 0
    assert "https://videos.example.com/high/1.mp4" in done.screen
    found = read_config(tmp_path)
    assert found["base-url"] == "https://videos.example.com/"
    assert found["map"] == {"sourceUrl": "West", "filename": "Title"}


@needs_terminal
def test_unclear_id_columns_have_no_default_and_unsuitable_columns_are_reported(
    sandbox: Start, run_dialog: Callable, tmp_path: Path
) -> None:
    """An ID cannot be corrected after the import. Therefore Enter must not choose one."""
    rows = [
        f'V {n},deployed,G-{n},P-{n},"Reihe, {n}",https://h.example.com/{n}.mp4' for n in range(4)
    ]
    rows += ["V 4,deployed,G-4,P-4,x,", "V 5,deployed,G-5,P-5,y,https://h.example.com/page"]
    (tmp_path / "library.csv").write_text(
        "\n".join(["Title,state,Kulu GUID,Presentation GUID,Series,Link", *rows]), encoding="utf-8"
    )
    answers = [
        ("Column of referenceId (0: made from the URL):", ""),
        ("Column of referenceId (0: made from the URL):", "2"),
        ("Use these columns?", "n"),
        ("Column of sourceUrl [6]", "2"),
        ("Use it nevertheless?", ""),
        ("Column of sourceUrl [6]", "6"),
        ("Column of filename", ""),
        ("Column of extension", ""),
        ("Column of referenceId", ""),
        ("Use these columns?", "y"),
        *ENTERED,
        ("Where to store the keys", "no"),
    ]
    done = run_dialog(sandbox().api_base, answers, "library.csv")
    assert done.code == 0
    first = done.screen.partition("Column of referenceId")[0]
    assert "  1  Kulu GUID: G-0 | G-1 | G-2" in first
    assert "  2  Presentation GUID: P-0 | P-1 | P-2" in first
    assert "  3  " not in first
    assert "5  Series: Reihe, 0 | Reihe, 1 | Reihe, 2" in done.screen
    assert "“state”: not addresses or names of videos: 6 of 6 cells, e.g. deployed" in done.screen
    for text in (
        "1 of 6 cells is blank",
        "not video addresses: 1 of 5 cells, e.g. https://h.example.com/page",
    ):
        assert text in done.screen
    columns = {"sourceUrl": "Link", "filename": "Title", "referenceId": "Presentation GUID"}
    assert read_config(tmp_path)["map"] == columns


def test_options_replace_all_questions(
    sandbox: Start, command: Callable, export: Path, tmp_path: Path
) -> None:
    server = sandbox()
    run = command(server)
    flags = ("--yes", "--store", "file", "--map", "referenceId=Owner", "--default", "extension=mp4")
    done = run("configure", export, *flags)
    assert "The credentials work." in done.stdout
    assert read_config(tmp_path) == {
        "credentials": "credentials.yaml",
        "map": {"sourceUrl": "Video Link", "filename": "Name", "referenceId": "Owner"},
        "default": {"extension": "mp4"},
    }
    assert "export.csv --limit 10" in done.stdout


def test_the_written_configuration_is_used_by_every_command(
    command: Callable, tmp_path: Path
) -> None:
    """Also for a workbook whose titles are hyperlinks, instead of a column of URLs."""
    with xlsxwriter.Workbook(tmp_path / "m.xlsx") as book:
        sheet = book.add_worksheet()
        sheet.write("A1", "Our lectures")
        sheet.write_row("A3", ["Lecture", "Number", ""])
        for n in range(1, 6):
            sheet.write_row(2 + n, 0, ["", f"V-{n}", f"x{n}"])
            sheet.write_url(
                2 + n, 0, f"https://videos.example.com/{n}.mp4", string=f"Lecture {'abcde'[n - 1]}"
            )
    run = command("http://127.0.0.1:9")
    before = run("check", "m.xlsx").stdout
    run("configure", "m.xlsx", "--yes", "--offline", "--map", "referenceId=Number")
    assert read_config(tmp_path)["map"]["sourceUrl"] == "sourceUrl"
    for _ in range(2):
        after = run("check", "m.xlsx").stdout
        assert "5 can be imported" in before
        assert "5 can be imported" in after
        assert "5 to create" in run("plan", "m.xlsx", "--offline").stdout
        run("configure", "m.xlsx", "--yes", "--offline", "--map", "sourceUrl=Lecture", "--replace")
        assert read_config(tmp_path)["map"]["sourceUrl"] == "Lecture"


def test_columns_that_would_not_be_found_again_are_not_written(
    command: Callable, tmp_path: Path
) -> None:
    """Two columns have the same name, and a third is named like the position of the second."""
    rows = "One of them,https://h.example.com/1.mp4,x\nTwo of them,https://h.example.com/2.mp4,y\n"
    (tmp_path / "m.csv").write_text(f"Link,Link,column 2\n{rows}", encoding="utf-8")
    done = command("http://127.0.0.1:9")("configure", "m.csv", "--yes", "--offline", code=2)
    assert "Give each column of the manifest a name of its own." in done.stderr
    assert not (tmp_path / "batch-import.yaml").exists()


@pytest.mark.parametrize(
    ("arguments", "option"),
    [
        (("export.csv",), "--yes"),
        (("export.csv", "--yes"), "--credentials FILE"),
        ((), "--credentials FILE"),
        (("names.csv", "--yes"), "--base-url"),
        (("pages.csv", "--yes"), "--default extension=mp4"),
        (("two.csv", "--yes"), "--map sourceUrl=First or --map sourceUrl=Second"),
    ],
)
def test_the_error_for_a_missing_answer_without_a_terminal_names_the_option(
    command: Callable, export: Path, tmp_path: Path, arguments: tuple[str, ...], option: str
) -> None:
    files = {
        "names.csv": "File,Title\n1.mp4,One\n2.mp4,Two\n",
        "pages.csv": "Link,Title\nhttps://h.example.com/d/1,One\nhttps://h.example.com/d/2,Two\n",
        "two.csv": "First,Second\nhttps://h.example.com/1.mp4,https://h.example.com/2.mp4\n",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    run = command("http://127.0.0.1:9")
    del run.environ["VIOSTREAM_ACCESS_KEY"], run.environ["VIOSTREAM_API_KEY"]
    err = run("configure", *arguments, code=2).stderr
    assert err.count("\n") == 1
    assert option in err
    assert not (tmp_path / "batch-import.yaml").exists()
    assert export.exists()


def test_the_error_names_a_question_without_its_reason(command: Callable, tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    path.write_text("Link,Title\nhttps://h.example.com/1/a.m3u8,One\n", encoding="utf-8")
    err = command("http://127.0.0.1:9")("configure", path, "--yes", code=2).stderr
    assert "the end of https://h.example.com/1/a.m3u8 is not an extension" in err
    assert "“Extension of all files” needs an answer" in err


@needs_terminal
def test_the_columns_are_shown_before_the_question_about_the_extension(
    sandbox: Start, run_dialog: Callable, tmp_path: Path
) -> None:
    (tmp_path / "m.csv").write_text(
        "Link,Title\nhttps://h.example.com/d/1,One\nhttps://h.example.com/d/2,Two\n",
        encoding="utf-8",
    )
    answers = [
        ("Extension of all files", "mov"),
        ("Use these columns?", "y"),
        *ENTERED,
        ("Where to store the keys", "no"),
    ]
    done = run_dialog(sandbox().api_base, answers, "m.csv")
    assert done.code == 0
    assert "filename     ← Title" in done.screen.partition("Extension of all files")[0]
    assert read_config(tmp_path)["default"] == {"extension": "mov"}


def test_an_existing_configuration_is_replaced_only_with_replace(
    sandbox: Start, command: Callable, export: Path, tmp_path: Path
) -> None:
    run = command(sandbox())
    path = tmp_path / "batch-import.yaml"
    before = "rate: 20\nknob: {a: 1}\nmap: {sourceUrl: Old}\nformat: [csv, html]\n"
    path.write_text(before, encoding="utf-8")
    refused = run("configure", export, "--yes", code=2)
    assert "--replace" in refused.stderr
    assert path.read_text(encoding="utf-8") == before
    run("configure", export, "--yes", "--replace")
    found = read_config(tmp_path)
    assert (found["rate"], found["knob"]) == ("20", {"a": "1"})
    assert found["map"] == {
        "sourceUrl": "Video Link", "filename": "Name", "referenceId": "Internal code",
    }  # fmt: skip
    assert "rate" in run("config").stdout

    keys = tmp_path / "credentials.yaml"
    keys.write_text("kept", encoding="utf-8")
    other = ("--config", "other.yaml")
    assert "--replace" in run("configure", *other, "--store", "file", code=2).stderr
    assert keys.read_text(encoding="utf-8") == "kept"
    assert not (tmp_path / "other.yaml").exists()


def test_refused_credentials_are_not_stored(
    sandbox: Start, command: Callable, tmp_path: Path
) -> None:
    run = command(sandbox())
    run.environ["VIOSTREAM_API_KEY"] = "another"
    assert "refuses the credentials" in run("configure", "--store", "file", code=3).stderr
    assert list(tmp_path.iterdir()) == []


def test_storing_in_the_keyring_without_a_keyring_is_an_error(
    sandbox: Start, command: Callable
) -> None:
    err = command(sandbox())("configure", "--store", "keyring", code=2).stderr
    assert "The keyring cannot be written" in err
    assert "--store file" in err


def test_the_configuration_file_sets_only_the_options_that_were_given(
    command: Callable, tmp_path: Path
) -> None:
    run = command("https://h.test")
    run("configure", "--offline")
    assert (tmp_path / "batch-import.yaml").read_text(encoding="utf-8").count("\n#rate:") == 1
    assert "Configuration file: batch-import.yaml." in run("config").stdout
    assert ", line" not in run("config").stdout


@needs_terminal
@pytest.mark.parametrize("key", ["\x03", "\x04"])
def test_a_question_can_be_interrupted(
    key: str, sandbox: Start, run_dialog: Callable, export: Path, tmp_path: Path
) -> None:
    done = run_dialog(sandbox().api_base, [("Use these columns?", key)], export.name)
    assert done.code == 130
    assert "batch-import: Interrupted at a question. Run the same command again." in done.screen
    assert not (tmp_path / "batch-import.yaml").exists()
