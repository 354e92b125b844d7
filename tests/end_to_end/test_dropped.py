"""Manifests whose rows or texts could be lost silently, with the real command."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest
import xlsxwriter

from batch_import.sandbox.server import SandboxServer

NOWHERE = "https://api.example.com"
FAST = ("--rate", "200", "--poll-interval", "0.3")
HOST = "https://media.example.com"


def problem_codes(run: object, path: Path) -> list[tuple[int, str]]:
    table = run.table(f"output/{path.stem}/problems.csv")  # type: ignore[attr-defined]
    return [(int(line["line"]), line["code"]) for line in table]


def test_rows_inside_a_quote_are_imported(
    sandbox: Callable[..., SandboxServer], command: Callable, tmp_path: Path
) -> None:
    server = sandbox()
    run = command(server)
    lines = [f"{HOST}/{n}.mp4,Title {n},S{n},plain" for n in range(1, 11)]
    lines[4] = lines[4].replace("plain", '"He said: hello')
    lines[8] += ' and that was all"'
    path = tmp_path / "m.csv"
    path.write_text("\n".join(["sourceUrl,filename,referenceId,description", *lines]))
    out = run("run", path, *FAST, code=1).stdout
    assert "a quote is opened here that takes in lines 7 to 10" in out
    assert {media.reference_id for media in server.platform.media} == {
        f"S{n}" for n in range(1, 11) if n != 5
    }


@pytest.mark.parametrize(
    ("encoding", "title", "form"),
    [
        ("cp1251", "Добро пожаловать", "Windows-1251"),
        ("gbk", "欢迎加入团队", "GBK"),
        ("cp932", "日本語", "Shift-JIS"),
        ("mac_roman", "Café “intro” – Übung", "MacRoman"),
        ("cp1252", "Café “intro” – Übung", "Windows-1252"),
    ],
)
def test_titles_in_another_encoding_are_imported(
    sandbox: Callable[..., SandboxServer],
    command: Callable,
    tmp_path: Path,
    encoding: str,
    title: str,
    form: str,
) -> None:
    server = sandbox()
    path = tmp_path / "m.csv"
    path.write_bytes(f"url,title,id\n{HOST}/1.mp4,{title},R1\n".encode(encoding))
    out = command(server)("run", path, *FAST).stdout
    assert f"Read as comma-separated, {form}" in out
    assert [media.title for media in server.platform.media] == [title]


def test_a_file_in_an_uncertain_encoding_is_refused_with_the_option(
    command: Callable, tmp_path: Path
) -> None:
    run = command(NOWHERE)
    path = tmp_path / "m.csv"
    path.write_bytes(f"url,title\n{HOST}/1.mp4,Καλημέρα κόσμε\n".encode("cp1253"))
    refused = run("check", path, code=2).stderr
    assert "no other encoding is certain" in refused
    assert "--encoding NAME" in refused
    assert "cp1253" in run("check", path, "--encoding", "windows-1253").stdout
    assert "is not an encoding" in run("check", path, "--encoding", "klingon", code=2).stderr


def test_hidden_rows_and_unread_sheets_of_a_workbook_are_reported(
    command: Callable, tmp_path: Path
) -> None:
    run = command(NOWHERE)
    path = tmp_path / "m.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("HR")
        sheet.write_row("A1", ["Video", "Title", "ID"])
        for n in range(1, 4):
            sheet.write_url(n, 0, f"{HOST}/{n}.mp4", string="Watch")
            sheet.write_row(n, 1, [f"Lesson {n}", f"L{n}"])
        sheet.set_row(2, options={"hidden": True})
        sheet.set_column("B:B", options={"hidden": True})
        other = book.add_worksheet("Sales")
        other.write_row("A1", ["Video", "Title", "ID"])
        other.write_row("A2", [f"{HOST}/9.mp4", "Sale", "S9"])
    out = run("check", path).stdout
    assert "3 rows: 3 can be imported" in out
    assert problem_codes(run, path) == [
        (1, "column-hidden"),
        (1, "sheet-unread"),
        (3, "row-hidden"),
    ]
    run("check", path, "--strict", code=1)
    run("check", path, "--strict", "--allow", "column-hidden,sheet-unread", "--allow", "row-hidden")
    assert problem_codes(run, path) == []


def test_check_fix_writes_all_safe_corrections(command: Callable, tmp_path: Path) -> None:
    run = command(NOWHERE)
    path, fixed = tmp_path / "m.csv", tmp_path / "fixed.csv"
    rows = [
        (f"{HOST}/a.mp4?x=1&amp;y=2", "CafÃ©", "1"),
        (f"<{HOST}/b.mp4>,", "B", "2"),
        (f"{HOST}/Lesson #5.mp4", "C", "3"),
        ("clips/d 1.mp4", "D\nD", "4"),
        (f"{HOST}/e.mp4", "E", "5"),
    ]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["note", "url", "title", "id"])
        writer.writerows(["a, b\nc", *row] for row in rows)
        file.write(f"x,{HOST}/f.mp4,F,6,more\n")
    shown = run("check", path, "--fix", "fixed.csv", "--base-url", f"{HOST}/v", code=1).stdout
    assert "Written: fixed.csv, 5 rows, 6 cells corrected." in shown
    assert f"line 2, url: {HOST}/a.mp4?x=1&y=2" in shown
    assert (
        "Left out, because their cells are unclear, or they may be headings or totals: line 13"
        in shown
    )
    assert {row["note"] for row in run.table("fixed.csv")} == {"a, b\nc"}
    assert [tuple(row.values())[1:] for row in run.table("fixed.csv")] == [
        (f"{HOST}/a.mp4?x=1&y=2", "Café", "1"),
        (f"{HOST}/b.mp4", "B", "2"),
        (f"{HOST}/Lesson %235.mp4", "C", "3"),
        (f"{HOST}/v/clips/d%201.mp4", "D D", "4"),
        (f"{HOST}/e.mp4", "E", "5"),
    ]
    again = json.loads(run("check", fixed, "--json").stdout)
    assert (again["valid"], again["problems"]) == (5, [])
    for name, words in (("m.csv", "m.csv is the manifest"), ("m.xlsx", "is not a .csv file")):
        assert words in run("check", path, "--fix", name, code=2).stderr


def test_a_file_name_is_a_url_below_the_base_url(
    sandbox: Callable[..., SandboxServer], command: Callable, tmp_path: Path
) -> None:
    server = sandbox()
    path = tmp_path / "m.csv"
    path.write_text("title,url\nA,report.tif\nB,clip.m4v\nC,one #1.mp4\n")
    run = command(server)
    run("check", path, code=1)
    hints = [line["hint"] for line in run.table("output/m/problems.csv")]
    whole = "Give the whole URL, or the URL of its folder with the setting base-url."
    assert hints == [
        f".tif is a picture, not a video format of the platform. {whole}",
        f"Convert the .m4v file to mp4. {whole}",
        whole,
    ]
    run("run", path, "--base-url", f"{HOST}/v/", *FAST, code=1)
    assert [media.title for media in server.platform.media] == ["C"]


def test_allowed_problems_are_sent_and_others_cannot_be_allowed(
    sandbox: Callable[..., SandboxServer], command: Callable, tmp_path: Path
) -> None:
    server = sandbox()
    run = command(server)
    path = tmp_path / "m.csv"
    path.write_text(
        "url,title,extension,id\nhttps://vimeo.com/1,A,mp4,1\nhttps://10.0.0.1/b.mp4,B,mp4,2\n"
    )
    run("run", path, "--allow", "url-page", *FAST, code=1)
    assert [media.reference_id for media in server.platform.media] == ["1"]
    for code in ("url-private", "duplicate-reference", "source-private"):
        assert (
            f"'{code}' cannot be turned off" in run("check", path, "--allow", code, code=2).stderr
        )
    assert "did you mean url-page?" in run("check", path, "--allow", "url-pages", code=2).stderr


def test_one_problem_has_the_same_text_in_check_status_and_results(
    sandbox: Callable[..., SandboxServer], command: Callable, tmp_path: Path
) -> None:
    run = command(sandbox())
    path = tmp_path / "m.csv"
    path.write_text(f"url,title,id\n({HOST}/a.mp4),A,1\n{HOST}/b.mp4,B,2\n")
    run("run", path, *FAST, code=1)
    (problem,) = run.table("output/m/problems.csv")
    row = next(row for row in run.table("output/m/results.csv") if row["referenceId"] == "1")
    assert row["error"] == f"url: {problem['reason']}"
    story = json.loads(run("status", path, "1", "--json", code=None).stdout)
    assert (story["error"], story["advice"]) == (row["error"], problem["hint"])
