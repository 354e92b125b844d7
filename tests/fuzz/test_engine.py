"""Simulates whole imports with a hostile platform, whose first answers may be anything.

The importer runs against the simulated platform on a virtual clock. Some answers are replaced by
random ones, whether or not the platform processed the request. Three answers are excluded, because
no client could recognize that they are wrong: 401, 403 or 429 for a POST that created a media; the
ID of an ingest that does not exist; and a valid list in which existing media are missing.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from budget import IMPORTS
from hostile_answers import SECRET, RawAnswer, answers
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from requests.structures import CaseInsensitiveDict

from batch_import.configuration.settings import Settings
from batch_import.errors import RequestFailed, RunFault
from batch_import.importer.dispatch import Dispatcher
from batch_import.models import ManifestRow, MediaPage, Status
from batch_import.rehearsal import virtual
from batch_import.sandbox.knobs import Knobs
from batch_import.sandbox.platform import SimulatedPlatform
from batch_import.sandbox.replies import SimulatedReply, SimulatedRequest
from batch_import.state.store import Store
from batch_import.viostream.endpoints import ApiRequest
from batch_import.viostream.rate_limiter import RateLimiter

#: Epoch seconds at which the simulated time starts.
START = 1_700_000_000.0
ROWS = 6
#: Maximum number of requests of one import; an import that ends needs far fewer.
MAX_REQUESTS = 4_000
#: Number of runs; the platform of the last ones is honest.
RUNS = 6
#: Statuses that mean: the platform has not processed the request.
REFUSALS = (401, 403, 429)


@dataclass(frozen=True)
class Mischief:
    """A random answer, and whether the platform processes the request before it sends it."""

    is_processed: bool
    answer: RawAnswer


class RawReply(SimulatedReply):
    """A reply whose bytes are parsed by the real client."""

    raw: RawAnswer


@dataclass
class HostilePlatform:
    """A simulated platform that gives random answers to the first requests, then correct ones.

    Attributes:
        mischiefs: one item per request: the random answer, or None for the correct one.
    """

    honest: SimulatedPlatform
    mischiefs: Iterator[Mischief | None]
    calls: int = field(default=0)

    def handle(self, request: SimulatedRequest, now: float) -> SimulatedReply:
        self.calls += 1
        assert self.calls < MAX_REQUESTS, "the import does not end"
        mischief = next(self.mischiefs, None)
        if mischief is None:
            return self.honest.handle(request, now)
        is_refusal = request.method == "POST" and mischief.answer.status in REFUSALS
        if mischief.is_processed and not is_refusal:
            self.honest.handle(request, now)
        reply = RawReply(mischief.answer.status, delay=mischief.answer.delay)
        reply.raw = mischief.answer
        return reply


def read_reply(request: ApiRequest[Any], reply: SimulatedReply, now: float) -> Any:
    """Return the client's result or error for a reply, which may have random bytes."""
    if not isinstance(reply, RawReply):
        return ORIGINAL_CLIENT_ANSWER(request, reply, now)
    text = reply.raw.body.decode("utf-8", "replace")
    try:
        answer = request.read_response(
            reply.status, CaseInsensitiveDict(reply.raw.headers), text, now
        )
    except RequestFailed as failed:
        assert SECRET not in failed.message  # noqa: PT017
        return failed
    if isinstance(answer, MediaPage) or request.method == "POST":
        # A valid list without the existing media, or the ID of a missing ingest: see above.
        return virtual.NoAnswer("left out")
    return answer


ORIGINAL_CLIENT_ANSWER = virtual.client_answer


def make_store(rows: int) -> Store:
    store = Store(None)
    store.load(
        (
            ManifestRow(
                n + 1, f"ref-{n}", f"ref-{n}", f"https://e.com/{n}.mp4", f"V {n}", "mp4", ()
            )
            for n in range(1, rows + 1)
        ),
        START,
    )
    return store


mischiefs = st.none() | st.builds(
    Mischief,
    st.booleans(),
    st.builds(
        lambda answer, delay: RawAnswer(answer.status, answer.headers, answer.body, delay),
        answers,
        st.sampled_from([0.0, 0.0, 3.0, 59.0]),
    ),
)


@pytest.fixture(autouse=True)
def _raw_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(virtual, "client_answer", read_reply)


@settings(
    max_examples=IMPORTS,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(st.lists(mischiefs, max_size=40), st.integers(0, 2**16))
def test_no_answer_makes_a_second_video(plan: list[Mischief | None], seed: int) -> None:
    options = Settings(rate=50.0, workers=4, poll_interval=2.0, max_wait=600.0, settle=120.0)
    honest = SimulatedPlatform(Knobs(), seed, START)
    platform = HostilePlatform(honest, iter(plan))
    with make_store(ROWS) as store:
        now = START
        for number in range(RUNS):
            if number == RUNS - 2:
                store.queue.retry_failed(now)
            now = execute_run(store, platform, options, now, seed + number)
            check_once(honest, now)
        check_end(store, honest, now)
        dump = "\n".join(store.connection.db.iterdump())
        assert SECRET not in dump


def execute_run(
    store: Store, platform: HostilePlatform, options: Settings, now: float, seed: int
) -> float:
    """Run until the run ends or fails; returns the time of the next run."""
    dispatcher = Dispatcher(options, store, RateLimiter(options.rate, now), now)
    run = virtual.VirtualRun(
        dispatcher,
        platform,  # type: ignore[arg-type]
        start=now,
        workers=options.workers,
        latency=(0.05, 0.2),
        timeout=60.0,
        seed=seed,
    )
    try:
        run.run()
    except RunFault as fault:
        assert SECRET not in str(fault)  # noqa: PT017
    dispatcher.withdraw(run.now)
    store.queue.recover(run.now)
    assert math.isfinite(run.now)
    return run.now + 300


def check_once(platform: SimulatedPlatform, now: float) -> None:
    """Check that no row has two videos."""
    for number in range(1, ROWS + 1):
        assert len(platform.non_failed_media(f"ref-{number}", now)) <= 1, (
            f"ref-{number} has two videos"
        )


def check_end(store: Store, platform: SimulatedPlatform, now: float) -> None:
    """Check that no row is lost, and that each imported row has the key of its own media."""
    records = list(store.reader.records())
    assert len(records) == ROWS
    for record in records:
        media = platform.non_failed_media(record.reference_id, now)
        if record.status is Status.IMPORTED and media:
            assert record.key == media[0].key
