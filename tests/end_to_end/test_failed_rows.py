"""Corrected rows of `failed.csv` are sent in their job, in any format that programs save."""

import csv
import io
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest

from batch_import.sandbox.server import SandboxServer

FAST = ("--rate", "200", "--poll-interval", "0.2")
Start = Callable[..., SandboxServer]
Table = list[list[str]]
HEADER = ["sourceUrl", "filename", "referenceId", "code", "recorded"]


def write_library(path: Path) -> Path:
    """Write twelve rows: one without https://, one without a title, one with another's ID."""
    rows = [
        [f"https://m.example.com/f{n}.mp4", f"Video {n}", f"F-{n:03}", f"{n:03}", f"2024-{n:02}-01"]
        for n in range(1, 13)
    ]
    rows[2][0] = "m.example.com/f3.mp4"
    rows[5][1] = ""
    rows[8][2] = "F-001"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([HEADER, *rows])
    return path


def read_table(path: Path) -> Table:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


def fix(table: Table) -> Table:
    """Correct the three faulty rows, as a person would."""
    header, *rows = table
    url, title, reference = map(header.index, ("sourceUrl", "filename", "referenceId"))
    for row in rows:
        if not row[url].startswith("https"):
            row[url] = "https://m.example.com/f3.mp4"
        row[title] = row[title] or "Video six"
        if row[title] == "Video 9":
            row[reference] = "F-009"
    return [header, *rows]


def save_as_excel(table: Table, path: Path) -> Path:
    """Save a table as Excel and LibreOffice do: with semicolons and a byte order mark."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file, delimiter=";").writerows(table)
    return path


def save_as_google_sheets(table: Table, path: Path) -> Path:
    """Save a table as Google Sheets does: no byte order mark, trimmed cells, few quotes."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(
        [cell.strip() for cell in row] for row in table
    )
    path.write_bytes(text.getvalue().rstrip("\r\n").encode())
    return path


def save_as_workbook(table: Table, path: Path) -> Path:
    book = openpyxl.Workbook()
    for row in table:
        book.active.append(row)
    path = path.with_suffix(".xlsx")
    book.save(path)
    return path


def save_as_json(table: Table, path: Path) -> Path:
    header, *rows = table
    path = path.with_suffix(".json")
    path.write_text(json.dumps([dict(zip(header, row, strict=True)) for row in rows]), "utf-8")
    return path


def save_as_utf16(table: Table, path: Path) -> Path:
    """Save a table as Excel does as “Unicode text”."""
    with path.open("w", encoding="utf-16", newline="") as file:
        csv.writer(file, delimiter="\t").writerows(table)
    return path


@pytest.mark.parametrize("save", [save_as_excel, save_as_google_sheets])
def test_cells_of_several_lines_before_the_url_are_read_from_a_corrected_file(
    sandbox: Start, command: Callable, tmp_path: Path, save: Callable[[Table, Path], Path]
) -> None:
    run = command(sandbox())
    rows = [[f'Part {n}, "cut"\nsee\nhttps://m.example.com/{n}, and so on', *row]
            for n, row in enumerate(read_table(write_library(tmp_path / "a.csv"))[1:])]  # fmt: skip
    path = save_as_excel([["description", *HEADER], *rows], tmp_path / "library.csv")
    shown = run("run", path, *FAST, code=1).stdout
    assert "12 rows: 9 imported, 3 invalid" in shown
    failed = read_table(tmp_path / "output/library/failed.csv")
    assert [row[:1] for row in failed[1:]] == [rows[at][:1] for at in (2, 5, 8)]
    copy = save(fix(failed), tmp_path / "fixed by me.csv")
    assert "12 rows: 12 imported" in run("run", copy, *FAST).stdout


@pytest.mark.parametrize(
    "save", [save_as_excel, save_as_google_sheets, save_as_workbook, save_as_json, save_as_utf16]
)
def test_corrected_rows_are_sent_in_their_job(
    sandbox: Start, command: Callable, tmp_path: Path, save: Callable[[Table, Path], Path]
) -> None:
    server = sandbox()
    run = command(server)
    path = write_library(tmp_path / "library.csv")
    run("run", path, *FAST, code=1)
    before = {media.reference_id: media.key for media in server.platform.media}
    assert len(before) == 9
    failed = read_table(tmp_path / "output/library/failed.csv")
    assert len(failed) == 4
    copy = save(fix(failed), tmp_path / "fixed by me.csv")
    assert "3 to create" in run("plan", copy, "--offline").stdout
    done = run("run", copy, *FAST)
    assert "3 changed" in done.stdout
    assert Counter(media.reference_id for media in server.platform.media) == {
        f"F-{n:03}": 1 for n in range(1, 13)
    }
    assert sorted(each.name for each in (tmp_path / "output").iterdir()) == ["library"]
    lines = run.table("output/library/results.csv")
    assert [line["line"] for line in lines] == [str(n) for n in range(2, 14)]
    assert {line["status"] for line in lines} == {"imported"}
    assert {line["code"] for line in lines} == {f"{n:03}" for n in range(1, 13)}
    assert {r["referenceId"]: r["key"] for r in lines}.items() > before.items()
    assert run.table("output/library/failed.csv") == []
    for again in (copy, path):
        assert "Nothing to send." in run("run", again, *FAST).stdout
    assert len(server.platform.media) == 12


def test_a_corrected_row_with_the_url_of_another_row_is_reported(
    sandbox: Start, command: Callable, tmp_path: Path
) -> None:
    """A duplicate row is given an ID of its own, as the hint of its problem says."""
    run = command(sandbox())
    path = tmp_path / "library.csv"
    row = ["https://m.example.com/f1.mp4", "Video 1", "F-001", "001", "2024-01-01"]
    save_as_excel([HEADER, row, row], path)
    run("run", path, *FAST, code=1)
    header, repeat = read_table(tmp_path / "output/library/failed.csv")
    repeat[header.index("referenceId")] = "F-001b"
    copy = save_as_excel([header, repeat], tmp_path / "fixed.csv")
    for shown in (
        run("check", copy, code=None),
        run("plan", copy, "--offline", code=None),
        run("run", copy, *FAST, code=None),
    ):
        assert "the source URL is that of line 2 of the job" in shown.stdout
        assert "Delete this row" in shown.stdout


def test_corrections_are_kept_while_the_manifest_is_unchanged(
    sandbox: Start, command: Callable, tmp_path: Path
) -> None:
    server = sandbox()
    run = command(server)
    path = write_library(tmp_path / "library.csv")
    run("run", path, *FAST, code=1)
    copy = save_as_excel(
        fix(read_table(tmp_path / "output/library/failed.csv")), tmp_path / "copy.csv"
    )
    run("run", copy, *FAST, "--limit", "1", code=None)
    rows = read_table(path)
    rows.append(["https://m.example.com/f13.mp4", "Video 13", "F-013", "013", "2025-01-01"])
    save_as_excel([rows[0], *reversed(rows[1:])], path)
    run("run", path, *FAST)
    assert Counter(media.reference_id for media in server.platform.media) == {
        f"F-{n:03}": 1 for n in range(1, 14)
    }
    titles = {media.reference_id: media.title for media in server.platform.media}
    assert (titles["F-006"], titles["F-009"]) == ("Video six", "Video 9")
    assert len(run.table("output/library/results.csv")) == 13
    run("verify", path)


def test_rows_that_are_not_corrected_are_not_changed(
    sandbox: Start, command: Callable, tmp_path: Path
) -> None:
    server = sandbox()
    run = command(server)
    path = write_library(tmp_path / "library.csv")
    run("run", path, *FAST, code=1)
    file = tmp_path / "output/library/failed.csv"
    calls = server.platform.calls.copy()
    run("run", file, *FAST, code=1)
    assert server.platform.calls == calls
    table = read_table(file)
    reference, title = table[0].index("referenceId"), table[0].index("filename")
    for row in table[1:]:
        if row[title] == "Video 9":
            row[reference] = "F-002"  # the ID of another row
    done = run("run", save_as_excel(table, tmp_path / "again.csv"), *FAST, code=1)
    assert "duplicate-reference" in done.stdout
    assert len(server.platform.media) == 9


def test_the_error_for_corrected_rows_without_their_job_names_the_option(
    sandbox: Start, command: Callable, tmp_path: Path
) -> None:
    server = sandbox()
    run = command(server)
    run("run", write_library(tmp_path / "library.csv"), *FAST, code=1)
    copy = save_as_excel(
        fix(read_table(tmp_path / "output/library/failed.csv")), tmp_path / "copy.csv"
    )
    elsewhere = tmp_path / "output/renamed"
    (tmp_path / "output/library").rename(elsewhere)
    assert "3 to create" in run("plan", copy, "--offline").stdout  # found by the ID of the job
    elsewhere.rename(tmp_path / "away")
    done = run("run", copy, *FAST, code=2)
    assert len(done.stderr.splitlines()) == 1
    assert "which was not found" in done.stderr
    assert "--job" in done.stderr
    (tmp_path / "wrong").mkdir()
    done = run("run", copy, *FAST, "--job", "wrong", code=2)
    assert "but --job wrong is another job" in done.stderr
    run("run", copy, *FAST, "--job", "away")
    assert len(server.platform.media) == 12


def test_new_rows_in_a_corrected_file_are_added_to_the_job(
    sandbox: Start, command: Callable, tmp_path: Path
) -> None:
    server = sandbox()
    run = command(server)
    run("run", write_library(tmp_path / "library.csv"), *FAST, code=1)
    header, *rows = fix(read_table(tmp_path / "output/library/failed.csv"))
    assert rows[0][2] == "F-003"
    copied = ["https://m.example.com/f3b.mp4", "Video 3b", "F-003b", *rows[0][3:]]
    new = ["https://m.example.com/n.mp4", "New", "N", "", "", "", "", ""]
    wrong = ["nowhere", "Wrong", "W", "", "", "", "", ""]
    table = [header, rows[0], copied, *rows[1:], new, wrong]
    path = save_as_excel(table, tmp_path / "copy.csv")
    printed = run("run", path, *FAST, code=1).stdout
    assert "2 added: line 3 (F-003b), line 6 (N)" in printed
    assert "1 new row of copy.csv was not added to the job" in printed
    assert {media.reference_id for media in server.platform.media} == {
        *(f"F-{n:03}" for n in range(1, 13)), "F-003b", "N",
    }  # fmt: skip
    save_as_excel(table[:-1], path)
    for again in (path, tmp_path / "library.csv"):
        run("run", again, *FAST)
    run("retry", tmp_path / "library.csv", *FAST)
    assert len(server.platform.media) == 14
    assert len(run.table("output/library/results.csv")) == 14


def test_a_row_with_changed_job_cells_is_refused_with_its_line(
    sandbox: Start, command: Callable, tmp_path: Path
) -> None:
    server = sandbox()
    run = command(server)
    run("run", write_library(tmp_path / "library.csv"), *FAST, code=1)
    table = fix(read_table(tmp_path / "output/library/failed.csv"))
    table.append(["https://m.example.com/n.mp4", "New", "N", "", "", "", "", "row-2"])
    done = run("run", save_as_excel(table, tmp_path / "copy.csv"), *FAST, code=2)
    assert "Line 5" in done.stderr
    assert len(server.platform.media) == 9


def test_results_are_refused_as_a_manifest_and_titles_may_contain_asterisks(
    sandbox: Start, command: Callable, tmp_path: Path
) -> None:
    server = sandbox()
    run = command(server)
    path = tmp_path / "signed.csv"
    query = "X-Amz-Date=20990101T000000Z&X-Amz-Expires=604800&X-Amz-Signature="
    path.write_text(
        f"url,title,id\nhttps://b.s3.amazonaws.com/1.mp4?{query}abc,A *** film,S1\n", "utf-8"
    )
    run("run", path, *FAST)
    assert [media.title for media in server.platform.media] == ["A *** film"]
    again = tmp_path / "again.csv"
    again.write_bytes((tmp_path / "output/signed/results.csv").read_bytes())
    done = run("run", again, *FAST, code=1)
    assert "url-masked" in done.stdout
    assert "failed.csv" in done.stdout
    assert len(server.platform.media) == 1


def test_problems_of_a_corrected_file_do_not_replace_those_of_the_job(
    sandbox: Start, command: Callable, tmp_path: Path
) -> None:
    run = command(sandbox())
    path = write_library(tmp_path / "library.csv")
    run("run", path, *FAST, code=1)
    job = "output/library/problems.csv"

    def listed(name: str) -> list[tuple[str, str, str, str]]:
        names = ("line", "referenceId", "filename", "code")
        table = run.table(name)
        return [tuple(line[n] for n in names) for line in table]  # type: ignore[misc]

    before = listed(job)
    assert before == [
        ("4", "F-003", "Video 3", "url-scheme"),
        ("7", "F-006", "", "filename-missing"),
        ("10", "F-001", "Video 9", "duplicate-reference"),
    ]
    # One row of three is corrected.
    failed = tmp_path / "output/library/failed.csv"
    (corrected,) = (row for row in fix(read_table(failed)) if "F-006" in row)
    header, wrong, *_ = read_table(failed)
    copy = save_as_excel([header, corrected, wrong], tmp_path / "fixed.csv")

    printed = run("check", copy, code=1).stdout
    assert "All problems: output/library/problems-fixed.csv" in printed
    run("plan", copy, "--offline")
    assert listed(job) == before
    printed = run("run", copy, *FAST, code=1).stdout
    assert "first lines of fixed.csv" in printed
    assert "The job has changed; all other rows are unchanged." in printed
    assert listed("output/library/problems-fixed.csv") == [("3", *before[0][1:])]
    assert listed(job) == [before[0], before[2]]

    # The manifest still has the errors; its rows are imported.
    rest = save_as_excel(fix(read_table(failed)), tmp_path / "rest.csv")
    run("run", rest, *FAST)
    assert listed(job) == []
    printed = run("check", path, code=1).stdout
    assert "All problems: output/library/problems-library.csv" in printed
    assert len(listed("output/library/problems-library.csv")) == 3
    assert listed(job) == []
    printed = run("run", path, *FAST, "--strict").stdout
    accepted = "3 rows with an error in the manifest (line 4, 7, 10): corrected"
    assert accepted in printed
    assert "error" not in printed.replace(accepted, "")
    assert listed(job) == []
    # The errors are corrected in the manifest, too.
    save_as_excel(fix(read_table(path)), path)
    assert "with an error in the manifest" not in run("run", path, *FAST).stdout


def test_an_edit_that_damages_an_imported_row_is_no_error(
    sandbox: Start, command: Callable, tmp_path: Path
) -> None:
    run = command(sandbox())
    path = write_library(tmp_path / "library.csv")
    run("run", path, *FAST, code=1)
    table = read_table(path)
    table[1][0] = ""
    save_as_excel(table, path)
    printed = run("run", path, *FAST, code=1).stdout
    assert "url-missing" not in printed
    assert "1 row with an error in the manifest (line 2)" in printed
    lines = [line["line"] for line in run.table("output/library/problems.csv")]
    assert lines == ["4", "7", "10"]


def test_every_command_finds_the_job_of_corrected_rows(
    sandbox: Start, command: Callable, tmp_path: Path
) -> None:
    run = command(sandbox())
    run("run", write_library(tmp_path / "library.csv"), *FAST, code=1)
    failed = tmp_path / "output/library/failed.csv"
    copy = save_as_excel(fix(read_table(failed)), tmp_path / "fixed.csv")
    assert run.counts(copy)["total"] == 12
    mapping = ("--map", "filename=filename")
    assert "12 rows: " in run("verify", copy, "--rate", "200", *mapping, code=1).stdout
    assert "output/library/results.csv" in run("report", copy).stdout
    assert not (tmp_path / "output/fixed").exists()


def test_a_file_that_cannot_be_loaded_creates_no_job(
    sandbox: Start, command: Callable, tmp_path: Path
) -> None:
    run = command(sandbox())
    run("run", write_library(tmp_path / "library.csv"), *FAST, code=1)
    header, *rows = fix(read_table(tmp_path / "output/library/failed.csv"))
    # The cells that name the job are empty.
    save_as_excel([header, *([*row[:-2], "", ""] for row in rows)], tmp_path / "fixed.csv")
    run("run", "fixed.csv", *FAST, code=2)
    assert "fixed" not in run("jobs").stdout
    assert not (tmp_path / "output/fixed/state.sqlite").exists()


def test_a_run_of_corrected_rows_sends_no_other_row(
    sandbox: Start, command: Callable, tmp_path: Path
) -> None:
    server = sandbox()
    run, path = command(server), write_library(tmp_path / "library.csv")
    run("run", path, *FAST, "--first", "2", code=0)
    fixed = save_as_excel(
        fix(read_table(tmp_path / "output/library/failed.csv")), tmp_path / "fixed.csv"
    )
    rest = "A run of this file sends its own rows only: 7 rows of the job are still pending."
    planned = run("plan", fixed).stdout
    assert rest in planned
    assert "3 to create (of 10 pending)" in planned
    first = run("run", fixed, *FAST, "--first", "1", code=None).stdout
    assert "of this file" not in first
    assert len(server.platform.media) == 3
    printed = run("run", fixed, *FAST).stdout
    assert rest in printed
    assert len(server.platform.media) == 5
    (shown,) = [line for line in printed.splitlines() if line.startswith("Not sent yet: 7 rows.")]
    assert shown.endswith("To send the rest: batch-import run library.csv")
    run("run", "library.csv", *FAST)
    assert len(server.platform.media) == 12


def test_a_plan_names_the_invalid_rows_of_the_job_that_the_file_does_not_have(
    sandbox: Start, command: Callable, tmp_path: Path
) -> None:
    run, manifest = command(sandbox()), write_library(tmp_path / "library.csv")
    run("run", manifest, *FAST, code=1)
    header, *rows = fix(read_table(tmp_path / "output" / "library" / "failed.csv"))
    fixed = save_as_excel([header, rows[0]], tmp_path / "fixed.csv")
    planned = run("plan", fixed).stdout
    assert "2 other rows of the job are invalid (lines 7, 10). Rows to fix: " in planned
    assert "2 invalid" in planned
    run("run", fixed, *FAST)
    planned = run("plan", manifest).stdout
    assert "\n2 rows of the job are invalid (lines 7, 10). Rows to fix: " in planned
    assert "2 invalid" in planned
