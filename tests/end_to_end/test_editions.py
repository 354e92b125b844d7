"""Edited manifests: which row is which video, and which job a manifest belongs to."""

import csv
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import pytest
from signed_addresses import SCHEMES, sign

from batch_import.sandbox.server import SandboxServer

FAST = ("--rate", "200", "--poll-interval", "0.2")
DOWNLOAD = "https://files.example.com/download?token="
Start = Callable[..., SandboxServer]


def write(path: Path, header: str, rows: Iterable[Sequence[str]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header.split(","), *rows])
    return path


def titles(server: SandboxServer) -> Counter[str]:
    return Counter(media.title for media in server.platform.media)


def test_videos_whose_urls_differ_only_in_the_token_are_sent_once_each(
    sandbox: Start, command: Callable, tmp_path: Path
) -> None:
    server = sandbox()
    run = command(server)
    rows = [(f"{DOWNLOAD}{t[0] * 3}", t) for t in ("Alpha", "Beta", "Gamma")]
    path = write(tmp_path / "tok.csv", "url,title,extension", [(*row, "mp4") for row in rows])
    run("run", path, *FAST)
    new = (f"{DOWNLOAD}zzz", "Aardvark", "mp4")
    write(path, "url,title,extension", [new, *((*row, "mp4") for row in rows)])
    run("run", path, *FAST)
    assert titles(server) == dict.fromkeys(("Aardvark", "Alpha", "Beta", "Gamma"), 1)
    run("verify", path)


def test_a_library_with_new_signatures_and_spellings_is_not_sent_again(
    sandbox: Start, command: Callable, tmp_path: Path
) -> None:
    server = sandbox()
    run = command(server)
    host = "https://cdn.example.com/"
    first = [(sign(scheme, 1, f"v-{scheme}").url, scheme, "mp4") for scheme in SCHEMES]
    first += [(f"{host}My Video.mp4", "space", ""), ("https://CDN.example.com/e.mp4", "case", "")]
    first += [("http://cdn.example.com/f.mp4", "http", ""), (f"{host}Caf\u00e9.mp4", "nfc", "")]
    again = [(sign(scheme, 2, f"v-{scheme}").url, scheme, "mp4") for scheme in SCHEMES]
    again += [(f"{host}My%20Video.mp4", "space", ""), (f"{host}e.mp4", "case", "")]
    again += [(f"{host}f.mp4", "http", ""), (f"{host}Cafe\u0301.mp4", "nfc", "")]
    path = write(tmp_path / "lib.csv", "url,title,extension", first)
    run("run", path, *FAST, code=None)
    made = titles(server)
    kept = {line["title"]: line["key"] for line in run.table("output/lib/results.csv")}
    assert len(made) > 50
    write(path, "url,title,extension", reversed(again))
    run("run", path, *FAST, code=None)
    assert titles(server) == made
    assert {r["title"]: r["key"] for r in run.table("output/lib/results.csv")} == kept


@pytest.fixture
def held_job(sandbox: Start, command: Callable, tmp_path: Path) -> tuple[SandboxServer, Callable]:
    """Return a job whose URLs differ only in the token, and replace its manifest by new tokens."""
    server = sandbox()
    run = command(server)
    path = write(
        tmp_path / "tok.csv",
        "url,title,extension",
        [(f"{DOWNLOAD}{name}1", name, "mp4") for name in ("Alpha", "Beta", "Gamma")],
    )
    run("run", path, *FAST)
    write(
        path,
        "url,title,extension",
        [
            *((f"{DOWNLOAD}{name}2", name, "mp4") for name in ("Gamma", "Alpha", "Beta")),
            ("https://files.example.com/other.mp4", "Other", "mp4"),
        ],
    )
    return server, run


def test_uncertain_rows_are_held_and_the_others_are_sent(
    held_job: tuple[SandboxServer, Callable],
) -> None:
    server, run = held_job
    for _ in range(2):
        done = run("run", "tok.csv", *FAST, code=1)
        assert "3 rows held" in done.stdout
        assert done.stdout.count("this may be the video that was sent") == 3
        assert "--same-videos yes" in done.stdout
        assert "--same-videos no" in done.stdout
        assert "Alpha2" not in done.stdout
        assert titles(server) == dict.fromkeys(("Alpha", "Beta", "Gamma", "Other"), 1)
    problems = Counter(line["code"] for line in run.table("output/tok/problems.csv"))
    assert problems["possible-duplicate"] == 3
    assert "3 rows held" in run("plan", "tok.csv", "--offline").stdout


def test_same_videos_yes_sends_no_held_row(held_job: tuple[SandboxServer, Callable]) -> None:
    server, run = held_job
    keys = {line["title"]: line["key"] for line in run.table("output/tok/results.csv")}
    run("run", "tok.csv", *FAST, code=1)
    done = run("run", "tok.csv", *FAST, "--same-videos", "yes")
    assert "held" not in done.stdout
    assert titles(server) == dict.fromkeys(("Alpha", "Beta", "Gamma", "Other"), 1)
    lines = run.table("output/tok/results.csv")
    assert {line["title"]: line["key"] for line in lines}.items() > keys.items()
    assert len(lines) == 4
    run("verify", "tok.csv")


def test_same_videos_no_sends_held_rows(held_job: tuple[SandboxServer, Callable]) -> None:
    server, run = held_job
    run("run", "tok.csv", *FAST, code=1)
    run("run", "tok.csv", *FAST, "--same-videos", "no")
    assert titles(server) == {"Alpha": 2, "Beta": 2, "Gamma": 2, "Other": 1}
    run("run", "tok.csv", *FAST)


def test_rows_with_other_ids_and_the_same_title_and_path_are_held(
    sandbox: Start, command: Callable, tmp_path: Path
) -> None:
    server = sandbox()
    run = command(server)
    rows = [(f"https://h.example.com/{n}/9f8e7d6c5b4a39281706.mp4", f"T{n}") for n in range(4)]
    path = write(tmp_path / "v.csv", "url,title,id", [(*row, f"old-{row[1]}") for row in rows])
    run("run", path, *FAST)
    again = [(url.replace("9f8e7d6c5b4a39", "0a1b2c3d4e5f60"), title) for url, title in rows]
    write(path, "url,title,id", [(*row, f"new-{row[1]}") for row in again])
    run("run", path, *FAST, code=1)
    assert len(server.platform.media) == 4
    run("run", path, *FAST, "--same-videos", "yes")
    run("run", path, *FAST)
    write(
        path,
        "url,title,id",
        [*((*row, f"new-{row[1]}") for row in again), ("https://h.example.com/n.mp4", "N", "n")],
    )
    run("run", path, *FAST)
    assert len(server.platform.media) == 5


def test_an_id_column_that_is_added_and_removed_changes_no_row(
    sandbox: Start, command: Callable, tmp_path: Path
) -> None:
    server = sandbox()
    run = command(server)
    rows = [(f"https://h.example.com/{n}.mp4", f"T{n}") for n in range(4)]
    path = tmp_path / "v.csv"
    for header, lines in (
        ("url,title", rows),
        ("id,url,title", [(f"id-{title}", url, title) for url, title in reversed(rows)]),
        ("title,url,note", [(title, url, "x") for url, title in rows]),
    ):
        write(path, header, lines)
        run("run", path, *FAST)
        assert len(server.platform.media) == 4
    assert len(run.table("output/v/results.csv")) == 4


# Which job a manifest belongs to --------------------------------------------------------------

HR = [
    ("https://hr.example.com/w1.mp4", "HR one", "901"),
    ("https://hr.example.com/w2.mp4", "HR two", "902"),
]
SALES = [(f"https://sales.example.com/w{n}.mp4", f"Sales {n}", f"90{n}") for n in range(1, 4)]
LIBRARY = [(f"https://m.example.com/o{n}.mp4", f"O{n}", f"OV{n}") for n in range(1, 9)]


@pytest.mark.parametrize(
    ("before", "after"),
    [(HR, SALES), (LIBRARY, [LIBRARY[-1], ("https://m.example.com/q9.mp4", "Q9", "OQ9")])],
    ids=["small ids", "half of the smaller one"],
)
@pytest.mark.parametrize("kind", ["run", "plan"])
def test_a_manifest_of_the_same_name_in_another_folder_is_refused(
    sandbox: Start,
    command: Callable,
    tmp_path: Path,
    before: list[tuple[str, ...]],
    after: list[tuple[str, ...]],
    kind: str,
) -> None:
    server = sandbox()
    run = command(server)
    write(tmp_path / "a/videos.csv", "url,title,id", before)
    write(tmp_path / "b/videos.csv", "url,title,id", after)
    run("run", "a/videos.csv", *FAST)
    calls = server.platform.calls.copy()
    results = (tmp_path / "output/videos/results.csv").read_bytes()
    done = run(kind, "b/videos.csv", code=2)
    assert "--job output/b-videos" in done.stderr
    assert str(Path("a") / "videos.csv") in done.stderr
    assert server.platform.calls == calls
    assert (tmp_path / "output/videos/results.csv").read_bytes() == results
    assert "Nothing to send" in run("run", "a/videos.csv", *FAST).stdout


def test_the_option_job_decides_which_job_a_manifest_belongs_to(
    sandbox: Start, command: Callable, tmp_path: Path
) -> None:
    server = sandbox()
    run = command(server)
    path = write(tmp_path / "videos.csv", "url,title,id", LIBRARY)
    run("run", path, *FAST)
    write(path, "url,title,id", [LIBRARY[0], *SALES])
    done = run("run", path, *FAST, code=2)
    assert "--job output/videos" in done.stderr
    run("run", path, *FAST, "--job", "output/videos")
    assert len(server.platform.media) == 11


def test_rows_can_be_added_to_and_removed_from_a_manifest(
    sandbox: Start, command: Callable, tmp_path: Path
) -> None:
    server = sandbox()
    run = command(server)
    path = write(tmp_path / "videos.csv", "url,title,id", LIBRARY[:2])
    run("run", path, *FAST)
    shutil.copy(path, tmp_path / "pilot.csv")
    write(path, "url,title,id", LIBRARY)
    run("run", path, *FAST)
    write(path, "url,title,id", LIBRARY[2:4])
    run("run", path, *FAST)
    assert len(server.platform.media) == 8


def test_a_version_that_removes_most_pending_rows_is_refused_without_an_option(
    sandbox: Start, command: Callable, tmp_path: Path
) -> None:
    server = sandbox()
    run = command(server)
    path = write(tmp_path / "videos.csv", "url,title,id", LIBRARY)
    run("run", path, *FAST, "--first", "2", code=None)
    write(path, "url,title,id", LIBRARY[:4])
    done = run("run", path, *FAST, code=2)
    assert "4 of the 6 rows" in done.stderr
    assert "--allow-removals" in done.stderr
    assert len(server.platform.media) == 2
    assert run.counts(path)["skipped"] == 0
    run("run", path, *FAST, "--allow-removals")
    assert len(server.platform.media) == 4


def test_a_parameter_named_by_the_user_is_part_of_the_signature_and_masked(
    sandbox: Start, command: Callable, tmp_path: Path
) -> None:
    server = sandbox()
    run = command(server)
    path = tmp_path / "v.csv"
    for key in ("once", "twice"):
        rows = [(f"https://h.example.com/{n}.mp4?pass={key}", f"T{n}") for n in range(3)]
        write(path, "url,title", rows)
        done = run("run", path, *FAST, "--signing", "pass")
        printed = done.stdout + done.stderr + run("report", path).stdout
        assert len(server.platform.media) == 3
        for name in ("results.csv", "results.html", "calls.jsonl"):
            assert f"pass={key}" not in (tmp_path / "output/v" / name).read_text("utf-8") + printed
