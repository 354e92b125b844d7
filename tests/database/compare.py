"""Simulated imports on SQLite and on PostgreSQL, call for call and row for row alike.

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
    parser.add_argument("--seeds", type=int, default=300, help="how many, from seed 0 on")
    options = parser.parse_args()
    programs = installed()
    if programs is None:
        sys.exit("PostgreSQL is not installed: make test-programs")
    server, numbers = Server(programs), count(1)
    try:
        url = server.new_database()
        catalog.prepare(url)

        def opened() -> Store:
            return Store(DatabaseState(url, f"job {next(numbers)}"), create=True)

        different = [
            seed for seed in range(options.seeds) if fingerprint(seed) != fingerprint(seed, opened)
        ]
    finally:
        server.close()
    sys.stdout.write(f"{options.seeds} imports on both databases, {len(different)} different.\n")
    if different:
        sys.stdout.write(f"Different: {different[:20]}\n")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
