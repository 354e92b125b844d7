"""Computes a hash of many simulated imports, to show that a refactoring changes no behaviour.

The hash of a seed covers every request (its time, its kind, and its row or page) and every row at
the end (status, ingest, media, key, and the status and time of each event). It does not cover the
texts of errors and reasons, so that these can be reworded.

python tests/simulation/fingerprint.py                          one hash over 10,000 seeds
python tests/simulation/fingerprint.py --write before.txt       also write the hash of each seed
python tests/simulation/fingerprint.py --compare before.txt     print the first seeds that differ
python tests/simulation/fingerprint.py --check                  compare with fingerprint.txt
python tests/simulation/fingerprint.py --update                 write fingerprint.txt again
"""

import argparse
import hashlib
import os
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from scenario import draw
from world import START, Broken, Store, World

#: The file of the committed hashes, one line per part: the first seed, and the hash of all its
#: seeds. Only a change of the importer's behaviour, or of the simulation, changes the hashes.
COMMITTED = Path(__file__).with_name("fingerprint.txt")
#: Number of seeds of a part. `test_import.py` checks the first parts.
PART = 50
#: Number of parts.
PARTS = 50
#: Maximum number of differing seeds to print.
_MAX_LISTED_SEEDS = 20
#: Number of seeds that a process gets at a time.
_CHUNK = 50
#: Name of each kind of request in the hashed text, which is the name that its class had when the
#: committed hashes were made.
_HASHED_NAMES = {
    "CreateMedia": "Create",
    "GetIngestStatus": "AskStatus",
    "FindByReference": "Find",
    "GetAccount": "AskAccount",
    "ReadPage": "ReadPage",
}


def fingerprint(seed: int, open_store: Callable[[], Store] = lambda: Store(None)) -> str:
    """Return the hash of one import. It also covers a broken rule, or another error.

    Args:
        open_store: makes an empty job database.
    """
    return simulate_with_hash(seed, open_store)[0]


def simulate_with_hash(
    seed: int, open_store: Callable[[], Store] = lambda: Store(None)
) -> tuple[str, str]:
    """Return the hash of one import, and the broken rule or other error; empty if there is none."""
    digest = hashlib.sha256()
    with open_store() as store:
        world = World(draw(seed), store)
        result, message = "all rows are done", ""
        try:
            world.run()
        except Broken as broken:
            result, message = f"broken: {broken.rule}", str(broken)
        except Exception as error:  # noqa: BLE001 - one seed must not end the others
            result = f"error: {type(error).__name__}"
            message = f"seed {seed}: {traceback.format_exc()}"
        for line in (*_request_lines(world), *_row_lines(store), result):
            digest.update(line.encode())
            digest.update(b"\n")
    return digest.hexdigest()[:16], message


def _request_lines(world: World) -> Iterator[str]:
    for seconds, kind, about in world.outcome.log:
        yield f"{seconds:.6f} {_HASHED_NAMES[kind]} {about}"


def _row_lines(store: Store) -> Iterator[str]:
    # The simulated manifest is loaded only once. Therefore the rows are numbered in its order.
    for number, row in enumerate(store.reader.records(), start=1):
        yield f"{row.reference_id} {row.status} {row.ingest_id} {row.media_id} {row.key}"
        for event in store.reader.events(number):
            yield f"  {event.time - START:.6f} {event.status}"


def hash_of_all(hashes: Iterable[str]) -> str:
    """Return one hash of the hashes of several seeds, in their order."""
    return hashlib.sha256("\n".join(hashes).encode()).hexdigest()


def committed() -> dict[int, str]:
    """Return the first seed of each part → its committed hash."""
    return _read(COMMITTED)


def _hash_parts(hashes: dict[int, str]) -> dict[int, str]:
    """Return the first seed of each part → the hash of all its seeds."""
    return {
        first: hash_of_all(hashes[seed] for seed in range(first, first + PART))
        for first in range(0, PART * PARTS, PART)
    }


def main() -> int:
    options = _parser().parse_args()
    if options.check or options.update:
        options.first, options.seeds = 0, PART * PARTS
    seeds = range(options.first, options.first + options.seeds)
    with ProcessPoolExecutor(options.jobs) as pool:
        hashes = dict(zip(seeds, pool.map(fingerprint, seeds, chunksize=_CHUNK), strict=True))
    _print(f"seeds {seeds.start} to {seeds.stop - 1}: {hash_of_all(hashes.values())}")
    if options.write:
        _write(options.write, hashes)
    if options.update:
        _write(COMMITTED, _hash_parts(hashes))
    if options.check:
        return _print_differences(committed(), _hash_parts(hashes), f"of {PART} seeds from")
    if options.compare:
        return _print_differences(_read(options.compare), hashes, "of seed")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Compute a hash of simulated imports.")
    parser.add_argument("--seeds", type=int, default=10_000, help="number of seeds")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="number of processes")
    parser.add_argument("--write", type=Path, metavar="FILE", help="write each seed's hash")
    parser.add_argument("--compare", type=Path, metavar="FILE", help="name seeds that differ")
    parser.add_argument("--check", action="store_true", help=f"compare with {COMMITTED.name}")
    parser.add_argument("--update", action="store_true", help=f"write {COMMITTED.name} again")
    return parser


def _write(path: Path, hashes: dict[int, str]) -> None:
    path.write_text("".join(f"{k} {value}\n" for k, value in hashes.items()), encoding="utf-8")


def _read(path: Path) -> dict[int, str]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return {int(number): value for number, value in map(str.split, lines)}


def _print_differences(before: dict[int, str], now: dict[int, str], of: str) -> int:
    """Compare the hashes of the seeds that both have, and print the result; returns the exit code.

    Args:
        of: words between "the hash" and the seeds that differ.
    """
    common = before.keys() & now.keys()
    differing = sorted(seed for seed in common if before[seed] != now[seed])
    _print(f"{len(common)} compared, {len(differing)} differ")
    if differing:
        _print(f"the hash {of} " + ", ".join(map(str, differing[:_MAX_LISTED_SEEDS])))
    return 1 if differing or not common else 0


def _print(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
