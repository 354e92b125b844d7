"""Coverage by package, from the report that `coverage json` writes.

python tests/coverage_by_package.py build/coverage/report.json
"""

import json
import sys
from collections import Counter
from pathlib import Path, PurePath
from typing import Any


def main(report: Path) -> None:
    files: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))["files"]
    sums: dict[str, Counter[str]] = {}
    for name, file in files.items():
        for package in (_package(name), "all"):
            sums.setdefault(package, Counter()).update(_whole_numbers(file["summary"]))
    width = max(map(len, sums))
    sys.stdout.write(f"{'package':{width}}  lines  branches  covered\n")
    for package, found in sorted(sums.items(), key=lambda item: (item[0] == "all", item[0])):
        lines, branches = found["num_statements"], found["num_branches"]
        covered = found["covered_lines"] + found["covered_branches"]
        share = 100 * covered / max(1, lines + branches)
        sys.stdout.write(f"{package:{width}}  {lines:5}  {branches:8}  {share:5.1f} %\n")


def _package(name: str) -> str:
    """The folder below the root package that holds a file; the root package itself."""
    folders = PurePath(name).parent.parts
    below = folders[folders.index("batch_import") + 1 :]
    return below[0] if below else "(top level)"


def _whole_numbers(summary: dict[str, Any]) -> dict[str, int]:
    return {name: value for name, value in summary.items() if isinstance(value, int)}


if __name__ == "__main__":
    main(Path(sys.argv[1]))
