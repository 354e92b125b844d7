"""Measures imports from clean and faulty platforms on a virtual clock; prints medians.

    python tests/benchmark/faulty.py --runs 11

`run.py --only g` measures the same imports over HTTP, which takes an hour; this takes a minute.

The *limit* of an import is the shortest possible time: the number of rows divided by the number of
requests per second that are allowed, plus the longest processing time of a video.
"""
# ruff: noqa: T201 - a command, which prints its table

import argparse
import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from run import FEW_FAULTS, MANY_FAULTS
from virtual import START, manifest_rows

from batch_import.configuration.settings import Settings
from batch_import.importer.dispatch import Dispatcher
from batch_import.rehearsal.virtual import VirtualRun
from batch_import.sandbox.knobs import Knobs
from batch_import.sandbox.platform import SimulatedPlatform
from batch_import.state.store import Store
from batch_import.viostream.rate_limiter import RateLimiter

_WORKERS = 8
#: Minimum and maximum seconds of a request and its answer in the network.
_LATENCY = (0.02, 0.05)
#: Seconds between two runs of a job.
_PAUSE_SECONDS = 30.0


@dataclass(frozen=True)
class Case:
    """One import, and optionally a second import with more rows into the same job.

    Attributes:
        rate: requests per second that the run may send.
        poll: seconds between two polls of a row.
        targets: for each run, the maximum of its time divided by the limit, and the maximum of its
            requests per row.
        more: number of rows of the second import; 0 if there is none.
    """

    name: str
    rows: int
    rate: float
    poll: float
    knobs: dict[str, Any]
    targets: tuple[float, ...]
    more: int = 0

    @property
    def limit(self) -> float:
        """Maximum number of rows per second: the run's rate, or the platform's rate limit."""
        return min(self.rate, self.knobs.get("rate_limit") or self.rate)


def cases() -> Iterator[Case]:
    """Yield the cases in the order of the table."""
    clean = {"processing": (2.0, 2.0), "rate_limit": 20.0, "burst": 20}
    few = {"processing": (3.0, 10.0), "rate_limit": 30.0, "retry_after": "none", **FEW_FAULTS}
    many = {"processing": (0.5, 1.5), "retry_after": "none", **MANY_FAULTS}
    for listed, clean_to, few_to, many_to in (
        ("created", (1.04, 1.03), (1.25, 1.12, 1.35, 2.0), (3.0, 1.45)),
        ("online", (1.05, 1.06), (1.50, 1.12, 1.6, 2.0), (3.4, 1.6)),
    ):
        about = {"listed_from": listed}
        once = f"listed once {listed}"
        yield Case(f"clean, {once}", 1000, 20, 1.0, {**clean, **about}, clean_to)
        yield Case(f"few faults, {once}", 600, 60, 3.0, {**few, **about}, few_to, more=40)
        yield Case(f"many faults, {once}", 150, 60, 0.5, {**many, **about}, many_to)


def measure(case: Case, seed: int) -> Iterator[float]:
    """Yield, for each run, its time divided by the limit, and its requests per row."""
    platform = SimulatedPlatform(Knobs.from_mapping(case.knobs), seed, START)
    settings = Settings(rate=case.rate, workers=_WORKERS, poll_interval=case.poll)
    now, before = START, 0
    with Store(None) as store:
        for added in (case.rows, case.more) if case.more else (case.rows,):
            store.load(manifest_rows(case.rows + (added if before else 0)), now)
            dispatcher = Dispatcher(settings, store, RateLimiter(case.rate, now), now)
            run = VirtualRun(
                dispatcher, platform, start=now, workers=_WORKERS, latency=_LATENCY,
                timeout=settings.timeout[1], seed=seed,
            )  # fmt: skip
            run.run()
            dispatcher.withdraw(run.now)
            calls = platform.calls.total()
            seconds = run.last_reply_at - (run.first_create_at or now)
            yield seconds / (added / case.limit + case.knobs["processing"][1])
            yield (calls - before) / added
            now, before = run.now + _PAUSE_SECONDS, calls


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=11)
    runs = parser.parse_args().runs
    parts = ("time ÷ limit", "calls a row", "40 rows added: time ÷ limit", "… calls a row")
    print(f"{'':32} {'':28} {'asked':>6} {'median':>7} {'worst':>6}")
    for case in cases():
        runs_of_case = [list(measure(case, seed)) for seed in range(1, runs + 1)]
        figures_by_part = zip(*runs_of_case, strict=True)
        for part, target, figures in zip(parts, case.targets, figures_by_part, strict=False):
            median = statistics.median(figures)
            print(f"{case.name:32} {part:28} {target:6.2f} {median:7.2f} {max(figures):6.2f}")


if __name__ == "__main__":
    main()
