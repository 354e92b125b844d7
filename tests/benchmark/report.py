"""Measure the results against their targets: time, memory, and the open page.

The contenders are processes of their own, over the same state: all files of the results, and
XlsxWriter alone writing the same cells into one sheet. Time is CPU time, user and system, so
that other work on the machine counts little. A key in the page's search counts from the key to
the picture behind it.
"""
# ruff: noqa: T201 - a command of its own, which shows its table

import argparse
import json
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import xlsxwriter
from playwright.sync_api import sync_playwright

from batch_import.models import Change, ManifestColumns, ManifestRow, Media, Status
from batch_import.reports.table import results_table
from batch_import.reports.write import write_results
from batch_import.state import facts
from batch_import.state.store import Store

COLUMNS = ManifestColumns(
    ("sourceUrl", "filename", "extension", "referenceId", "department", "published"), (0, 1, 2, 3)
)
#: One row in so many failed.
FAILED_EVERY = 20
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
#: From the key to the second frame after it: by then its picture is on the screen.
KEY = """async (words) => {
    const search = document.getElementById("search");
    const frame = () => new Promise(requestAnimationFrame);
    await frame();
    const start = performance.now();
    search.value = words;
    search.dispatchEvent(new Event("input"));
    await frame();
    await frame();
    return performance.now() - start;
}"""


def fill(path: Path, rows: int) -> None:
    """A job that is done."""
    with Store(path, create=True) as store:
        manifest = [facts.MANIFEST.of("library.csv")]
        store.load(map(manifest_row, range(1, rows + 1)), 1e9, COLUMNS, manifest)
        while claimed := store.queue.claim(5000, 1e9 + 1):
            store.queue.apply([change(row.number) for row in claimed], 1e9 + claimed[0].number)


def manifest_row(number: int) -> ManifestRow:
    url = f"https://videos.example.com/archive/{number}.mp4?X-Amz-Signature=3f9a"
    cells = (url, f"Video {number}: a title", "mp4", f"ref-{number}", "People", "2025-01-13")
    return ManifestRow(number + 1, f"ref-{number}", f"ref-{number}", url, cells[1], "mp4", cells)


def change(number: int) -> Change:
    if number % FAILED_EVERY == 0:
        words = "The source could not be downloaded: host not found."
        return Change(number, Status.FAILED, error=words, ingest_id=f"i-{number}")
    key = f"k{number:09x}"
    media = Media(
        f"media_{number}", key, f"ref-{number}", "online", f"Video {number}: a title", "00:01:05",
        f"https://cdn.example.com/thumbnails/{key}_small.jpg", "2025-08-08T10:30:00Z",
    )  # fmt: skip
    return Change(number, Status.IMPORTED, media=media, ingest_id=f"i-{number}")


# The contenders --------------------------------------------------------------------------------


def write_all(state: Path, folder: Path) -> None:
    with Store(state) as store:
        write_results(folder, store, now=time.time())


def write_bare(state: Path, folder: Path) -> None:
    table = results_table(COLUMNS)
    with Store(state) as store:
        lines = list(table.lines(store.reader.records()))
    start = time.process_time()
    with xlsxwriter.Workbook(folder / "bare.xlsx", {"constant_memory": True}) as book:
        sheet = book.add_worksheet()
        for row, line in enumerate(lines):
            for column, cell in enumerate(line):
                sheet.write_string(row, column, cell)
    print(json.dumps({"alone": time.process_time() - start}), file=sys.stderr)


CONTENDERS: dict[str, Callable[[Path, Path], None]] = {"all": write_all, "bare": write_bare}


def measured(name: str, state: Path, folder: Path) -> tuple[float, float]:
    """CPU seconds and MiB at the most of one contender."""
    command = [sys.executable, __file__, "--contender", name, str(state), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    told = json.loads(done.stdout)
    alone = json.loads(done.stderr or "{}").get("alone")
    return alone or told["cpu"], told["memory"]


def contend(name: str, state: Path, folder: Path) -> None:
    CONTENDERS[name](state, folder)
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(json.dumps({"cpu": used.ru_utime + used.ru_stime, "memory": used.ru_maxrss / 1024}))


# The page --------------------------------------------------------------------------------------


def keys(page_path: Path) -> list[float]:
    """Milliseconds that each key of some searches takes."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=QUIET)
        page = browser.new_page()
        page.goto(page_path.as_uri())
        taken = []
        for words in ("video 99", "ref-777", "host not found", ""):
            taken += [page.evaluate(KEY, words[:end]) for end in range(len(words) + 1)]
        browser.close()
    return taken


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--page-rows", type=int, default=10_000)
    parser.add_argument("--contender", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.contender:
        name, state, folder = arguments.contender
        contend(name, Path(state), Path(folder))
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        state = folder / "state.sqlite"
        fill(state, arguments.rows)
        bare, _ = measured("bare", state, folder)
        first, first_memory = measured("all", state, folder)
        again, again_memory = measured("all", state, folder)
        sizes = {path.suffix: path.stat().st_size for path in sorted(folder.glob("results.*"))}
        page_state = folder / "page" / "state.sqlite"
        page_state.parent.mkdir()
        fill(page_state, arguments.page_rows)
        write_all(page_state, page_state.parent)
        taken = keys(page_state.parent / "results.html")
    print(f"| {arguments.rows:,} rows | figure | target |")
    print("|---|---|---|")
    print(f"| XlsxWriter alone, the same cells | {bare:.1f} s CPU | |")
    print(f"| all results | {first:.1f} s, {first / bare:.2f} × alone | ≤ 3 × |")
    print(
        f"| all results over an earlier copy | {again:.1f} s, {again / bare:.2f} × alone | ≤ 3 × |"
    )
    print(f"| peak memory | {max(first_memory, again_memory):.0f} MiB | ≤ 400 MB |")
    print(f"| sizes | {', '.join(f'{k} {v / 1e6:.1f} MB' for k, v in sizes.items())} | |")
    print(
        f"| a key in the search of {arguments.page_rows:,} rows |"
        f" median {statistics.median(taken):.0f} ms, most {max(taken):.0f} ms | < 100 ms |"
    )


if __name__ == "__main__":
    main()
