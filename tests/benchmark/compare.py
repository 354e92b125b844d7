"""Compares the importers of two checkouts, by the same simulated imports.

    python tests/benchmark/compare.py PATH --seeds 10000

The importer of each checkout runs in its own processes, with the simulation of its own checkout. If
`simulate` has the parameter `plain`, faults that older simulations do not have are left out, so
that a seed means the same import in both.
"""
# ruff: noqa: T201 - a command, which prints its table

import argparse
import json
import math
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).parents[2]
#: Program that runs in each of the checkouts, and prints a line of JSON per seed. It uses only
#: names that old checkouts have, too.
_SCRIPT = """
import inspect, json, sys
sys.path.insert(0, "tests/simulation")
import world
from world import Broken, simulate
go, busy = world._Run.go, [0.0]
def timed(self):
    began = self.world.now
    try:
        go(self)
    finally:
        busy[0] += self.world.now - began
world._Run.go = timed
first, many = int(sys.argv[1]), int(sys.argv[2])
plain = {"plain": True} if "plain" in inspect.signature(simulate).parameters else {}
for seed in range(first, first + many):
    busy[0] = 0.0
    try:
        made = simulate(seed, **plain)
    except Broken as broken:
        print(json.dumps({"seed": seed, "broken": broken.rule}), flush=True)
        continue
    kinds = {}
    for _, kind, _ in made.log:
        kinds[kind] = kinds.get(kind, 0) + 1
    print(json.dumps({"seed": seed, "rows": made.scenario.rows, "calls": made.calls, "kinds": kinds,
                      "runs": made.runs, "seconds": busy[0],
                      "statuses": {str(k): v for k, v in made.statuses.items()}}), flush=True)
"""


@dataclass
class Sums:
    """The sums over all seeds of one importer.

    Attributes:
        broken: seeds with a broken rule; the other sums do not include them.
        seconds: simulated seconds during which a run was executed.
        kinds: number of requests per kind.
    """

    imports: int = 0
    broken: list[int] = field(default_factory=list)
    rows: int = 0
    calls: int = 0
    runs: int = 0
    seconds: float = 0.0
    statuses: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)

    def add(self, outcome: dict[str, Any]) -> None:
        self.imports += 1
        self.rows += outcome["rows"]
        self.calls += outcome["calls"]
        self.runs += outcome["runs"]
        self.seconds += outcome["seconds"]
        self.statuses.update(outcome["statuses"])
        self.kinds.update(outcome["kinds"])


def simulate_all(checkout: Path, first: int, count: int, jobs: int) -> Iterator[dict[str, Any]]:
    """Simulate `count` seeds with the importer of a checkout; yields the outcome of each seed."""
    environ = {**os.environ, "PYTHONPATH": str(checkout)}
    seeds_per_process = math.ceil(count / jobs)
    spans = [
        (start, min(seeds_per_process, first + count - start))
        for start in range(first, first + count, seeds_per_process)
    ]
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", _SCRIPT, str(start), str(size)],
            cwd=checkout, env=environ, stdout=subprocess.PIPE, text=True,
        )
        for start, size in spans
    ]  # fmt: skip
    for process in processes:
        assert process.stdout is not None
        yield from map(json.loads, process.stdout)
        if process.wait():
            raise SystemExit(f"{checkout}: the simulation ended with {process.returncode}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("other", type=Path, help="folder of the other checkout")
    parser.add_argument("--seeds", type=int, default=1000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument(
        "--worst", type=int, default=0, help="number of seeds to print, the worst changes first"
    )
    options = parser.parse_args()
    span = options.first, options.seeds, options.jobs
    old = {outcome["seed"]: outcome for outcome in simulate_all(options.other.resolve(), *span)}
    new = {outcome["seed"]: outcome for outcome in simulate_all(_ROOT, *span)}
    both = [seed for seed in old if "calls" in old[seed] and "calls" in new[seed]]
    sums = Sums(), Sums()
    for seed in both:
        sums[0].add(old[seed])
        sums[1].add(new[seed])
    print(
        f"{len(both)} imports, {sums[0].rows} rows; broken: "
        f"{[s for s in old if 'broken' in old[s]]} → {[s for s in new if 'broken' in new[s]]}"
    )
    #: Name of a figure, and its value for each importer.
    lines = [
        ("calls a row", *(s.calls / s.rows for s in sums)),
        ("seconds at work an import", *(s.seconds / max(1, s.imports) for s in sums)),
        ("runs an import", *(s.runs / max(1, s.imports) for s in sums)),
    ]
    lines += [
        (f"rows {status}, %", *(100 * s.statuses[status] / s.rows for s in sums))
        for status in sorted({*sums[0].statuses, *sums[1].statuses})
    ]
    lines += [
        (f"{kind} a row", *(s.kinds[kind] / s.rows for s in sums))
        for kind in sorted({*sums[0].kinds, *sums[1].kinds})
    ]
    print(f"{'':24} {'other':>10} {'this':>10} {'ratio':>7}")
    for name, other, this in lines:
        print(f"{name:24} {other:10.3f} {this:10.3f} {this / other if other else 0:7.2f}")
    extra = sorted(both, key=lambda s: old[s]["calls"] - new[s]["calls"])[: options.worst]
    for seed in extra:
        print(seed, old[seed]["calls"], new[seed]["calls"], new[seed]["kinds"], new[seed]["rows"])
    slower = sorted(both, key=lambda s: old[s]["seconds"] - new[s]["seconds"])[: options.worst]
    for seed in slower:
        print(seed, round(old[seed]["seconds"]), round(new[seed]["seconds"]), new[seed]["runs"])


if __name__ == "__main__":
    main()
