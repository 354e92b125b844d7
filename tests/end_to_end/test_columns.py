"""Exports with headings that the program was not written for, with the real command."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from batch_import.sandbox.server import SandboxServer

FAST = ("--rate", "200", "--poll-interval", "0.3")
Start = Callable[..., SandboxServer]
A, B = "https://e.example.com/a.mp4", "https://e.example.com/b.mp4"
TRAILER, SLIDES = "https://e.example.com/ta.mp4", "https://e.example.com/slides"


@pytest.mark.parametrize(
    ("name", "content", "lines"),
    [
        (
            "external.csv",
            f"url,title,External Reference\n{A},My video,a0\n{B},Other,a1\n",
            ["referenceId  ← “External Reference”: 2 of 2 cells are distinct values"],
        ),
        (
            "blank.csv",
            f"title,file,mp4\nA,,{A}\nB,,{B}\n",
            ["sourceUrl    ← “mp4”: 2 of 2 cells are video addresses"],
        ),
        (
            "headless.csv",
            f"Intro,{A},Video\nOutro,{B},Video\n",
            [
                "without a header",
                "filename     ← “column 1”: 2 of 2 cells are distinct short texts",
            ],
        ),
        (
            "nameless.tsv",
            f"URL\tTitle\n{A}\tA\t123\n{B}\tB\t124\n",
            ["the header has 2 names, the rows have 3 cells", "filename     ← Title"],
        ),
        (
            "several.csv",
            f"title,url,title2,url2\nA,{A},B,{B}\nC,{A}?c,D,{B}?d\n",
            ["Not imported: “url2” (2 of 2 cells are video addresses)"],
        ),
        (
            "hash.csv",
            f"title,url\n# 3 tips for teams,{A}\n#,{B}\n",
            ["2 rows: 2 can be imported"],
        ),
        (
            "outer.json",
            [
                {"title": "Lecture A", "mp4": A, "trailers": [{"title": "T", "url": TRAILER}]},
                {"title": "Lecture B", "mp4": B, "trailers": []},
            ],
            ["sourceUrl    ← “mp4”", "“trailers” (1)", "--records trailers", "2 rows: 2 can"],
        ),
        (
            "slides.json",
            [
                {"title": "A", "mp4": A, "resources": [{"title": "Slides", "url": SLIDES}]},
                {"title": "B", "mp4": B},
            ],
            ["sourceUrl    ← “mp4”: 2 of 2 cells", "filename     ← title"],
        ),
        (
            "more.json",
            {"videos": [{"title": "a", "url": A}], "moreVideos": [{"title": "c", "embedUrl": B}]},
            ["records at videos", "“moreVideos” (1)", "--records moreVideos"],
        ),
        (
            "keyed.json",
            {"v1": {"title": "A", "url": A}, "v2": {"title": "B", "url": B}},
            ["referenceId  ← key", "2 rows: 2 can be imported"],
        ),
        (
            "sizes.json",
            [
                {
                    "id": f"60{n}",
                    "name": f"Video {n}",
                    "sources": [
                        {"src": f"{address}?360", "height": 360},
                        {"src": address, "height": 1080},
                    ],
                }
                for n, address in enumerate((A, B))
            ],
            [
                "the largest that can be used. To read each file as a video: --records sources",
                "2 rows: 2 can be imported",
            ],
        ),
    ],
)
def test_columns_of_exports_are_recognized(
    command: Callable, tmp_path: Path, name: str, content: object, lines: list[str]
) -> None:
    path = tmp_path / name
    text = content if isinstance(content, str) else json.dumps(content)
    path.write_text(text, encoding="utf-8")
    printed = command("https://api.example.com")("check", path).stdout
    for line in lines:
        assert line in printed


def test_several_files_of_one_video_are_a_problem_if_the_best_is_unclear(
    sandbox: Start, command: Callable, tmp_path: Path
) -> None:
    path = tmp_path / "nested.json"
    sources = [{"src": A}, {"src": B}]
    path.write_text(json.dumps([{"id": "6001", "name": "W", "sources": sources}]), encoding="utf-8")
    server = sandbox()
    run = command(server)
    assert "renditions" in run("plan", path, *FAST, code=None).stdout
    run("run", path, *FAST, code=1)
    assert not server.platform.media


def test_the_options_that_are_printed_for_a_choice_work(command: Callable, tmp_path: Path) -> None:
    path = tmp_path / "alike.csv"
    path.write_text(f"wako,bilo,title\n{A}?sig=secret&sv=1,{B},One\n", encoding="utf-8")
    run = command("https://api.example.com")
    printed = run("check", path, code=2).stderr
    assert "secret" not in printed
    assert "--map sourceUrl=wako or --map sourceUrl=bilo" in printed
    assert "1 can be imported" in run("check", path, "--map", "sourceUrl=bilo").stdout


def test_a_new_version_that_would_be_read_with_other_columns_is_refused(
    sandbox: Start, command: Callable, tmp_path: Path
) -> None:
    server = sandbox()
    run = command(server)
    path = tmp_path / "library.csv"
    path.write_text(f"Link,Name\n{A},One\n", encoding="utf-8")
    run("run", path, *FAST)

    path.write_text(f"Link,Name,Asset ID\n{A},One,x1\n{B},Two,x2\n", encoding="utf-8")
    calls = len(server.platform.media)
    printed = run("run", path, *FAST, code=2).stderr
    assert "referenceId was no column, now “Asset ID”" in printed
    assert "To go on as before: --map referenceId=. To read it so from now on: --map" in printed
    assert len(server.platform.media) == calls == 1

    run("run", path, *FAST, "--map", "referenceId=")
    assert sorted(media.title for media in server.platform.media) == ["One", "Two"]
    # The choice is stored: the same choice again changes nothing.
    assert "Nothing to send." in run("run", path, *FAST, "--map", "referenceId=").stdout


def test_ids_that_are_added_after_the_import_are_known_to_every_command(
    sandbox: Start, command: Callable, tmp_path: Path
) -> None:
    run = command(sandbox())
    path = tmp_path / "library.csv"
    path.write_text(f"Link,Name,Signatur\n{A},One,LA/1\n{B},Two,LA/2\n", encoding="utf-8")
    run("run", path, *FAST, "--only", "2", "--map", "referenceId=")
    mapped = ("--map", "referenceId=Signatur")

    assert "1 row was sent with other" in run("plan", path, "--offline", *mapped).stdout
    printed = run("run", path, *FAST, *mapped).stdout

    assert "1 row was sent with other reference IDs than “Signatur” has now: line 2" in printed
    first, second = run.table("output/library/results.csv")
    assert first["referenceId"].startswith("bi-")
    assert (first["Signatur"], second["referenceId"]) == ("LA/1", "LA/2")
    story = json.loads(run("status", path, "LA/1", "--json").stdout)
    assert (story["line"], story["manifestId"]) == (2, "LA/1")
    assert story["referenceId"] == first["referenceId"]
    assert "2 rows: 2 as expected" in run("verify", path, "--rate", "200").stdout
    details = [line["detail"] for line in run.table("output/library/verify.csv")]
    assert "LA/1" in details[0]
    assert details[1] == ""
    # The command still knows the row by the ID that the manifest gives.
    assert "Nothing to send" in run("run", path, *FAST, *mapped, "--only", "LA/1").stdout

    # Once the manifest has the ID of the account, nothing differs any more.
    ids = f"{A},One,{first['referenceId']}\n{B},Two,LA/2\n"
    path.write_text(f"Link,Name,Signatur\n{ids}", encoding="utf-8")
    assert "sent with other" not in run("run", path, *FAST, *mapped).stdout
    assert "Signatur" not in run.table("output/library/results.csv")[0]
