"""Prints the test coverage of each package, from the report that `coverage json` writes.

python tests/coverage_by_package.py build/coverage/report.json
"""

import json
import sys
from collections import Counter
from pathlib import Path, PurePath
from typing import Any


def main(report: Path) -> None:
    files: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))["files"]
    totals: dict[str, Counter[str]] = {}
    for name, file in files.items():
        for package in (_package(name), "all"):
            totals.setdefault(package, Counter()).update(_whole_numbers(file["summary"]))
    width = max(map(len, totals))
    sys.stdout.write(f"{'package':{width}}  lines  branches  covered\n")
    *packages, all_packages = sorted(totals, key=lambda package: (package == "all", package))
    for package in (*packages, all_packages):
        total = totals[package]
        lines, branches = total["num_statements"], total["num_branches"]
        covered = total["covered_lines"] + total["covered_branches"]
        share = 100 * covered / max(1, lines + branches)
        sys.stdout.write(f"{package:{width}}  {lines:5}  {branches:8}  {share:5.1f} %\n")


def _package(name: str) -> str:
    """Return the top-level package of a file, or `(top level)` for a file of the root package."""
    folders = PurePath(name).parent.parts
    below = folders[folders.index("batch_import") + 1 :]
    return below[0] if below else "(top level)"


def _whole_numbers(summary: dict[str, Any]) -> dict[str, int]:
    return {name: value for name, value in summary.items() if isinstance(value, int)}


if __name__ == "__main__":
    main(Path(sys.argv[1]))
