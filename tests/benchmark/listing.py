"""Measures listing a folder: the time for 100,000 files, and the memory for 1,000,000.

The time is compared with a simple script as many people write it: `os.walk`, `os.stat`,
`urllib.parse.quote` and a CSV writer, with the same columns. The script escapes no cell for
spreadsheets, and has no filters. Both run in one process, in turns; the time is processor time. The
exit code is 1 if a target is missed.
"""
# ruff: noqa: T201, PTH116, PTH118 - a command; the script that it compares with has no pathlib

import argparse
import csv
import gc
import multiprocessing
import os
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from batch_import.sources.source import ListingOptions
from batch_import.workflows.write_manifest import COLUMNS, ListingRequest, write_manifest

_BASE = "https://videos.example.com/v/"
_FILES_PER_FOLDER = 1_000
#: Target: maximum time, as a multiple of the script's time.
_MAX_RATIO = 1.3
#: Target: maximum number of megabytes that a hundred times as many files need in addition.
_MAX_EXTRA_MEGABYTES = 10.0
#: Number of measurements of each contender; their median counts.
_PAIRS = 5


def make_files(root: Path, count: int) -> None:
    """Make empty files with usual names, a thousand per folder."""
    for first in range(0, count, _FILES_PER_FOLDER):
        folder = root / f"Series {first // _FILES_PER_FOLDER:04}"
        folder.mkdir(parents=True)
        for number in range(min(_FILES_PER_FOLDER, count - first)):
            os.close(os.open(folder / f"Talk {number:03} of the day.mp4", os.O_CREAT))


def list_with_script(root: Path, file: Path) -> None:
    """List the files as a simple script does."""
    with file.open("w", encoding="utf-8-sig", newline="") as out:
        writer = csv.writer(out)
        writer.writerow([column.heading for column in COLUMNS])
        for folder, _, names in os.walk(root):
            below = os.path.relpath(folder, root)
            for name in sorted(names):
                status = os.stat(os.path.join(folder, name))
                stem, _, extension = name.rpartition(".")
                date = datetime.fromtimestamp(status.st_mtime, UTC).isoformat()
                url = _BASE + quote(os.path.join(below, name))
                writer.writerow([url, stem, extension, "", "", "", "", below, date, status.st_size])


def list_with_program(root: Path, file: Path) -> None:
    """List the files with the program."""
    write_manifest(
        ListingRequest(
            (f"folder:{root}",), file, replace=True, options=ListingOptions(base_url=_BASE)
        )
    )


def processor_seconds(run: Callable[[], object]) -> float:
    begin = time.process_time()
    run()
    return time.process_time() - begin


def peak_megabytes(root: Path, file: Path) -> float:
    """Return the peak memory of a new process that lists a folder, in MiB."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_listed_peak, (root, file))


def _listed_peak(root: Path, file: Path) -> float:
    list_with_program(root, file)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def compare_time(folder: Path, count: int) -> bool:
    make_files(folder / "v", count)
    pairs = [
        (
            processor_seconds(lambda: list_with_script(folder / "v", folder / "script.csv")),
            processor_seconds(lambda: list_with_program(folder / "v", folder / "program.csv")),
        )
        for _ in range(_PAIRS)
    ]
    ratio = statistics.median(program / script for script, program in pairs)
    script, program = (statistics.median(column) for column in zip(*pairs, strict=True))
    print(f"{count:,} files: {program:.2f} s, a script {script:.2f} s: {ratio:.2f} times")
    return ratio <= _MAX_RATIO


def compare_memory(folder: Path, count: int) -> bool:
    is_met = True
    make_files(folder / "few", count // 100)
    make_files(folder / "many", count)
    for name in ("m.csv", "m.xlsx"):
        few, many = (peak_megabytes(folder / size, folder / name) for size in ("few", "many"))
        print(
            f"{count:,} files to {name}: {many:.0f} MB, {many - few:+.1f} MB for 100 times as many"
        )
        is_met &= many - few <= _MAX_EXTRA_MEGABYTES
    return is_met


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=100_000, help="number of files for the time")
    parser.add_argument(
        "--many", type=int, default=1_000_000, help="number of files for the memory"
    )
    options = parser.parse_args()
    gc.set_threshold(100_000)  # as the command does
    with tempfile.TemporaryDirectory() as time_folder:
        met = [compare_time(Path(time_folder), options.files)]
    if options.many:
        with tempfile.TemporaryDirectory() as memory_folder:
            met.append(compare_memory(Path(memory_folder), options.many))
    return 0 if all(met) else 1


if __name__ == "__main__":
    sys.exit(main())
