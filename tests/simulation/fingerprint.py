"""A hash over many simulated imports, to show that a change of the code changes nothing else.

Hashed are, for each seed: every call that left (when, its kind, what it was about), and every row
at the end (status, ingest, media, key, and the status and time of each of its events). Texts of
errors and reasons are not, so that they may be reworded.

python tests/simulation/fingerprint.py                          one hash over 10,000 seeds
python tests/simulation/fingerprint.py --write before.txt       a hash of each seed, too
python tests/simulation/fingerprint.py --compare before.txt     the first seeds that differ
python tests/simulation/fingerprint.py --check                  compare with fingerprint.txt
python tests/simulation/fingerprint.py --update                 write fingerprint.txt anew
"""

import argparse
import hashlib
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from scenario import draw
from world import START, Broken, Store, World

#: The committed hashes. Only a change of the engine, or of what is simulated, changes them.
COMMITTED = Path(__file__).with_name("fingerprint.txt")
#: Seeds that have one line there. The first part is checked with every test run.
PART = 250
PARTS = 10
#: Seeds that differ, and are named.
_NAMED = 20
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


def fingerprint(seed: int, opened: Callable[[], Store] = lambda: Store(None)) -> str:
    """The hash of one import. A rule that does not hold is part of it, as is any other error.

    Args:
        opened: makes an empty state.
    """
    digest = hashlib.sha256()
    with opened() as store:
        world = World(draw(seed), store)
        ended = "all rows are done"
        try:
            world.run()
        except Broken as broken:
            ended = f"broken: {broken.rule}"
        except Exception as error:  # noqa: BLE001 - one seed must not end the others
            ended = f"error: {type(error).__name__}"
        for line in (*_calls(world), *_rows(store), ended):
            digest.update(line.encode())
            digest.update(b"\n")
    return digest.hexdigest()[:16]


def _calls(world: World) -> Iterator[str]:
    for moment, kind, about in world.outcome.log:
        yield f"{moment:.6f} {_HASHED_NAMES[kind]} {about}"


def _rows(store: Store) -> Iterator[str]:
    # The simulated manifest is read once, so that the rows are numbered in its order.
    for number, row in enumerate(store.reader.records(), start=1):
        yield f"{row.reference_id} {row.status} {row.ingest_id} {row.media_id} {row.key}"
        for event in store.reader.events(number):
            yield f"  {event.time - START:.6f} {event.status}"


def together(hashes: Iterable[str]) -> str:
    """One hash over those of several seeds, in their order."""
    return hashlib.sha256("\n".join(hashes).encode()).hexdigest()


def committed() -> dict[int, str]:
    """The committed hash of each part, by its first seed."""
    return _read(COMMITTED)


def _parts(hashes: dict[int, str]) -> dict[int, str]:
    """One hash for each full part of the seeds."""
    return {
        first: together(hashes[seed] for seed in range(first, first + PART))
        for first in range(0, PART * PARTS, PART)
    }


def main() -> int:
    options = _parser().parse_args()
    if options.check or options.update:
        options.first, options.seeds = 0, PART * PARTS
    seeds = range(options.first, options.first + options.seeds)
    with ProcessPoolExecutor(options.jobs) as pool:
        hashes = dict(zip(seeds, pool.map(fingerprint, seeds, chunksize=_CHUNK), strict=True))
    _say(f"seeds {seeds.start} to {seeds.stop - 1}: {together(hashes.values())}")
    if options.write:
        _write(options.write, hashes)
    if options.update:
        _write(COMMITTED, _parts(hashes))
    if options.check:
        return _tell_differences(committed(), _parts(hashes), f"of {PART} seeds from")
    if options.compare:
        return _tell_differences(_read(options.compare), hashes, "of seed")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Hash what simulated imports do.")
    parser.add_argument("--seeds", type=int, default=10_000, help="how many")
    parser.add_argument("--first", type=int, default=0, help="the first of them")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="processes")
    parser.add_argument("--write", type=Path, metavar="FILE", help="write each seed's hash")
    parser.add_argument("--compare", type=Path, metavar="FILE", help="name seeds that differ")
    parser.add_argument("--check", action="store_true", help=f"compare with {COMMITTED.name}")
    parser.add_argument("--update", action="store_true", help=f"write {COMMITTED.name} anew")
    return parser


def _write(path: Path, hashes: dict[int, str]) -> None:
    path.write_text("".join(f"{k} {value}\n" for k, value in hashes.items()), encoding="utf-8")


def _read(path: Path) -> dict[int, str]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return {int(number): value for number, value in map(str.split, lines)}


def _tell_differences(before: dict[int, str], now: dict[int, str], of: str) -> int:
    """Returns the exit code. Hashes that only one side has are not compared, but counted."""
    common = before.keys() & now.keys()
    differing = sorted(key for key in common if before[key] != now[key])
    _say(f"{len(common)} compared, {len(differing)} differ")
    if differing:
        _say(f"the hash {of} " + ", ".join(map(str, differing[:_NAMED])))
    return 1 if differing or not common else 0


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
