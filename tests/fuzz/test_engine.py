"""Whole imports from a platform that may answer anything: the engine against the sandbox's model on
a virtual clock, with answers in between that no honest platform gives.

What it says of calls that it did not carry out, and of those that it did, may be nonsense; only
plain lies are left out, which nobody could see through: a 429, 401 or 403 for a POST that was
carried out, an ingest that there is none of, and a list that reads well and lacks what is there.
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

START = 1_700_000_000.0
ROWS = 6
#: Calls of one import, far more than any takes that ends.
MOST_CALLS = 4_000
#: Runs, the last of which meet an honest platform.
RUNS = 6
#: A platform that says so did not carry a call out.
REFUSALS = (401, 403, 429)


@dataclass(frozen=True)
class Mischief:
    """What the platform does with one call in place of an honest answer."""

    carried_out: bool
    answer: RawAnswer


class RawReply(SimulatedReply):
    """A reply whose bytes are read as the client reads them."""

    raw: RawAnswer


@dataclass
class HostilePlatform:
    """The model, which does as told with the first calls, and is honest from then on."""

    honest: SimulatedPlatform
    todo: Iterator[Mischief | None]
    calls: int = field(default=0)

    def handle(self, request: SimulatedRequest, now: float) -> SimulatedReply:
        self.calls += 1
        assert self.calls < MOST_CALLS, "the import does not end"
        mischief = next(self.todo, None)
        if mischief is None:
            return self.honest.handle(request, now)
        is_lie = request.method == "POST" and mischief.answer.status in REFUSALS
        if mischief.carried_out and not is_lie:
            self.honest.handle(request, now)
        reply = RawReply(mischief.answer.status, delay=mischief.answer.delay)
        reply.raw = mischief.answer
        return reply


def answer_of(request: ApiRequest[Any], reply: SimulatedReply, now: float) -> Any:
    """What the client makes of a reply, of raw ones too."""
    if not isinstance(reply, RawReply):
        return HONEST(request, reply, now)
    text = reply.raw.body.decode("utf-8", "replace")
    try:
        answer = request.read_response(
            reply.status, CaseInsensitiveDict(reply.raw.headers), text, now
        )
    except RequestFailed as failed:
        assert SECRET not in failed.message  # noqa: PT017
        return failed
    if isinstance(answer, MediaPage) or request.method == "POST":
        # A list that reads well and lacks a media, or an ingest that is not there: a plain lie.
        return virtual.NoAnswer("left out")
    return answer


HONEST = virtual.client_answer


def store_of(rows: int) -> Store:
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
    monkeypatch.setattr(virtual, "client_answer", answer_of)


@settings(
    max_examples=IMPORTS,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(st.lists(mischiefs, max_size=40), st.integers(0, 2**16))
def test_no_answer_makes_a_second_video(plan: list[Mischief | None], seed: int) -> None:
    options = Settings(rate=50.0, workers=4, poll_interval=2.0, max_wait=600.0, settle=120.0)
    model = SimulatedPlatform(Knobs(), seed, START)
    platform = HostilePlatform(model, iter(plan))
    with store_of(ROWS) as store:
        now = START
        for number in range(RUNS):
            if number == RUNS - 2:
                store.queue.retry_failed(now)
            now = one_run(store, platform, options, now, seed + number)
            check_once(model, now)
        check_end(store, model, now)
        dump = "\n".join(store.connection.db.iterdump())
        assert SECRET not in dump


def one_run(
    store: Store, platform: HostilePlatform, options: Settings, now: float, seed: int
) -> float:
    """Run until it ends or cannot go on; returns when that was."""
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


def check_once(model: SimulatedPlatform, now: float) -> None:
    for number in range(1, ROWS + 1):
        assert len(model.non_failed_media(f"ref-{number}", now)) <= 1, (
            f"ref-{number} has two videos"
        )


def check_end(store: Store, model: SimulatedPlatform, now: float) -> None:
    """Who is told that a row is imported can play its video; no row is gone."""
    records = list(store.reader.records())
    assert len(records) == ROWS
    for record in records:
        live = model.non_failed_media(record.reference_id, now)
        if record.status is Status.IMPORTED and live:
            assert record.key == live[0].key
