"""Compares simulated imports on SQLite and on PostgreSQL: their requests and rows must be the same.

python tests/database/compare.py --seeds 300
"""

import argparse
import sys
from itertools import count
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parents[1]), str(HERE), str(HERE.parent / "simulation")]

from fingerprint import fingerprint  # noqa: E402
from server import Server, installed  # noqa: E402

from batch_import.job import DatabaseState  # noqa: E402
from batch_import.state import catalog  # noqa: E402
from batch_import.state.store import Store  # noqa: E402


def main() -> int:
    parser = argparse.ArgumentParser(description="Imports on both databases.")
    parser.add_argument("--seeds", type=int, default=300, help="number of seeds, from 0 on")
    options = parser.parse_args()
    programs = installed()
    if programs is None:
        sys.exit("PostgreSQL is not installed: make test-programs")
    server, numbers = Server(programs), count(1)
    try:
        url = server.new_database()
        catalog.prepare(url)

        def open_store() -> Store:
            return Store(DatabaseState(url, f"job {next(numbers)}"), create=True)

        different_seeds = [
            seed
            for seed in range(options.seeds)
            if fingerprint(seed) != fingerprint(seed, open_store)
        ]
    finally:
        server.close()
    sys.stdout.write(
        f"{options.seeds} imports on both databases, {len(different_seeds)} different.\n"
    )
    if different_seeds:
        sys.stdout.write(f"Different: {different_seeds[:20]}\n")
    return 1 if different_seeds else 0


if __name__ == "__main__":
    sys.exit(main())
