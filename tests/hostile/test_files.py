"""Attacks through files: unusual names, links to other files, pipes, and damaged job databases."""

import os
import sqlite3
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from batch_import.cli import main
from batch_import.errors import ManifestError, StateError
from batch_import.files import replace_binary_file, replace_text_file
from batch_import.job import OUTPUT_FOLDER, Job, default_job
from batch_import.manifest.readers.manifest_file import open_manifest_file
from batch_import.models import ManifestRow
from batch_import.reports.write import write_results
from batch_import.state.store import Store
from batch_import.viostream.request_log import open_request_log

#: A control sequence that changes the title of a terminal.
ESCAPE = "\x1b]0;owned\x07"


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write_manifest(path: Path, rows: int = 2) -> Path:
    path.write_text(
        "sourceUrl,filename,extension,referenceId\n"
        + "".join(f"https://e.example.com/{n}.mp4,V {n},mp4,ref-{n}\n" for n in range(rows))
    )
    return path


@pytest.fixture
def job(tmp_path: Path) -> Job:
    job = Job(tmp_path / "output" / "videos")
    job.prepare()
    with Store(job.state, create=True) as store:
        rows = [
            ManifestRow(
                n + 2, f"ref-{n}", f"ref-{n}", f"https://e.example.com/{n}.mp4", f"V {n}", "mp4", ()
            )
            for n in range(3)
        ]
        store.load(rows, 1.0)
        store.queue.claim(1, 2.0)
    write_manifest(tmp_path / "videos.csv", 3)
    return job


# Files that are written ------------------------------------------------------------------------


def test_the_umask_of_the_process_is_not_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = os.umask(0o027)
    try:
        with monkeypatch.context() as patched:
            patched.setattr(os, "umask", lambda mask: pytest.fail(f"umask({mask:o})"))
            with replace_text_file(tmp_path / "a", "") as file:
                file.write("x")
            with replace_binary_file(tmp_path / "b", "") as data:
                data.write(b"x")
    finally:
        os.umask(before)
    modes = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in "ab"]
    assert modes == [0o640, 0o640]


def test_a_failed_write_leaves_the_previous_file(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("before")
    with pytest.raises(StateError), replace_text_file(tmp_path / "a", "hint") as file:  # noqa: PT012
        file.write("after")
        raise OSError(28, "No space left on device")
    assert (tmp_path / "a").read_text() == "before"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_results_do_not_follow_a_link(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("mine")
    (tmp_path / "results.csv").symlink_to(tmp_path / "precious")
    with replace_text_file(tmp_path / "results.csv", "") as file:
        file.write("results")
    assert (tmp_path / "precious").read_text() == "mine"


def test_the_log_does_not_follow_a_link(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_text("mine, without a line's end")
    (tmp_path / "calls.jsonl").symlink_to(precious)
    warnings: list[str] = []
    with open_request_log(tmp_path / "calls.jsonl", 1.0, warnings.append) as log:
        log.note("run started")
        log.note("run ended")
    assert precious.read_text() == "mine, without a line's end"
    assert len(warnings) == 1
    assert "The run goes on without a log." in warnings[0]


def test_the_lock_does_not_empty_the_target_of_a_link(job: Job) -> None:
    precious = job.folder / "precious"
    precious.write_text("mine")
    job.lock.unlink(missing_ok=True)
    job.lock.symlink_to(precious)
    with pytest.raises(StateError), job.locked():
        pass
    assert precious.read_text() == "mine"


# Names ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["..csv", "...csv", "....csv", "..gz", "...gz", "...csv.gz"])
def test_each_job_has_a_folder_of_its_own(name: str) -> None:
    folder = default_job(Path("somewhere") / name).folder
    assert folder.parent == OUTPUT_FOLDER
    assert folder.name.strip(".")
    assert OUTPUT_FOLDER.resolve() in folder.resolve().parents


def test_a_manifest_named_with_dots_does_not_change_other_results(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "results.csv").write_text("the user's own")
    write_manifest(tmp_path / "...csv")
    assert main(["check", "...csv"]) == 0
    assert main(["plan", "...csv", "--offline"]) in (0, 1)
    assert capsys.readouterr().err == ""
    assert (tmp_path / "results.csv").read_text() == "the user's own"


@pytest.mark.parametrize(
    "arguments",
    [["check"], ["check", "--json"], ["plan", "--offline"], ["status"], ["report"], ["run"]]  # noqa: RUF005
    + [["retry"], ["verify"], ["status", "2"], ["jobs"]],
    ids=" ".join,
)
@pytest.mark.parametrize("exists", [True, False])
def test_no_file_name_sends_control_sequences_to_a_terminal(
    arguments: list[str],
    exists: bool,  # noqa: FBT001 - pytest passes it by name
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    manifest = tmp_path / f"a{ESCAPE}b.csv"
    if exists:
        write_manifest(manifest)
    main([arguments[0], str(manifest), *arguments[1:]])
    printed = capsys.readouterr()
    assert "\x1b" not in printed.out + printed.err
    assert printed.out + printed.err


def test_a_manifest_that_is_a_loop_of_links_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").symlink_to("b.csv")
    (tmp_path / "b.csv").symlink_to("a.csv")
    with pytest.raises(ManifestError) as refused, open_manifest_file(tmp_path / "a.csv"):
        pass
    assert "is a link that leads to no file" in refused.value.message
    assert "Did you mean" not in str(refused.value)


# Pipes, folders and endless files in place of files -----------------------------------------------


@pytest.mark.parametrize("command", ["status", "run", "jobs", "report", "verify"])
def test_a_pipe_in_place_of_the_lock_does_not_block_a_command(
    job: Job, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIOSTREAM_API_BASE", "http://127.0.0.1:9")
    monkeypatch.setenv("VIOSTREAM_ACCESS_KEY", "VC-test")
    monkeypatch.setenv("VIOSTREAM_API_KEY", "a-key")
    job.lock.unlink(missing_ok=True)
    os.mkfifo(job.lock)
    flags = ["--give-up-after", "0.01"] if command in ("run", "verify") else []
    assert main([command, *([] if command == "jobs" else ["videos.csv"]), *flags]) in (0, 1, 2, 3)


def test_a_pipe_in_place_of_a_configuration_file_does_not_block_a_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    os.mkfifo(tmp_path / "batch-import.yaml")
    assert main(["check", "videos.csv"]) == 2
    assert "batch-import.yaml is not a regular file." in capsys.readouterr().err


@pytest.mark.parametrize("flag", ["--config", "--credentials"])
def test_an_endless_configuration_or_credentials_file_is_refused(
    flag: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with (tmp_path / "endless").open("wb") as endless:
        endless.truncate(1 << 40)
    (tmp_path / "endless").chmod(0o600)
    write_manifest(tmp_path / "videos.csv")
    assert main(["run", "videos.csv", flag, "endless"]) == 2
    assert "endless cannot be read: it is larger than 1 MB." in capsys.readouterr().err


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo])
def test_a_folder_or_pipe_in_place_of_the_job_database_is_not_a_job(
    make: Callable[[Path], None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "output" / "videos").mkdir(parents=True)
    make(tmp_path / "output" / "videos" / "state.sqlite")
    assert main(["jobs"]) == 0
    assert "There are no jobs in output." in capsys.readouterr().out


# Damage -----------------------------------------------------------------------------------------


STATUS = "UPDATE row SET status = 'done' WHERE number = 1"
DAMAGES = [
    STATUS,
    "UPDATE row SET cells = 'no JSON'",
    "UPDATE row SET cells = '7'",
    "UPDATE header SET names = '{'",
    "UPDATE fact SET text = 'many' WHERE name = 'header'",
    "INSERT OR REPLACE INTO fact VALUES ('result_options', '{\"colour\": 1}')",
    "INSERT OR REPLACE INTO fact VALUES ('account_search', 'perhaps')",
    "UPDATE event SET status = 'done'",
]
COMMANDS = ["status", "report", "run", "retry", "verify", "plan", "status 2", "jobs"]


@pytest.mark.parametrize(
    ("statement", "command"),
    [*((damage, "report") for damage in DAMAGES), *((STATUS, name) for name in COMMANDS)]  # noqa: RUF005
    + [(DAMAGES[-1], "status 2"), (DAMAGES[-2], "run")],
)
def test_a_damaged_job_database_gives_one_line(
    job: Job, statement: str, command: str, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("VIOSTREAM_API_BASE", "http://127.0.0.1:9")
    monkeypatch.setenv("VIOSTREAM_ACCESS_KEY", "VC-test")
    monkeypatch.setenv("VIOSTREAM_API_KEY", "a-key")
    with sqlite3.connect(job.state) as db:
        db.execute("PRAGMA ignore_check_constraints = ON")
        columns = {name for _, name, *_ in db.execute("PRAGMA table_info(fact)")}
        db.execute(statement.replace("text =", f"{(columns - {'name'}).pop()} ="))
    db.close()
    name, *flags = command.split()
    arguments = [name, *([] if name == "jobs" else ["videos.csv"]), *flags]
    if name in ("run", "retry"):
        arguments += ["--give-up-after", "0.01"]
    code = main(arguments)
    printed = capsys.readouterr()
    assert code in (0, 1, 2, 3)
    if code == 2:
        assert printed.err.splitlines()[-1].startswith("batch-import: ")
        assert "It may be damaged" in printed.err


def test_a_folder_in_place_of_the_workbook_is_one_error(job: Job) -> None:
    (job.folder / "results.xlsx").mkdir()
    with Store(job.state) as store, pytest.raises(StateError, match="results.xlsx"):  # noqa: RUF043
        write_results(job.folder, store, now=3.0)
    assert (job.folder / "results.csv").is_file()


@pytest.mark.parametrize(("running", "status"), [(True, "processing"), (False, "unknown")])
def test_a_row_that_is_being_created_is_unknown_after_the_run(
    job: Job,
    running: bool,  # noqa: FBT001 - pytest passes it by name
    status: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with Store(job.state) as store:
        write_results(job.folder, store, ["csv"], now=3.0, is_running=running)
    assert f",{status}," in job.results.read_text(encoding="utf-8-sig")
    if not running:
        assert main(["report", "videos.csv", "--format", "csv"]) in (0, 1)
        assert ",creating," not in job.results.read_text(encoding="utf-8-sig")
    assert capsys.readouterr().err == ""


def test_an_unfinished_reading_is_no_error_after_the_database_is_closed(
    job: Job, recwarn: pytest.WarningsRecorder
) -> None:
    with Store(job.state) as store:
        records = store.reader.records()
        next(records)
    del records
    assert not recwarn.list


def test_every_command_reads_the_undamaged_job(
    job: Job,  # noqa: ARG001 - it must exist
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The tests above damage this database; without the damage, it can be read."""
    assert main(["status", "videos.csv"]) in (0, 1)
    assert "3 rows" in capsys.readouterr().out
