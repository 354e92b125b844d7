"""Measure the results against their targets: time, memory, what they cost a run, the open page.

The contenders are processes of their own. Each file of the results is written from the state;
beside it, the bare writer writes the same cells, which it reads from `results.csv`: the csv module,
and XlsxWriter in constant memory. The page stands beside its rows as JSON alone, made from the same
state. Time is CPU time, user and system, so that other work on the machine counts little. A run's
pace is rows committed per CPU second of the run's own process, with and without refreshes. A key
in the page's search counts from the key to the picture behind it.
"""
# ruff: noqa: T201 - a command of its own, which shows its table

import argparse
import csv
import gc
import json
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import xlsxwriter
from playwright.sync_api import sync_playwright

from batch_import.failure_codes import FailureCode
from batch_import.models import ManifestColumns, ManifestRow, Media, Status, StatusUpdate
from batch_import.reports.refresh import refresh_results
from batch_import.reports.table import results_table
from batch_import.reports.write import write_results, write_results_csv
from batch_import.reports.writers import html_writer
from batch_import.state import facts
from batch_import.state.store import Store

COLUMNS = ManifestColumns(
    ("sourceUrl", "filename", "extension", "referenceId", "department", "published"), (0, 1, 2, 3)
)
#: Rows of a run whose pace is measured, and for how many seconds.
PENDING = 300_000
RUN_SECONDS = 20.0
IMPORTS_SECONDS = 3.0
#: Runs with and without reports take turns, and the median counts: one differs from the next by
#: more than reports may cost.
TURNS = 5
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


def fill(path: Path, rows: int, *, done: bool = True) -> None:
    """A job, that is done or has yet to be."""
    with Store(path, create=True) as store:
        manifest = [facts.MANIFEST.of("library.csv")]
        store.load(map(manifest_row, range(1, rows + 1)), 1e9, COLUMNS, manifest)
        while done and (claimed := store.queue.claim(5000, 1e9 + 1)):
            store.queue.apply(
                [change(row.row_number) for row in claimed], 1e9 + claimed[0].row_number
            )


def manifest_row(number: int) -> ManifestRow:
    url = f"https://videos.example.com/archive/{number}.mp4?X-Amz-Signature=3f9a"
    cells = (url, f"Video {number}: a title", "mp4", f"ref-{number}", "People", "2025-01-13")
    return ManifestRow(number + 1, f"ref-{number}", f"ref-{number}", url, cells[1], "mp4", cells)


def change(number: int) -> StatusUpdate:
    if number % FAILED_EVERY == 0:
        words = "The source could not be downloaded: host not found."
        code = FailureCode.SOURCE_UNAVAILABLE
        return StatusUpdate(number, Status.FAILED, error=words, code=code, ingest_id=f"i-{number}")
    key = f"k{number:09x}"
    media = Media(
        f"media_{number}", key, f"ref-{number}", "online", f"Video {number}: a title", "00:01:05",
        f"https://cdn.example.com/thumbnails/{key}_small.jpg", "2025-08-08T10:30:00Z",
    )  # fmt: skip
    return StatusUpdate(number, Status.IMPORTED, media=media, ingest_id=f"i-{number}")


# The contenders --------------------------------------------------------------------------------


def write(*formats: str) -> Callable[[Path], None]:
    def contender(folder: Path) -> None:
        with Store(folder / "state.sqlite") as store:
            write_results(folder, store, formats, now=time.time())

    return contender


def finished_cells(folder: Path) -> Iterator[list[str]]:
    with (folder / "results.csv").open(encoding="utf-8-sig", newline="") as file:
        yield from csv.reader(file)


def bare_csv(folder: Path) -> None:
    with (folder / "bare.csv").open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows(finished_cells(folder))


def bare_xlsx(folder: Path) -> None:
    options = {"constant_memory": True, "tmpdir": str(folder)}
    with xlsxwriter.Workbook(folder / "bare.xlsx", options) as book:
        sheet, text = book.add_worksheet(), book.add_format({"num_format": "@"})
        for row, line in enumerate(finished_cells(folder)):
            for column, cell in enumerate(line):
                if cell:
                    sheet.write_string(row, column, cell, text)


def bare_page(folder: Path) -> None:
    """The rows of the page as JSON, and nothing around them."""
    with Store(folder / "state.sqlite") as store, (folder / "bare.json").open("w") as file:
        data = html_writer._PageData(  # noqa: SLF001 - measured by itself
            results_table(COLUMNS), store.reader.records(), "", "", reads_all_rows=False
        )
        file.writelines(data.chunks())


def refresh_csv(folder: Path) -> None:
    """Rows change, and `results.csv` follows."""
    with Store(folder / "state.sqlite") as store:
        rows = [StatusUpdate(number, Status.FAILED, error="no") for number in range(1, 301)]
        store.queue.apply(rows, time.time())
        write_results_csv(folder, store)


def run_rows(folder: Path, *, with_reports: bool) -> None:
    """Commit rows as fast as the state takes them, as a run does, for some seconds."""
    reports = refresh_results(lambda: None, folder, 1.0) if with_reports else nullcontext()
    with Store(folder / "state.sqlite") as store, reports:
        time.sleep(IMPORTS_SECONDS)  # what is imported once is no pace
        end, rows, began = time.monotonic() + RUN_SECONDS, 0, time.process_time()
        while time.monotonic() < end:
            claimed = store.queue.claim(20, time.time())
            store.queue.apply([change(row.row_number) for row in claimed], time.time())
            rows += len(claimed)
        used = time.process_time() - began
        print(json.dumps({"rows": rows, "used": used}), file=sys.stderr)


CONTENDERS: dict[str, Callable[[Path], None]] = {
    "csv": write("csv"),
    "xlsx": write("xlsx"),
    "html": write("html"),
    "bare csv": bare_csv,
    "bare xlsx": bare_xlsx,
    "bare html": bare_page,
    "refresh": refresh_csv,
    "run": lambda folder: run_rows(folder, with_reports=False),
    "run with reports": lambda folder: run_rows(folder, with_reports=True),
}


@dataclass(frozen=True)
class Used:
    """CPU seconds, and MiB at the most, of one contender, and what it said of itself."""

    cpu: float
    memory: float
    said: str


def measured(name: str, folder: Path) -> Used:
    command = [sys.executable, __file__, "--contender", name, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr)
    printed = json.loads(done.stdout)
    return Used(printed["cpu"], printed["memory"], done.stderr)


def contend(name: str, folder: Path) -> None:
    gc.set_threshold(100_000)  # as the command does
    CONTENDERS[name](folder)
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(json.dumps({"cpu": used.ru_utime + used.ru_stime, "memory": used.ru_maxrss / 1024}))


def pace(folder: Path, name: str) -> float:
    """Rows per CPU second of the run's own process."""
    fill(folder / "state.sqlite", PENDING, done=False)
    printed = json.loads(measured(name, folder).said)
    return float(printed["rows"]) / float(printed["used"])


def loss(turns: int) -> float:
    """Per cent of its pace that a run loses to reports."""
    paces: dict[str, list[float]] = {"run": [], "run with reports": []}
    for _ in range(turns):
        for contender, found in paces.items():
            with tempfile.TemporaryDirectory() as name:
                found.append(pace(Path(name), contender))
    without, with_reports = map(statistics.median, paces.values())
    return 100 * (1 - with_reports / without)


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


def print_row(what: str, figure: str, target: str = "") -> None:
    print(f"| {what} | {figure} | {target} |", flush=True)


def compare_writers(folder: Path) -> None:
    """Each file beside its bare writer, then once more over an earlier copy.

    `failed.csv` comes with the first of them; the others find that it is as it has to be.
    """
    most = 0.0
    for name, factor in (("csv", 2.5), ("xlsx", 1.3), ("html", 1.5)):
        own, bare = measured(name, folder), measured(f"bare {name}", folder)
        most = max(most, own.memory)
        figure = f"{own.cpu:.1f} s CPU, {own.cpu / bare.cpu:.2f} × {bare.cpu:.1f} s"
        print_row(f"results.{name} / bare", figure, f"≤ {factor} ×")
    print_row("results.csv after 300 changes", f"{measured('refresh', folder).cpu:.1f} s CPU")
    again = measured("xlsx", folder)
    print_row("results.xlsx over an earlier copy", f"{again.cpu:.1f} s CPU")
    print_row("peak memory", f"{max(most, again.memory):.0f} MiB", "≤ 400 MiB")
    sizes = {path.suffix: path.stat().st_size for path in sorted(folder.glob("results.*"))}
    print_row("sizes", ", ".join(f"{k} {v / 1e6:.1f} MB" for k, v in sizes.items()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--page-rows", type=int, default=100_000)
    parser.add_argument("--turns", type=int, default=TURNS)
    parser.add_argument("--contender", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.contender:
        name, folder = arguments.contender
        contend(name, Path(folder))
        return
    print(f"| {arguments.rows:,} rows | figure | target |\n|---|---|---|")
    with tempfile.TemporaryDirectory() as name:
        fill(Path(name) / "state.sqlite", arguments.rows)
        compare_writers(Path(name))
    print_row("pace that a run loses to reports", f"{loss(arguments.turns):.1f} %", "≤ 2 %")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        fill(folder / "state.sqlite", arguments.page_rows)
        write("html")(folder)
        taken = keys(folder / "results.html")
    print_row(
        f"a key in the search of {arguments.page_rows:,} rows",
        f"median {statistics.median(taken):.0f} ms, most {max(taken):.0f} ms",
        "≤ 100 ms",
    )


if __name__ == "__main__":
    main()
