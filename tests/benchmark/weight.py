"""Measures the size and the import time of each installed package: `make weight`.

The size is that of the package's files, without the bytecode that an installer may add. The time is
the processor time of a new interpreter that imports the package, minus that of an interpreter that
imports nothing. It is the median of several measurements, because the machine may be busy. Packages
import each other. Therefore the sum of the times is more than the time of a command.
"""

import json
import resource
import statistics
import subprocess
import sys
from pathlib import Path

#: Number of measurements of each package.
REPEAT = 7
#: Name of a package → the module that a command imports, if it has another name than the package.
MODULES = {
    "python-calamine": "python_calamine", "python-dateutil": "dateutil", "pyyaml": "yaml",
    "rich": "rich.table", "rich-click": "rich_click", "markdown-it-py": "markdown_it",
    "charset-normalizer": "charset_normalizer", "viostream-batch-import": "batch_import.cli",
    "pygments": "pygments.lexers", "tzdata": "tzdata",
}  # fmt: skip
#: Program that prints the size in bytes of each installed package as JSON.
LIST = """
import json
from importlib.metadata import distributions
print(json.dumps({
    each.metadata["Name"].lower(): sum(
        path.stat().st_size for file in each.files or ()
        if (path := each.locate_file(file)).is_file() and path.suffix != ".pyc"
    ) for each in distributions()
}))
"""


def processor_time(python: str, code: str) -> float:
    """Return the median processor time, in milliseconds, of an interpreter that runs some code."""
    times = []
    for _ in range(REPEAT):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([python, "-c", code], check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return 1000 * statistics.median(times)


def main(python: str) -> None:
    subprocess.run([python, "-m", "compileall", "-q", str(Path(python).parents[1])], check=False)
    listed = subprocess.run([python, "-c", LIST], check=True, capture_output=True, text=True)
    sizes: dict[str, int] = json.loads(listed.stdout)
    nothing = processor_time(python, "pass")
    print(f"{'package':<24}{'MB':>8}{'import, ms':>12}")
    for name, size in sorted(sizes.items(), key=lambda item: -item[1]):
        code = f"import {MODULES.get(name, name)}"
        spent = processor_time(python, code) - nothing
        print(f"{name:<24}{size / 1e6:>8.1f}{max(0, spent):>12.0f}")
    print(f"{'all':<24}{sum(sizes.values()) / 1e6:>8.1f}{'':>12}")


if __name__ == "__main__":
    main(sys.argv[1])
