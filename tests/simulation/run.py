"""Many simulated imports, or one of them in detail.

python tests/simulation/run.py --seeds 100000
python tests/simulation/run.py --seed 4711
"""

import argparse
import os
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from itertools import islice
from pathlib import Path

from scenario import draw
from world import Broken, World, history, simulate

from batch_import.state.store import Store

_CHUNK = 250


def main() -> int:
    parser = argparse.ArgumentParser(description="Simulate imports; every seed is another one.")
    parser.add_argument("--seeds", type=int, default=10_000, help="how many")
    parser.add_argument("--first", type=int, default=0, help="the first of them")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="processes")
    parser.add_argument("--resume", type=Path, help="a file that keeps how far it is")
    parser.add_argument("--seed", type=int, help="this one alone, with every call told")
    options = parser.parse_args()
    if options.seed is not None:
        return _replay(options.seed)
    return _many(options.first, options.seeds, options.jobs, options.resume)


def _say(words: str) -> None:
    sys.stdout.write(words + "\n")
    sys.stdout.flush()


def _replay(seed: int) -> int:
    with Store(None) as store:
        world = World(draw(seed), store)
        fault: BaseException | None = None
        try:
            world.run()
        except Exception as error:  # noqa: BLE001 - told below, after what led to it
            fault = error
        _say(str(world.scenario))
        for moment, kind, about in world.outcome.log:
            _say(f"{moment:12.3f}  {kind:10} {about}")
        for record in islice(store.reader.records(), 500):
            events = " → ".join(
                f"{event.time - world.platform.start:.3f} {event.status} {event.reason}".strip()
                for event in history(store, record.reference_id)
            )
            _say(f"{record.reference_id}: {record.status} {record.error} [{events}]")
    if isinstance(fault, Broken):
        _say(str(fault))
    elif fault:
        raise fault
    return 1 if fault else 0


def chunk(first: int, many: int) -> tuple[int, int, float, Counter[str], list[str]]:
    """Simulate a few; returns rows, calls, the most calls a row, statuses, and what broke."""
    rows = calls = 0
    most = 0.0
    statuses: Counter[str] = Counter()
    broken = []
    for seed in range(first, first + many):
        try:
            outcome = simulate(seed)
        except Broken as error:
            broken.append(str(error))
            continue
        except Exception as error:  # noqa: BLE001 - one seed must not end the others
            broken.append(f"seed {seed}: {type(error).__name__}: {error}")
            continue
        rows += outcome.scenario.rows
        calls += outcome.calls
        most = max(most, outcome.calls_a_row)
        statuses += outcome.statuses
    return rows, calls, most, statuses, broken


def _many(first: int, seeds: int, jobs: int, resume: Path | None) -> int:
    began = time.perf_counter()
    done = int(resume.read_text()) if resume and resume.exists() else first
    starts = range(max(first, done), first + seeds, _CHUNK)
    sizes = [min(_CHUNK, first + seeds - start) for start in starts]
    seeds = sum(sizes)
    rows = calls = bad = 0
    most = 0.0
    statuses: Counter[str] = Counter()
    with ProcessPoolExecutor(jobs) as pool:
        printed = zip(starts, sizes, pool.map(chunk, starts, sizes), strict=True)
        for start, size, (more_rows, more_calls, high, found, broken) in printed:
            if resume and not bad:  # what is broken is met again
                resume.write_text(str(start + (0 if broken else size)))
            rows, calls, most = rows + more_rows, calls + more_calls, max(most, high)
            statuses += found
            bad += len(broken)
            for words in broken:
                _say(words)
    spent = time.perf_counter() - began
    _say(
        f"{seeds} imports in {spent:.1f} s ({seeds / spent:.0f} a second): {rows} rows,"
        f" {calls} calls ({calls / max(rows, 1):.2f} a row, at most {most:.1f}),"
        f" {', '.join(f'{n} {status}' for status, n in sorted(statuses.items()))};"
        f" {bad} broken"
    )
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
