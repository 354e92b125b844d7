"""Measures the result files: the time and memory to write them, and the speed of the results page.

- Each result file is compared with a bare writer: the csv module, or XlsxWriter in constant memory,
  which writes the same cells as read from `results.csv`. `results.html` is compared with only its
  rows as JSON. Each writer runs in its own process; the time is CPU time, user and system, so that
  other programs have little influence.
- A run that writes results meanwhile is compared with a run that does not, by the rows that they
  commit per CPU second.
- In the search of the results page, the time from a key to the changed screen is measured.
"""
# ruff: noqa: T201 - a command, which prints its table

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
#: Number of pending rows of a run whose speed is measured: more than it can commit in its time.
PENDING = 300_000
#: Seconds during which its speed is measured.
RUN_SECONDS = 20.0
#: Seconds before the measurement, in which libraries are imported.
IMPORTS_SECONDS = 3.0
#: Number of runs with, and of runs without result files, in turns. The median counts, because the
#: speed of two runs differs by more than the writing of results may cost.
TURNS = 5
#: Every so many rows, one has failed.
FAILED_EVERY = 20
#: Options of Chromium, so that it does nothing else meanwhile.
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
#: JavaScript that types a text into the search, and returns the milliseconds until the second frame
#: after that: then the result is on the screen.
KEY = """async (text) => {
    const search = document.getElementById("search");
    const frame = () => new Promise(requestAnimationFrame);
    await frame();
    const start = performance.now();
    search.value = text;
    search.dispatchEvent(new Event("input"));
    await frame();
    await frame();
    return performance.now() - start;
}"""


def create_job_database(path: Path, rows: int, *, done: bool = True) -> None:
    """Make a job database whose rows are all finished, or all pending."""
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
    """Return the update that finishes a row: it is imported, or it has failed."""
    if number % FAILED_EVERY == 0:
        error = "The source could not be downloaded: host not found."
        code = FailureCode.SOURCE_UNAVAILABLE
        return StatusUpdate(number, Status.FAILED, error=error, code=code, ingest_id=f"i-{number}")
    key = f"k{number:09x}"
    media = Media(
        f"media_{number}", key, f"ref-{number}", "online", f"Video {number}: a title", "00:01:05",
        f"https://cdn.example.com/thumbnails/{key}_small.jpg", "2025-08-08T10:30:00Z",
    )  # fmt: skip
    return StatusUpdate(number, Status.IMPORTED, media=media, ingest_id=f"i-{number}")


# The contenders --------------------------------------------------------------------------------


def write(*formats: str) -> Callable[[Path], None]:
    """Return a contender that writes the result files of these formats with the program."""

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
    """Write only the rows of the results page, as JSON."""
    with Store(folder / "state.sqlite") as store, (folder / "bare.json").open("w") as file:
        data = html_writer._PageData(  # noqa: SLF001 - there is no public function for the rows alone
            results_table(COLUMNS), store.reader.records(), "", "", reads_all_rows=False
        )
        file.writelines(data.chunks())


def refresh_csv(folder: Path) -> None:
    """Change 300 rows, and update `results.csv`."""
    with Store(folder / "state.sqlite") as store:
        rows = [StatusUpdate(number, Status.FAILED, error="no") for number in range(1, 301)]
        store.queue.apply(rows, time.time())
        write_results_csv(folder, store)


def run_rows(folder: Path, *, with_reports: bool) -> None:
    """Commit rows as a run does, as fast as possible, for some seconds.

    Prints the number of rows and the CPU seconds as JSON on stderr.
    """
    reports = refresh_results(lambda: None, folder, 1.0) if with_reports else nullcontext()
    with Store(folder / "state.sqlite") as store, reports:
        time.sleep(IMPORTS_SECONDS)  # importing libraries must not be measured
        end, rows, began = time.monotonic() + RUN_SECONDS, 0, time.process_time()
        while time.monotonic() < end:
            claimed = store.queue.claim(20, time.time())
            store.queue.apply([change(row.row_number) for row in claimed], time.time())
            rows += len(claimed)
        used = time.process_time() - began
        print(json.dumps({"rows": rows, "used": used}), file=sys.stderr)


#: Name of a contender → the function that its process runs with the folder of the job.
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
class Measurement:
    """The CPU seconds, the peak memory in MiB, and the output on stderr of one contender."""

    cpu: float
    memory: float
    stderr: str


def measure(name: str, folder: Path) -> Measurement:
    """Run a contender in its own process."""
    command = [sys.executable, __file__, "--contender", name, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr)
    printed = json.loads(done.stdout)
    return Measurement(printed["cpu"], printed["memory"], done.stderr)


def run_contender(name: str, folder: Path) -> None:
    """Run a contender in this process, and print its resources as JSON."""
    gc.set_threshold(100_000)  # as the command does
    CONTENDERS[name](folder)
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(json.dumps({"cpu": used.ru_utime + used.ru_stime, "memory": used.ru_maxrss / 1024}))


def measure_speed(folder: Path, name: str) -> float:
    """Return the rows that a run commits per CPU second of its own process."""
    create_job_database(folder / "state.sqlite", PENDING, done=False)
    printed = json.loads(measure(name, folder).stderr)
    return float(printed["rows"]) / float(printed["used"])


def measure_slowdown(turns: int) -> float:
    """Return by how many percent a run is slower if its results are written meanwhile."""
    speeds: dict[str, list[float]] = {"run": [], "run with reports": []}
    for _ in range(turns):
        for contender, contender_speeds in speeds.items():
            with tempfile.TemporaryDirectory() as name:
                contender_speeds.append(measure_speed(Path(name), contender))
    without, with_reports = map(statistics.median, speeds.values())
    return 100 * (1 - with_reports / without)


# The page --------------------------------------------------------------------------------------


def measure_keys(page_path: Path) -> list[float]:
    """Type some searches into the results page; returns the milliseconds of each key."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=QUIET)
        page = browser.new_page()
        page.goto(page_path.as_uri())
        times = []
        for text in ("video 99", "ref-777", "host not found", ""):
            times += [page.evaluate(KEY, text[:length]) for length in range(len(text) + 1)]
        browser.close()
    return times


def print_row(name: str, figure: str, target: str = "") -> None:
    print(f"| {name} | {figure} | {target} |", flush=True)


def compare_writers(folder: Path) -> None:
    """Compare each result file with its bare writer, then write the workbook over its earlier copy.

    The first writer also writes `failed.csv`; the others find that it is up to date.
    """
    peak_memory = 0.0
    for name, factor in (("csv", 2.5), ("xlsx", 1.3), ("html", 1.5)):
        own, bare = measure(name, folder), measure(f"bare {name}", folder)
        peak_memory = max(peak_memory, own.memory)
        figure = f"{own.cpu:.1f} s CPU, {own.cpu / bare.cpu:.2f} × {bare.cpu:.1f} s"
        print_row(f"results.{name} / bare", figure, f"≤ {factor} ×")
    print_row("results.csv after 300 changes", f"{measure('refresh', folder).cpu:.1f} s CPU")
    again = measure("xlsx", folder)
    print_row("results.xlsx over an earlier copy", f"{again.cpu:.1f} s CPU")
    print_row("peak memory", f"{max(peak_memory, again.memory):.0f} MiB", "≤ 400 MiB")
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
        run_contender(name, Path(folder))
        return
    print(f"| {arguments.rows:,} rows | figure | target |\n|---|---|---|")
    with tempfile.TemporaryDirectory() as name:
        create_job_database(Path(name) / "state.sqlite", arguments.rows)
        compare_writers(Path(name))
    print_row(
        "speed that a run loses to reports", f"{measure_slowdown(arguments.turns):.1f} %", "≤ 2 %"
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        create_job_database(folder / "state.sqlite", arguments.page_rows)
        write("html")(folder)
        times = measure_keys(folder / "results.html")
    print_row(
        f"a key in the search of {arguments.page_rows:,} rows",
        f"median {statistics.median(times):.0f} ms, most {max(times):.0f} ms",
        "≤ 100 ms",
    )


if __name__ == "__main__":
    main()
