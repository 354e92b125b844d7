"""The results that the command writes: which files, their contents, and what is kept."""

import csv
import io
import json
import signal
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

import openpyxl

from batch_import.sandbox.server import SandboxServer

FAST = ("--rate", "200", "--poll-interval", "0.3")
Start = Callable[..., SandboxServer]


def result_files(folder: Path) -> set[str]:
    return {path.name for path in folder.glob("*.*") if path.name[:3] in ("res", "fai")}


def test_a_run_writes_every_format_of_results(
    sandbox: Start, command: Callable, manifest: Callable
) -> None:
    run = command(sandbox())
    path = manifest(3)
    done = run("run", path, *FAST)
    folder = run.folder / "output/videos"
    assert "results.csv (and .xlsx, .html)" in done.stdout
    assert result_files(folder) == {"results.csv", "results.xlsx", "results.html", "failed.csv"}
    for file in folder.glob("results.*"):
        file.unlink()
    run("report", path, "--format", "xlsx, html")
    assert result_files(folder) == {"results.xlsx", "results.html", "failed.csv"}
    assert (
        "is not one of csv, xlsx, html, cms"
        in run("report", path, "--format", "pdf", code=2).stderr
    )


def test_result_options_are_stored_with_the_job(
    sandbox: Start, command: Callable, manifest: Callable
) -> None:
    run = command(sandbox())
    path = manifest(2)
    run("run", path, *FAST, "--player-key", "p1", "--embed-titles")
    run("report", path, "--embed", "fixed", "--results-columns", "referenceId=Id,embedCode,team")
    (line, _) = run.table("output/videos/results.csv")
    assert list(line) == ["Id", "embedCode", "team"]
    assert line["embedCode"].startswith('<iframe width="640" height="360"')
    assert "?playerKey=p1" in line["embedCode"]
    assert 'title="Video 1"' in line["embedCode"]
    run("run", path, *FAST, "--player-key", "", "--no-embed-titles", "--results-columns", "")
    (line, _) = run.table("output/videos/results.csv")
    assert line["embedUrl"].endswith(line["key"])
    assert "title=" not in line["embedCode"]
    assert line["embedCode"].startswith("<iframe")


def test_invalid_results_columns_are_reported_before_anything_is_sent(
    sandbox: Start, command: Callable, manifest: Callable
) -> None:
    server = sandbox()
    done = command(server)("run", manifest(2), *FAST, "--results-columns", "embed", code=2)
    assert "'embed' is not a column of the results" in done.stderr
    assert not server.platform.calls


def write_library(folder: Path, header: str, *rows: str) -> Path:
    path = folder / "library.csv"
    path.write_text("\n".join([header, *rows, ""]), encoding="utf-8")
    return path


ONE = "https://m.example.com/k6.mp4,One,K6"
TWO = "https://m.example.com/k7.mp4,Two,K7"


def test_reports_work_after_a_row_is_removed_and_empty_columns_are_added(
    sandbox: Start, command: Callable, tmp_path: Path
) -> None:
    run = command(sandbox())
    path = write_library(tmp_path, "sourceUrl,filename,referenceId", ONE, TWO)
    run("run", path, *FAST)
    write_library(tmp_path, "sourceUrl,filename,referenceId,,", f"{ONE},,")  # as saved by Excel
    for again in ("run", "retry", "report"):
        run(again, path, *(FAST if again != "report" else ()))
    kept, removed = run.table("output/library/results.csv")
    assert (kept["referenceId"], removed["referenceId"]) == ("K6", "K7")
    assert (removed["status"], removed["error"]) == ("imported", "no longer in the manifest")
    assert [kept[name] for name in ("column 4", "column 5")] == ["", ""]
    assert "Two" in (run.folder / "output/library/results.html").read_text(encoding="utf-8")


def test_a_removed_row_keeps_its_cells_under_their_columns(
    sandbox: Start, command: Callable, tmp_path: Path
) -> None:
    run = command(sandbox())
    header = "sourceUrl,filename,referenceId"
    rows = f"{ONE},Sales,1999,x", f"{TWO},People,2001,y"
    path = write_library(tmp_path, f"{header},department,year,once", *rows)
    run("run", path, *FAST)
    write_library(tmp_path, f"year,{header},new,department", f"1999,{ONE},n,Sales")
    run("run", path, *FAST)
    kept, removed = run.table("output/library/results.csv")
    assert [kept[name] for name in ("department", "year", "new", "once")] == [
        "Sales", "1999", "n", "",
    ]  # fmt: skip
    assert [removed[name] for name in ("department", "year", "new", "once")] == [
        "People", "2001", "", "y",
    ]  # fmt: skip
    sheet = openpyxl.load_workbook(run.folder / "output/library/results.xlsx")["Videos"]
    heads, _, last = ([cell.value for cell in line] for line in sheet.iter_rows(max_row=3))
    cells = dict(zip(heads, last, strict=True))
    assert (cells["department"], str(cells["year"]), cells["once"]) == ("People", "2001", "y")


def test_the_error_for_a_job_of_an_older_version_has_advice(
    sandbox: Start, command: Callable, tmp_path: Path
) -> None:
    run = command(sandbox())
    path = write_library(tmp_path, "sourceUrl,filename,referenceId", ONE)
    run("run", path, *FAST)
    with sqlite3.connect(run.folder / "output/library/state.sqlite") as db:
        db.execute("PRAGMA user_version = 2")
    db.close()
    for name in ("run", "report", "status"):
        said = run(name, path, code=2).stderr
        assert "was written by an older batch-import. Run the manifest with another --job" in said
        assert "Traceback" not in said


def test_an_unreadable_workbook_does_not_stop_the_other_results(
    sandbox: Start, command: Callable, manifest: Callable
) -> None:
    run = command(sandbox())
    path = manifest(2)
    run("run", path, *FAST)
    folder = run.folder / "output/videos"
    (folder / "results.xlsx").write_bytes(b"half a file")
    (folder / "results.html").unlink()
    done = run("report", path, code=2)
    assert "was not replaced, because it may have columns of yours" in done.stderr
    assert (folder / "results.xlsx").read_bytes() == b"half a file"
    assert (folder / "results.html").is_file()


def test_an_added_column_is_kept_by_the_next_run(
    sandbox: Start, command: Callable, manifest: Callable
) -> None:
    run = command(sandbox())
    path = manifest(2)
    run("run", path, *FAST)
    file = run.folder / "output/videos/results.xlsx"
    book = openpyxl.load_workbook(file)
    sheet = book["Videos"]
    at = sheet.max_column + 1
    sheet.cell(1, at, "Page")
    sheet.cell(3, at, "/second")
    book.save(file)
    with path.open("a", encoding="utf-8") as more:
        more.write("https://videos.example.com/3.mp4,Video 3,mp4,ref-3,A\n")
    run("run", path, *FAST)
    sheet = openpyxl.load_workbook(file)["Videos"]
    assert [sheet.cell(row, at).value for row in range(1, 5)] == ["Page", None, "/second", None]


def test_ids_that_look_like_formulas_are_unchanged_in_failed_csv(
    sandbox: Start, command: Callable, manifest: Callable
) -> None:
    run = command(sandbox())
    ids = ["-Xk92_keynote", "=1+1", "'-quoted", "0042", "@me"]
    rows = [
        ["https://gone.invalid/v.mp4", f"=Title {n}", "mp4", id_, ""] for n, id_ in enumerate(ids)
    ]
    run("run", manifest(0, *rows), *FAST, code=1)
    failed = run.folder / "output/videos/failed.csv"
    assert "'-Xk92_keynote" in failed.read_text(encoding="utf-8-sig")
    before = run.counts(run.folder / "videos.csv")
    run("run", failed, "--job", "output/videos", *FAST, code=1)
    after = run.counts(run.folder / "videos.csv")
    # These are the same five rows: no row is new, and none was removed.
    assert (after, after["total"]) == (before, 5)


# Results during a run, for programs, and of several jobs ----------------------------------------


def test_the_first_embed_code_is_written_during_the_run(
    sandbox: Start, command: Callable, manifest: Callable
) -> None:
    """No refresh is due before the run is stopped."""
    server = sandbox(processing=[0.1, 0.2])
    run = command(server)
    process = run.start("run", manifest(400), "--rate", "20", "--poll-interval", "0.3")
    results = run.folder / "output/videos/results.csv"
    seen = False
    while not seen and process.poll() is None:
        seen = results.exists() and "<iframe" in results.read_text(encoding="utf-8-sig")
        time.sleep(0.05)
    assert seen
    assert process.poll() is None  # the run continues
    process.send_signal(signal.SIGTERM)
    run.finish(process, None)
    lines = run.table("output/videos/results.csv")
    assert len(lines) == 400
    counts = run.counts(run.folder / "videos.csv")
    assert sum(bool(line["embedCode"]) for line in lines) == counts["imported"]
    assert {path.name for path in results.parent.glob(".*")} == set()  # nothing half written


def test_the_cms_format_has_the_imported_rows_without_escaping(
    sandbox: Start, command: Callable, manifest: Callable
) -> None:
    run = command(sandbox())
    rows = [
        ["https://videos.example.com/x.mp4", "=1+1", "mp4", "-a", "ü"],
        ["https://gone.invalid/v.mp4", "Lost", "mp4", "lost", ""],
    ]
    path = manifest(1, *rows)
    run("run", path, *FAST, code=1)
    chosen = ("--results-columns", "title=post_title,referenceId,team,embedCode")
    done = run("report", path, "--format", "cms", "--cms-format", "csv,json,jsonl", *chosen)
    assert "results.cms.csv (and .cms.json, .cms.jsonl)" in done.stdout
    folder = run.folder / "output/videos"
    text = (folder / "results.cms.csv").read_bytes().decode()
    table = list(csv.DictReader(io.StringIO(text)))
    assert list(table[0]) == ["post_title", "referenceId", "team", "embedCode"]
    assert [line["referenceId"] for line in table] == ["ref-1", "-a"]
    assert (table[1]["post_title"], table[1]["team"]) == ("=1+1", "ü")
    assert all("<iframe" in line["embedCode"] for line in table)
    assert json.loads((folder / "results.cms.json").read_text(encoding="utf-8")) == table
    lines = (folder / "results.cms.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line) for line in lines] == table


def test_results_of_several_jobs_have_each_video_once(
    sandbox: Start, command: Callable, tmp_path: Path
) -> None:
    run = command(sandbox())
    header = "sourceUrl,filename,referenceId,code"
    lost = "https://gone.invalid/b.mp4,Two,B,002"
    one, three = "https://m.example.com/a.mp4,One,A,001", "nowhere,Three,C,003"
    first = write_library(tmp_path, header, one, lost, three)
    run("run", first, *FAST, code=1)
    fixed = tmp_path / "fixed.csv"
    fixed.write_text(
        "url,filename,referenceId,code,reason\n"
        "https://m.example.com/b.mp4,Two,B,002,gone\nnowhere,Three,C,003,\n"
        "https://m.example.com/d.mp4,Four,D,004,\n",
        encoding="utf-8",
    )
    run("run", fixed, *FAST, code=1)
    for _ in range(2):  # again and again
        done = run("merge", "output/library", fixed, "-o", "delivery", "--group-by", "manifest")
    assert "4 rows: 3 imported, 1 invalid" in done.stdout
    assert "2 rows left out" in done.stdout
    lines = run.table("delivery/results.csv")
    assert [(line["referenceId"], line["status"], line["manifest"]) for line in lines] == [
        ("A", "imported", "library.csv"), ("B", "imported", "fixed.csv"),
        ("C", "invalid", "fixed.csv"), ("D", "imported", "fixed.csv"),
    ]  # fmt: skip
    assert [line["code"] for line in lines] == ["001", "002", "003", "004"]
    assert "reason" not in lines[0]
    (failed,) = run.table("delivery/failed.csv")
    assert (failed["sourceUrl"], failed["referenceId"]) == ("nowhere", "C")
    book = openpyxl.load_workbook(run.folder / "delivery/results.xlsx")
    assert {"library.csv", "fixed.csv"} <= set(book.sheetnames)
    assert run.counts(first)["failed"] == 1  # the jobs stay as they are
    assert "is a job folder" in run("merge", "output/library", "-o", "output/fixed", code=2).stderr
    assert "There is no job" in run("merge", "nowhere", "-o", "delivery", code=2).stderr


def test_notes_without_a_row_are_reported_once(
    sandbox: Start, command: Callable, manifest: Callable
) -> None:
    run = command(sandbox())
    path = manifest(2)
    run("run", path, *FAST)
    file = run.folder / "output/videos/results.xlsx"
    book = openpyxl.load_workbook(file)
    book["Videos"].insert_rows(1)
    book["Videos"]["A1"] = "Our library"
    book.save(file)
    assert "in its sheet “Kept notes”" in run("report", path).stdout
    kept = openpyxl.load_workbook(file)["Kept notes"]
    assert kept["D2"].value == "Our library"
    assert "Kept notes" not in run("report", path).stdout  # reported only once
