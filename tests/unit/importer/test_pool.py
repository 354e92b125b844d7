"""The threads of a run, with a platform that is a function."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from batch_import.configuration.settings import Settings
from batch_import.errors import PlatformUnreachable, Throttled
from batch_import.importer.dispatch import Dispatcher, Progress
from batch_import.importer.pool import Pool
from batch_import.importer.scheduled_request import CreateMedia
from batch_import.models import ManifestRow
from batch_import.sandbox.knobs import Knobs
from batch_import.sandbox.platform import API, SimulatedPlatform
from batch_import.sandbox.replies import SimulatedRequest
from batch_import.state.facts import ACCOUNT_SEARCH, AccountSearch
from batch_import.state.store import Store
from batch_import.viostream import rate_limiter
from batch_import.viostream.endpoints import ApiRequest
from batch_import.viostream.rate_limiter import RateLimiter
from batch_import.viostream.session import epoch_clock

ROWS = 40
#: Seconds. No test needs so long; a test that hangs fails instead of blocking the others.
PATIENCE = 20.0


class FakeClient:
    """Sends requests to the simulated platform; calls `before` before each POST, in its thread."""

    def __init__(self, before: Callable[[ApiRequest[Any]], None] = lambda _: None) -> None:
        self.platform = SimulatedPlatform(Knobs(processing=(0.0, 0.0)), 1, epoch_clock()())
        self.before = before
        self.clock_offset: float | None = None
        self._one_at_a_time = threading.Lock()

    def send(self, request: ApiRequest[Any]) -> Any:
        if request.method == "POST":
            self.before(request)
        path, query = API + request.path, dict(request.query)
        sent = SimulatedRequest(request.method, path, query, "VC-sandbox", "sandbox", request.body)
        with self._one_at_a_time:
            return request.read(self.platform.handle(sent, epoch_clock()()).payload)


@pytest.fixture
def store() -> Iterator[Store]:
    with Store(None) as store:
        names = [f"r-{n}" for n in range(ROWS)]
        rows = (
            ManifestRow(line, name, name, f"https://e.com/{name}.mp4", name, "mp4", ())
            for line, name in enumerate(names, start=2)
        )
        store.load(rows, 0.0, facts=[ACCOUNT_SEARCH.of(AccountSearch.DONE)])
        yield store


class Run:
    """A pool with its dispatcher, rate limiter and stop event."""

    def __init__(self, store: Store, client: FakeClient, workers: int = 8) -> None:
        settings = Settings(rate=10_000.0, workers=workers, poll_interval=0.001)
        clock = epoch_clock()
        self.stop = threading.Event()
        self.dispatcher = Dispatcher(settings, store, RateLimiter(settings.rate, clock()), clock())
        sign = lambda url: None  # noqa: E731, ARG005
        self.pool = Pool(self.dispatcher, client, workers, self.stop, clock, sign)  # type: ignore[arg-type]

    def __call__(self, on_progress: Callable[[Progress], None] = lambda _: None) -> None:
        self.pool.run(on_progress, 0.01)


@pytest.mark.parametrize("workers", [1, 8])
def test_all_rows_are_imported_and_reported(store: Store, workers: int) -> None:
    printed: list[Progress] = []
    Run(store, FakeClient(), workers)(printed.append)
    assert store.reader.counts().imported == ROWS
    assert printed[-1].counts == store.reader.counts()


def test_no_more_requests_are_under_way_than_there_are_workers(store: Store) -> None:
    together = threading.Barrier(4)
    under_way = threading.Semaphore(4)

    def before(_: ApiRequest[Any]) -> None:
        assert under_way.acquire(blocking=False)
        together.wait(PATIENCE)  # only four at once get on
        under_way.release()

    Run(store, FakeClient(before), workers=4)()
    assert store.reader.counts().imported == ROWS


def test_answers_that_arrive_during_a_commit_are_committed_together(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered, groups = Dispatcher.handle_completed, []
    first, committing, pause = threading.Lock(), threading.Event(), threading.Event()

    def before(_: ApiRequest[Any]) -> None:
        if not first.acquire(blocking=False):
            assert committing.wait(PATIENCE)

    def slow(self: Dispatcher, completed: Any, now: float) -> None:
        group = list(completed)
        if any(isinstance(one.request, CreateMedia) for one in group):
            groups.append(len(group))
            committing.set()
        while len(groups) == 1 and run.pool._completed.qsize() < 7:  # noqa: SLF001
            pause.wait(0.001)
        answered(self, group, now)

    monkeypatch.setattr(Dispatcher, "handle_completed", slow)
    monkeypatch.setattr(rate_limiter, "_INITIAL_WINDOW", 8)
    run = Run(store, FakeClient(before), workers=8)
    run()
    assert groups[0] == 1
    assert groups[1] >= 7
    assert store.reader.counts().imported == ROWS


def test_a_stop_finishes_requests_under_way_and_leaves_the_rest_pending(store: Store) -> None:
    def before(_: ApiRequest[Any]) -> None:
        run.stop.set()

    run = Run(store, FakeClient(before), workers=2)
    run()
    counts = store.reader.counts()
    assert counts.processing in {1, 2}
    assert counts.pending == ROWS - counts.processing


def test_a_run_fault_is_raised_after_everything_is_committed(store: Store) -> None:
    def before(_: ApiRequest[Any]) -> None:
        run.dispatcher._schedule.fault = PlatformUnreachable("gone")  # noqa: SLF001

    run = Run(store, FakeClient(before), workers=2)
    with pytest.raises(PlatformUnreachable, match="gone"):
        run()
    counts = store.reader.counts()
    assert counts.unknown == 0
    assert counts.processing + counts.pending == ROWS


@pytest.mark.parametrize("error", [RuntimeError("a bug"), KeyboardInterrupt()])
def test_an_unexpected_error_of_a_worker_ends_the_run(store: Store, error: BaseException) -> None:
    def before(_: ApiRequest[Any]) -> None:
        raise error

    with pytest.raises(type(error)):
        Run(store, FakeClient(before), workers=2)()
    # Nobody knows whether these were carried out.
    assert 1 <= store.reader.counts().unknown <= 2


def test_a_job_database_that_cannot_be_written_ends_the_run_with_the_first_error(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = iter(range(100))

    def full(*_: object) -> None:
        raise RuntimeError(f"failure {next(words)}")

    monkeypatch.setattr(store.queue, "apply", full)
    with pytest.raises(RuntimeError, match="failure 0"):
        Run(store, FakeClient(), workers=4)()


def test_a_failed_request_is_passed_to_the_schedule(store: Store) -> None:
    refused = iter([True] * 3)

    def before(_: ApiRequest[Any]) -> None:
        if next(refused, False):
            raise Throttled("slow down", status=429, retry_after=0.0)

    Run(store, FakeClient(before))()
    assert store.reader.counts().imported == ROWS


def test_the_import_does_not_wait_for_a_slow_terminal(store: Store) -> None:
    through = threading.Event()

    def paused(_: Progress) -> None:
        assert through.wait(PATIENCE)

    def before(_: ApiRequest[Any]) -> None:
        if len(client.platform.media) >= ROWS / 2:
            through.set()

    client = FakeClient(before)
    Run(store, client)(paused)
    assert store.reader.counts().imported == ROWS


@pytest.mark.parametrize("error", [RuntimeError("a bug"), KeyboardInterrupt()])
def test_an_error_in_the_callers_thread_finishes_requests_under_way(
    store: Store, error: BaseException
) -> None:
    pause, under_way = threading.Event(), threading.Event()

    def fail(_: Progress) -> None:
        assert under_way.wait(PATIENCE)
        raise error

    def before(_: ApiRequest[Any]) -> None:
        under_way.set()
        while not run.pool._fault:  # noqa: SLF001
            pause.wait(0.001)

    run = Run(store, FakeClient(before), workers=2)
    with pytest.raises(type(error)):
        run(fail)
    counts = store.reader.counts()
    assert counts.unknown == 0
    assert 1 <= counts.processing <= 2
    assert counts.pending == ROWS - counts.processing
