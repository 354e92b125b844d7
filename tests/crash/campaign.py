"""The common part of the crash tests: runs one import per seed, and stores and sums the findings.

A *finding* is the result of one import, as an object of the test that called this module. An
import whose finding is already in the file, with the same version of the program, is not repeated.
"""

import argparse
import json
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any


def options(description: str, jobs: int) -> argparse.Namespace:
    """Parse the options of the command line: `runs`, `jobs` and `seed`."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--runs", type=int, default=200, help="number of imports, from seed 0 on")
    parser.add_argument("--jobs", type=int, default=jobs, help="number of imports at the same time")
    parser.add_argument("--seed", type=int, help="run only this import")
    return parser.parse_args()


def run_one(crash: Callable[[int], Any], seed: int) -> int:
    """Run one import, and print its finding as JSON; returns the exit code."""
    finding = crash(seed)
    print(json.dumps(finding.__dict__, indent=2))
    return 0 if finding.is_good else 1


def run_all(
    crash: Callable[[int], Any], runs: int, jobs: int, version: str, path: Path
) -> list[dict[str, Any]]:
    """Run the imports of the seeds 0 to `runs` - 1, and return all their findings.

    An import is skipped if the file has its finding with the same version of the program.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = path.read_text().splitlines() if path.exists() else []
    stored = map(json.loads, lines)
    findings = {finding["seed"]: finding for finding in stored if finding["program"] == version}
    remaining_seeds = [seed for seed in range(runs) if seed not in findings]
    with ThreadPoolExecutor(jobs) as pool, path.open("a") as file:
        for finding in pool.map(crash, remaining_seeds):
            findings[finding.seed] = {**finding.__dict__, "program": version}
            file.write(json.dumps(findings[finding.seed]) + "\n")
            file.flush()
            if not finding.is_good:
                print(f"seed {finding.seed}: {finding}", flush=True)
    return [findings[seed] for seed in range(runs)]


def summary(findings: list[dict[str, Any]], *, by: str = "", more: str = "") -> int:
    """Print the sums of all findings; returns the exit code.

    Args:
        by: words about who ran the imports.
        more: words at the end of the text.
    """
    troubles: Counter[str] = Counter()
    for finding in findings:
        troubles.update(finding["troubles"])
    lost, twice, faults = (
        sum(len(finding[kind]) for finding in findings) for kind in ("lost", "twice", "faults")
    )
    parts = ", ".join(f"{count} {kind}" for kind, count in sorted(troubles.items()))
    print(
        f"{len(findings)} imports of {sum(finding['rows'] for finding in findings):,} rows{by} in"
        f" {sum(finding['runs'] for finding in findings):,} runs: {parts}."
        f" {lost} lost, {twice} twice, {faults} other faults{more}."
    )
    return 1 if lost or twice or faults else 0
