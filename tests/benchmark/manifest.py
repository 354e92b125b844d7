"""Measures reading and checking a manifest, compared with only reading the same file by a library.

Each measurement runs in a new process. The contenders take turns, and the best turn of each counts.
The time is the CPU time of the process with its start, so that other programs have little
influence. The memory is the peak of the process. The exit code is 1 if a target is missed.
"""
# ruff: noqa: T201 - a command, which prints its table

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import xlsxwriter

HEADER = ("sourceUrl", "filename", "extension", "referenceId", "department", "published")
#: Number of further columns of the workbook.
_MORE_COLUMNS = 7
#: Programs of the contenders: each gets the path of the manifest as its argument.
_BARE_CSV = "import sys, pandas; pandas.read_csv(sys.argv[1], dtype=str)"
#: It also imports the program, so that only the reading differs: a workbook of fifty thousand rows
#: is read so fast that the imports would matter.
_BARE_XLSX = (
    "import sys, batch_import.manifest.read, python_calamine as c;"
    " c.load_workbook(sys.argv[1]).get_sheet_by_index(0).to_python()"
)
_READ = (
    "import sys, pathlib; from batch_import.manifest.read import open_manifest;"
    " sum(len(chunk.lines) for chunk in open_manifest(pathlib.Path(sys.argv[1])).chunks())"
)
_CHECK = "import sys; from batch_import.cli import entry_point; entry_point()"
#: Target: maximum peak memory in MiB.
_MAX_MEMORY = 350
#: Target: maximum time of `check` of a CSV file, as a multiple of the time of the library, by kind.
_MAX_CHECK_RATIOS = {"plain": 3, "signed": 4.5}
#: Targets: maximum time of reading without checks, as a multiple of the time of the library.
_MAX_READ_RATIO, _MAX_XLSX_RATIO = 2.5, 1.5
#: Target: maximum time of `check` of JSON, as a multiple of the time for the same rows as CSV.
_MAX_JSON_RATIO = 1.5
#: Target: maximum time per row of the whole file, as a multiple of the time per row of a quarter of
#: the file. It shows that the time is linear.
_MAX_GROWTH = 1.15
_MEGABYTE = 1 << (20 if sys.platform == "darwin" else 10)  # macOS counts bytes, Linux KiB

Row = tuple[str, ...]


def _plain(number: int) -> Row:
    url = f"https://videos.example.com/library/{number % 1000}/{number}.mp4"
    published = f"2025-01-{number % 28 + 1:02}"
    return url, f"Video {number} of the series", "mp4", f"ref-{number:07}", "People", published


def _quoted(number: int) -> Row:
    """Return a row; in every third row, the title has a comma, so that CSV quotes it."""
    url, title, *rest = _plain(number)
    return url, title if number % 3 else f"{title}, part 1", *rest


def _without_ids(number: int) -> Row:
    return (*_plain(number)[:3], "", *_plain(number)[4:])


def _messy(number: int) -> Row:
    """Return a row; every tenth row has a problem, of five kinds in turns."""
    url, title, extension, reference, *rest = _plain(number)
    if number % 10:
        return url, title, extension, reference, *rest
    return (
        (f"https://youtu.be/{number}", title, extension, reference, *rest),
        (url, "", extension, reference, *rest),
        (url, title, "avi", reference, *rest),
        (url, title, extension, "twice", *rest),
        (url.replace("videos", "two words, ü/"), title, extension, f" {reference}", *rest),
    )[number // 10 % 5]


def _signed(number: int) -> Row:
    url, *rest = _plain(number)
    signature = (
        "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAEXAMPLE%2F20950301%2Fs3"
        "&X-Amz-Date=20950301T100000Z&X-Amz-Expires=604800&X-Amz-SignedHeaders=host"
        f"&X-Amz-Signature={number:064x}"
    )
    return f"{url}?{signature}", *rest


_KINDS: dict[str, Callable[[int], Row]] = {
    "plain": _plain, "quoted": _quoted, "without ids": _without_ids, "messy": _messy,
    "signed": _signed,
}  # fmt: skip


@dataclass(frozen=True)
class Resources:
    """The CPU seconds of a process, and its peak memory in MiB."""

    seconds: float
    memory: float


@dataclass(frozen=True)
class Line:
    """A line of the table.

    Attributes:
        reached: the measured value.
        target: maximum of the value; None if there is none.
    """

    figure: str
    reached: float
    target: float | None
    note: str = ""

    @property
    def met(self) -> bool:
        return self.target is None or self.reached <= self.target

    def __str__(self) -> str:
        target = "" if self.target is None else f"{self.target:g}"
        return (
            f"| {self.figure} | {target} | {self.reached:.2f} | {'yes' if self.met else 'NO'}"
            f" | {self.note} |"
        )


def _write_csv(path: Path, rows: int, row: Callable[[int], Row]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        writer.writerows(row(number) for number in range(1, rows + 1))


def _write_xlsx(path: Path, rows: int) -> None:
    with xlsxwriter.Workbook(path, {"constant_memory": True, "strings_to_urls": False}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, (*HEADER, *(f"more {number}" for number in range(_MORE_COLUMNS))))
        for number in range(1, rows + 1):
            more = (f"cell {number}" for _ in range(_MORE_COLUMNS))
            sheet.write_row(number, 0, (*_plain(number), *more))


def _run_program(*arguments: str) -> Resources:
    process = subprocess.Popen([sys.executable, "-c", *arguments], stdout=subprocess.DEVNULL)
    # Unlike Popen.wait, wait4 returns the resource usage of this child alone.
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 1):
        raise SystemExit(f"A measured program failed: {arguments[1:]}")
    return Resources(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / _MEGABYTE)


def _check(path: Path) -> Resources:
    return _run_program(_CHECK, "check", str(path), "--job", str(path.with_suffix("")))


def _measure(path: Path, turns: int, bare: str) -> tuple[Resources, Resources, Resources]:
    """Return the fastest run of the library, of the program's reader, and of `check`."""
    rounds = [
        (_run_program(bare, str(path)), _run_program(_READ, str(path)), _check(path))
        for _ in range(turns)
    ]
    bare_runs, read_runs, check_runs = zip(*rounds, strict=True)
    return _fastest(bare_runs), _fastest(read_runs), _fastest(check_runs)


def _fastest(runs: Sequence[Resources]) -> Resources:
    return min(runs, key=lambda run: run.seconds)


def _csv_lines(folder: Path, rows: int, turns: int, kind: str) -> Iterator[Line]:
    path = folder / "manifest.csv"
    _write_csv(path, rows // 4, _KINDS[kind])
    _, _, quarter = _measure(path, turns, _BARE_CSV)
    _write_csv(path, rows, _KINDS[kind])
    bare, reading, check = _measure(path, turns, _BARE_CSV)
    size = f"{rows} rows of CSV, {kind}"
    seconds = f"{check.seconds:.1f} s, {bare.seconds:.1f} s"
    ratio = check.seconds / bare.seconds
    yield Line(f"check ÷ pandas.read_csv, {size}", ratio, _MAX_CHECK_RATIOS.get(kind), seconds)
    ratio = reading.seconds / bare.seconds
    limit = _MAX_READ_RATIO if kind == "plain" else None
    yield Line(f"reading ÷ pandas.read_csv, {size}", ratio, limit, f"{reading.seconds:.1f} s")
    yield Line(f"peak MiB of check, {size}", check.memory, _MAX_MEMORY)
    growth = check.seconds / (4 * quarter.seconds)
    yield Line(f"check ÷ 4 × check of a quarter, {size}", growth, _MAX_GROWTH, "linear")


def _write_json(path: Path, rows: int) -> None:
    with path.open("w", encoding="utf-8") as file:
        objects = [dict(zip(HEADER, _plain(number), strict=True)) for number in range(1, rows + 1)]
        json.dump(objects, file)


def _json_lines(folder: Path, rows: int, turns: int) -> Iterator[Line]:
    paths = folder / "manifest.csv", folder / "manifest.json"
    _write_csv(paths[0], rows, _plain)
    _write_json(paths[1], rows)
    rounds = [[_check(path) for path in paths] for _ in range(turns)]
    of_csv, of_json = map(_fastest, zip(*rounds, strict=True))
    seconds = f"{of_json.seconds:.1f} s, {of_csv.seconds:.1f} s"
    size = f"{rows} rows of JSON"
    ratio = of_json.seconds / of_csv.seconds
    yield Line(f"check ÷ check of the same as CSV, {size}", ratio, _MAX_JSON_RATIO, seconds)
    yield Line(f"peak MiB of check, {size}", of_json.memory, _MAX_MEMORY)


def _xlsx_lines(folder: Path, rows: int, turns: int) -> Iterator[Line]:
    path = folder / "manifest.xlsx"
    _write_xlsx(path, rows)
    bare, reading, check = _measure(path, turns, _BARE_XLSX)
    size = f"{rows} rows × {len(HEADER) + _MORE_COLUMNS} of XLSX"
    seconds = f"{reading.seconds:.1f} s, {bare.seconds:.1f} s"
    ratio = reading.seconds / bare.seconds
    yield Line(f"reading ÷ calamine, {size}", ratio, _MAX_XLSX_RATIO, seconds)
    yield Line(f"peak MiB of check, {size}", check.memory, _MAX_MEMORY, f"{check.seconds:.1f} s")


def main() -> int:
    """Measure every kind of manifest."""
    parser = argparse.ArgumentParser(description="Measure reading; prints a Markdown table.")
    parser.add_argument("--rows", type=int, default=1_000_000, help="of CSV (default %(default)d)")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--kind", choices=_KINDS, action="append")
    arguments = parser.parse_args()
    rows, turns = arguments.rows, arguments.turns
    print(f"Manifests ({os.cpu_count()} CPUs, Python {sys.version.split()[0]})\n")
    print("| figure | target | reached | met | note |\n|---|---|---|---|---|")
    missed = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tables = [_csv_lines(folder, rows, turns, kind) for kind in arguments.kind or _KINDS]
        tables.append(_json_lines(folder, rows // 5, turns))
        tables.append(_xlsx_lines(folder, rows // 20, turns))
        for lines in tables:
            for line in lines:
                print(line, flush=True)
                missed += not line.met
    return min(missed, 1)


if __name__ == "__main__":
    sys.exit(main())
