"""The results as the command hands them out: which files, how they look, what is kept."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import openpyxl

from batch_import.sandbox.server import SandboxServer

FAST = ("--rate", "200", "--poll-interval", "0.3")
Start = Callable[..., SandboxServer]


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.glob("*.*") if path.name[:3] in ("res", "fai")}


def test_a_run_leaves_every_kind_of_results(
    sandbox: Start, command: Callable, manifest: Callable
) -> None:
    run = command(sandbox())
    path = manifest(3)
    done = run("run", path, *FAST)
    folder = run.folder / "output/videos"
    assert "results.csv (and .xlsx, .html)" in done.stdout
    assert names(folder) == {"results.csv", "results.xlsx", "results.html", "failed.csv"}
    for file in folder.glob("results.*"):
        file.unlink()
    run("report", path, "--format", "xlsx, html")
    assert names(folder) == {"results.xlsx", "results.html", "failed.csv"}
    refused = run("report", path, "--format", "pdf", code=2)
    assert "is not one of csv, xlsx, html, cms" in refused.stderr


def test_how_results_look_is_kept_with_the_job(
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


def test_wrong_columns_are_told_before_anything_is_sent(
    sandbox: Start, command: Callable, manifest: Callable
) -> None:
    server = sandbox()
    done = command(server)("run", manifest(2), *FAST, "--results-columns", "embed", code=2)
    assert "--results-columns: 'embed' is not a column of the results" in done.stderr
    assert not server.platform.calls


def library(folder: Path, header: str, *rows: str) -> Path:
    path = folder / "library.csv"
    path.write_text("\n".join([header, *rows, ""]), encoding="utf-8")
    return path


ONE = "https://m.example.com/k6.mp4,One,K6"
TWO = "https://m.example.com/k7.mp4,Two,K7"


def test_a_manifest_that_loses_a_row_and_gains_empty_columns_is_no_end_of_reports(
    sandbox: Start, command: Callable, tmp_path: Path
) -> None:
    run = command(sandbox())
    path = library(tmp_path, "sourceUrl,filename,referenceId", ONE, TWO)
    run("run", path, *FAST)
    library(tmp_path, "sourceUrl,filename,referenceId,,", f"{ONE},,")  # as Excel leaves them
    for again in ("run", "retry", "report"):
        run(again, path, *(FAST if again != "report" else ()))
    kept, removed = run.table("output/library/results.csv")
    assert (kept["referenceId"], removed["referenceId"]) == ("K6", "K7")
    assert (removed["status"], removed["error"]) == ("imported", "no longer in the manifest")
    assert [kept[name] for name in ("column 4", "column 5")] == ["", ""]
    assert "Two" in (run.folder / "output/library/results.html").read_text(encoding="utf-8")


def test_a_removed_row_keeps_its_department_under_its_own_column(
    sandbox: Start, command: Callable, tmp_path: Path
) -> None:
    run = command(sandbox())
    header = "sourceUrl,filename,referenceId"
    rows = f"{ONE},Sales,1999,x", f"{TWO},People,2001,y"
    path = library(tmp_path, f"{header},department,year,once", *rows)
    run("run", path, *FAST)
    library(tmp_path, f"year,{header},new,department", f"1999,{ONE},n,Sales")
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


def test_a_state_of_an_older_version_is_one_line_that_says_what_to_do(
    sandbox: Start, command: Callable, tmp_path: Path
) -> None:
    run = command(sandbox())
    path = library(tmp_path, "sourceUrl,filename,referenceId", ONE)
    run("run", path, *FAST)
    with sqlite3.connect(run.folder / "output/library/state.sqlite") as db:
        db.execute("PRAGMA user_version = 2")
    db.close()
    for name in ("run", "report", "status"):
        said = run(name, path, code=2).stderr
        assert "was written by an older batch-import. Run the manifest with another --job" in said
        assert "Traceback" not in said


def test_a_workbook_that_cannot_be_read_stops_none_of_the_others(
    sandbox: Start, command: Callable, manifest: Callable
) -> None:
    run = command(sandbox())
    path = manifest(2)
    run("run", path, *FAST)
    folder = run.folder / "output/videos"
    (folder / "results.xlsx").write_bytes(b"half a file")
    (folder / "results.html").unlink()
    done = run("report", path, code=2)
    assert "may hold columns of yours and stays as it is" in done.stderr
    assert (folder / "results.xlsx").read_bytes() == b"half a file"
    assert (folder / "results.html").is_file()


def test_a_column_of_the_teams_stays_when_the_run_goes_on(
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


def test_ids_like_formulas_come_back_through_failed_csv(
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
    # The same five rows: none is new, none was removed.
    assert (after, after["total"]) == (before, 5)
