"""Many imports with bad luck, one from each seed, none of them twice with one program."""

import argparse
import json
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any


def options(description: str, jobs: int) -> argparse.Namespace:
    """The command line: `runs`, `jobs` and `seed`."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--runs", type=int, default=200, help="how many, from seed 0 on")
    parser.add_argument("--jobs", type=int, default=jobs, help="how many at once")
    parser.add_argument("--seed", type=int, help="this one alone")
    return parser.parse_args()


def run_one(crash: Callable[[int], Any], seed: int) -> int:
    """Run one import, and print what was found; returns the exit code."""
    found = crash(seed)
    print(json.dumps(found.__dict__, indent=2))
    return 0 if found.is_good else 1


def run_all(
    crash: Callable[[int], Any], runs: int, jobs: int, version: str, path: Path
) -> list[dict[str, Any]]:
    """Run all imports that have no line in the file with this version; returns all findings."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = path.read_text().splitlines() if path.exists() else []
    done = {each["seed"]: each for each in map(json.loads, lines) if each["program"] == version}
    todo = [seed for seed in range(runs) if seed not in done]
    with ThreadPoolExecutor(jobs) as pool, path.open("a") as file:
        for found in pool.map(crash, todo):
            done[found.seed] = {**found.__dict__, "program": version}
            file.write(json.dumps(done[found.seed]) + "\n")
            file.flush()
            if not found.is_good:
                print(f"seed {found.seed}: {found}", flush=True)
    return [done[seed] for seed in range(runs)]


def summary(found: list[dict[str, Any]], *, by: str = "", more: str = "") -> int:
    """Print the sums of all findings; returns the exit code."""
    troubles: Counter[str] = Counter()
    for each in found:
        troubles.update(each["troubles"])
    lost, twice, faults = (
        sum(len(each[kind]) for each in found) for kind in ("lost", "twice", "faults")
    )
    parts = ", ".join(f"{count} {kind}" for kind, count in sorted(troubles.items()))
    print(
        f"{len(found)} imports of {sum(each['rows'] for each in found):,} rows{by} in"
        f" {sum(each['runs'] for each in found):,} runs: {parts}."
        f" {lost} lost, {twice} twice, {faults} other faults{more}."
    )
    return 1 if lost or twice or faults else 0
