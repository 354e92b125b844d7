"""Runs many simulated imports, or one of them with a log of its requests.

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

#: Number of seeds that a process simulates before it reports its results.
_CHUNK = 250


def main() -> int:
    parser = argparse.ArgumentParser(description="Simulate imports, one per seed.")
    parser.add_argument("--seeds", type=int, default=10_000, help="number of seeds")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="number of processes")
    parser.add_argument("--resume", type=Path, help="file with the progress, to continue later")
    parser.add_argument("--seed", type=int, help="simulate only this seed, and print every request")
    options = parser.parse_args()
    if options.seed is not None:
        return _replay(options.seed)
    return _simulate_all(options.first, options.seeds, options.jobs, options.resume)


def _print(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _replay(seed: int) -> int:
    with Store(None) as store:
        world = World(draw(seed), store)
        fault: BaseException | None = None
        try:
            world.run()
        except Exception as error:  # noqa: BLE001 - raised below, after the log
            fault = error
        _print(str(world.scenario))
        for seconds, kind, about in world.outcome.log:
            _print(f"{seconds:12.3f}  {kind:10} {about}")
        for record in islice(store.reader.records(), 500):
            events = " → ".join(
                f"{event.time - world.platform.start:.3f} {event.status} {event.reason}".strip()
                for event in history(store, record.reference_id)
            )
            _print(f"{record.reference_id}: {record.status} {record.error} [{events}]")
    if isinstance(fault, Broken):
        _print(str(fault))
    elif fault:
        raise fault
    return 1 if fault else 0


def simulate_chunk(first: int, count: int) -> tuple[int, int, float, Counter[str], list[str]]:
    """Simulate some seeds.

    Returns the number of rows, the number of requests, the maximum of the requests per row of an
    import, the number of rows per status, and a text for each seed with a broken rule.
    """
    rows = calls = 0
    max_per_row = 0.0
    statuses: Counter[str] = Counter()
    broken = []
    for seed in range(first, first + count):
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
        max_per_row = max(max_per_row, outcome.requests_per_row)
        statuses += outcome.statuses
    return rows, calls, max_per_row, statuses, broken


def _simulate_all(first: int, seeds: int, jobs: int, resume: Path | None) -> int:
    began = time.perf_counter()
    done = int(resume.read_text()) if resume and resume.exists() else first
    starts = range(max(first, done), first + seeds, _CHUNK)
    sizes = [min(_CHUNK, first + seeds - start) for start in starts]
    seeds = sum(sizes)
    rows = calls = broken_count = 0
    max_per_row = 0.0
    statuses: Counter[str] = Counter()
    with ProcessPoolExecutor(jobs) as pool:
        results = zip(starts, sizes, pool.map(simulate_chunk, starts, sizes), strict=True)
        for start, size, (new_rows, new_calls, new_max, new_statuses, broken) in results:
            if resume and not broken_count:  # the next call starts again at the first broken chunk
                resume.write_text(str(start + (0 if broken else size)))
            rows, calls = rows + new_rows, calls + new_calls
            max_per_row = max(max_per_row, new_max)
            statuses += new_statuses
            broken_count += len(broken)
            for text in broken:
                _print(text)
    seconds = time.perf_counter() - began
    _print(
        f"{seeds} imports in {seconds:.1f} s ({seeds / seconds:.0f} per second): {rows} rows,"
        f" {calls} requests ({calls / max(rows, 1):.2f} per row, at most {max_per_row:.1f}),"
        f" {', '.join(f'{n} {status}' for status, n in sorted(statuses.items()))};"
        f" {broken_count} broken"
    )
    return 1 if broken_count else 0


if __name__ == "__main__":
    sys.exit(main())
