"""Measures a whole import on a virtual clock; the options describe the simulated platform.

Prints one line of JSON. Seconds in it are simulated, except `real_seconds`.
"""
# ruff: noqa: T201 - the runner reads what this process prints

import argparse
import json
import time
from dataclasses import dataclass
from typing import Any

from samples import sample

from batch_import.configuration.settings import Settings
from batch_import.importer.dispatch import Dispatcher
from batch_import.models import ManifestRow
from batch_import.rehearsal.virtual import VirtualRun
from batch_import.sandbox.knobs import Knobs
from batch_import.sandbox.platform import SimulatedPlatform
from batch_import.state.store import Store
from batch_import.viostream.rate_limiter import RateLimiter

#: Epoch seconds at which the simulated time starts; the value has no meaning.
START = 1_000_000.0


@dataclass(frozen=True)
class Case:
    """The options of the import; spans are minimum and maximum seconds.

    Attributes:
        rate: requests per second that the run may send.
        rate_limit: requests per second that the platform accepts; 0 for no limit.
    """

    rows: int
    rate: float
    processing: tuple[float, float]
    listed_from: str = "created"
    rate_limit: float = 0.0
    retry_after: str = "seconds"
    latency: tuple[float, float] = (0.05, 0.2)
    workers: int = 32
    poll_interval: float = 30.0
    seed: int = 1

    @property
    def max_in_flight(self) -> int:
        """Number of rows in flight that this rate needs; a lower limit would reduce the rate."""
        return max(Settings().max_in_flight, int(2 * self.rate * self.processing[1]))


def _platform(case: Case) -> SimulatedPlatform:
    knobs = {
        "processing": case.processing,
        "listed_from": case.listed_from,
        "rate_limit": case.rate_limit,
        "retry_after": case.retry_after,
    }
    return SimulatedPlatform(Knobs.from_mapping(knobs), case.seed, START)


def _run(case: Case, store: Store, platform: SimulatedPlatform) -> VirtualRun:
    settings = Settings(
        rate=case.rate,
        workers=case.workers,
        poll_interval=case.poll_interval,
        max_in_flight=case.max_in_flight,
    )
    run = VirtualRun(
        Dispatcher(settings, store, RateLimiter(case.rate, START), START),
        platform,
        start=START,
        workers=case.workers,
        latency=case.latency,
        timeout=settings.timeout[1],
        seed=case.seed,
    )
    run.run()
    return run


def manifest_rows(rows: int) -> list[ManifestRow]:
    manifest = []
    for number in range(1, rows + 1):
        url, name, extension, reference = sample(number).values()
        manifest.append(ManifestRow(number + 1, reference, reference, url, name, extension, ()))
    return manifest


def measure(case: Case) -> dict[str, Any]:
    started = time.monotonic()
    store, platform = Store(None), _platform(case)
    store.load(manifest_rows(case.rows), START)
    run = _run(case, store, platform)
    began = run.first_create_at or START
    possible_rate = case.rate if not case.rate_limit else min(case.rate, case.rate_limit)
    limit = case.rows / possible_rate + case.processing[1]
    return {
        "imported": store.reader.counts().imported,
        "makespan": run.last_reply_at - began,
        "limit": limit,
        "calls": platform.calls.total(),
        "kinds": dict(platform.calls),
        "sent": dict(run.sent_counts),
        "refused": platform.rate_limited,
        "videos": len(platform.media),
        "real_seconds": time.monotonic() - started,
        "max_in_flight": case.max_in_flight,
    }


def _span(text: str) -> tuple[float, float]:
    low, high = map(float, text.split(","))
    return low, high


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--rows", type=int, default=100_000)
    add("--rate", type=float, default=50.0)
    add("--processing", type=_span, default=(5.0, 120.0), metavar="LOW,HIGH")
    add("--listed-from", choices=("created", "online"), default="created")
    add("--rate-limit", type=float, default=0.0)
    add("--retry-after", choices=("seconds", "date", "none"), default="seconds")
    add("--latency", type=_span, default=(0.05, 0.2), metavar="LOW,HIGH")
    add("--workers", type=int, default=32)
    add("--poll-interval", type=float, default=30.0)
    add("--seed", type=int, default=1)
    print(json.dumps(measure(Case(**vars(parser.parse_args())))))


if __name__ == "__main__":
    main()
