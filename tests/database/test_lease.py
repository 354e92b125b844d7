"""Who holds a job: one at a time, and whoever was replaced commits and sends nothing any more."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

from batch_import.errors import JobBusy, StateError, StateUnavailable
from batch_import.job import DatabaseState, Job
from batch_import.models import ManifestRow, Status, StatusUpdate
from batch_import.state import catalog, lease, location
from batch_import.state.lease import Lease
from batch_import.state.machine import Process, _start_time
from batch_import.state.store import Store

if TYPE_CHECKING:
    from server import Server

#: Seconds: no test waits for the end of such a lease.
LONG = 3600.0
HERE = replace(Process.current(), host="here", machine_id="m", boot_id="b")
ELSEWHERE = replace(HERE, host="elsewhere", machine_id="n")


class Machine:
    """One run of a job, on a machine of its own."""

    def __init__(self, url: str, process: Process = HERE) -> None:
        self.state = DatabaseState(url, "library")
        self.stop = threading.Event()
        self.process = process
        self._stack = ExitStack()

    def take(self, seconds: float = LONG) -> Lease:
        self.db = self._stack.enter_context(catalog.session(self.state.url))
        number = catalog.get_or_create_job(self.db, self.state)
        self.lease = Lease(self.state, self.db, number, seconds, uses_alarm=False)
        before, lease.Process.current = lease.Process.current, lambda: self.process  # type: ignore[method-assign, assignment]
        try:
            self.lease.acquire()
        finally:
            lease.Process.current = before  # type: ignore[method-assign]
        self.store = self._stack.enter_context(Store(self.state))
        self.store.connection.set_fence(self.lease.job, self.lease.epoch, self.lease.session_name)
        return self.lease

    def is_cut_off(self) -> None:
        """Its session for the lease goes, as after `kill -9`; it knows nothing of it."""
        backend = self.db.info.backend_pid
        self.db.close()
        with psycopg.connect(self.state.url, autocommit=True) as db:
            # The server takes a moment to notice it, and to give up the session's locks.
            while db.execute(
                "SELECT 1 FROM pg_stat_activity WHERE pid = %s", (backend,)
            ).fetchone():
                time.sleep(0.01)

    def close(self) -> None:
        with suppress(StateError, psycopg.Error):
            self._stack.close()


@pytest.fixture
def machine(database: str) -> Iterator[Callable[..., Machine]]:
    made: list[Machine] = []

    def make(process: Process = HERE) -> Machine:
        made.append(Machine(database, process))
        return made[-1]

    yield make
    for each in made:
        each.close()


def row(name: str, line: int) -> ManifestRow:
    return ManifestRow(line, name, name, f"https://h/{name}.mp4", name, "mp4", (name,))


def fill(store: Store, many: int = 4) -> None:
    store.load([row(f"r{n}", n) for n in range(2, 2 + many)], 1.0)


def expire(machine: Machine) -> None:
    """Its lease ends, as if it had been silent for long."""
    with psycopg.connect(machine.state.url, autocommit=True) as db:
        db.execute("UPDATE batch_import.lease SET expires = clock_timestamp()")


# One at a time ------------------------------------------------------------------------------------


def test_a_job_that_another_machine_runs_says_who_and_how_to_wait(
    machine: Callable[..., Machine],
) -> None:
    first = machine(ELSEWHERE)
    first.take()
    with pytest.raises(JobBusy) as caught:
        machine().take()
    assert "on the job library in postgresql" in caught.value.message
    assert f"elsewhere, process {ELSEWHERE.process_id}, since 20" in caught.value.message
    assert "standby" in caught.value.hint
    assert location.is_running(Job(Path("library"), first.state.url))


def test_a_run_that_said_farewell_leaves_the_job_and_nothing_in_doubt(
    machine: Callable[..., Machine],
) -> None:
    first, second = machine(), machine(ELSEWHERE)
    first.take()
    fill(first.store)
    first.store.queue.claim(2, 2.0)
    first.lease.release()
    first.close()
    assert not location.is_running(Job(Path("library"), first.state.url))
    second.take()
    assert second.store.queue.held_rows(3.0) == frozenset()


def test_many_that_want_a_job_get_it_one_after_the_other(database: str) -> None:
    at_work, most, done = 0, 0, []
    lock = threading.Lock()

    def work() -> None:
        nonlocal at_work, most
        while True:
            try:
                state, stop = DatabaseState(database, "library"), threading.Event()
                with lease.hold_lease(state, 30.0, stop, uses_alarm=False) as mine:
                    with lock:
                        at_work += 1
                        most = max(most, at_work)
                    done.append(mine.epoch)
                    with lock:
                        at_work -= 1
            except JobBusy:
                continue
            return

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1
    assert sorted(done) == [1, 2, 3, 4]


# The first fence ----------------------------------------------------------------------------------


def test_after_a_take_over_nothing_of_the_earlier_run_is_committed(
    machine: Callable[..., Machine],
) -> None:
    first, second = machine(ELSEWHERE), machine()
    first.take()
    fill(first.store)
    (claimed,) = first.store.queue.claim(1, 2.0)
    first.is_cut_off()
    second.take()
    for write in (
        lambda: first.store.queue.claim(1, 3.0),
        lambda: first.store.queue.apply([StatusUpdate(claimed.row_number, Status.IMPORTED)], 3.0),
        lambda: first.store.queue.recover(3.0),
    ):
        # Its session was ended as well: whichever it notices first.
        with pytest.raises(StateError):
            write()
    assert second.store.reader.counts(is_running=True).processing == 1
    assert second.store.reader.counts().imported == 0


def test_the_epoch_alone_keeps_it_from_committing(machine: Callable[..., Machine]) -> None:
    """Also in a session that nobody ended."""
    first, second = machine(ELSEWHERE), machine()
    first.take()
    fill(first.store)
    with Store(first.state) as unnamed:
        unnamed.connection.set_fence(first.lease.job, first.lease.epoch, "another name")
        first.is_cut_off()
        second.take()
        with pytest.raises(StateUnavailable, match="another run has taken the job over"):
            unnamed.queue.claim(1, 3.0)
    assert second.store.reader.counts().pending == 4


def test_a_holder_that_was_stopped_in_a_transaction_is_ended(
    machine: Callable[..., Machine],
) -> None:
    first, second = machine(ELSEWHERE), machine()
    first.take()
    fill(first.store)
    with ExitStack() as stack:
        stack.enter_context(pytest.raises(StateError))
        db = stack.enter_context(first.store.connection.transaction())
        db.execute("UPDATE row SET status = 'imported'")
        expire(first)  # its session is there, and would keep the lock
        second.take()
    assert second.store.reader.counts().pending == 4


def test_without_the_end_of_its_sessions_a_stopped_holder_keeps_the_job(
    machine: Callable[..., Machine], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The break of the test above: it proves that the take-over needs to end them."""
    monkeypatch.setattr(lease, "_END_SESSIONS", "SELECT %s::text")
    monkeypatch.setattr(lease, "_END_SESSIONS_SECONDS", 0.5)
    first, second = machine(ELSEWHERE), machine()
    first.take()
    fill(first.store)
    with first.store.connection.transaction() as db:
        db.execute("UPDATE row SET status = 'imported'")
        expire(first)
        with pytest.raises(StateError, match="cannot be ended"):
            second.take()


def test_a_long_transaction_does_not_keep_the_lease_from_being_renewed(
    machine: Callable[..., Machine],
) -> None:
    first = machine()
    first.take()
    fill(first.store)
    with first.store.connection.transaction() as db:
        db.execute("UPDATE row SET status = 'failed'")
        first.db.execute("SET lock_timeout = '2s'")
        first.lease._renew()
    assert first.store.reader.counts().failed == 4


def test_a_run_that_was_replaced_is_told_so_when_it_renews(
    machine: Callable[..., Machine],
) -> None:
    first, second = machine(ELSEWHERE), machine()
    first.take(seconds=1.0)
    expire(first)
    second.take()
    first.lease.renew(first.stop.set)
    assert first.stop.is_set()
    assert isinstance(first.lease.fault, StateUnavailable)
    assert not first.lease.may_send()


# The second fence ---------------------------------------------------------------------------------


def test_nothing_may_be_sent_once_the_lease_has_ended(
    machine: Callable[..., Machine], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = machine()
    taken = first.take(seconds=15.0)
    assert taken.may_send()
    later = time.clock_gettime(time.CLOCK_BOOTTIME) + 15.0
    monkeypatch.setattr(lease, "_clock", lambda: later)
    assert not taken.may_send()


# Held rows ----------------------------------------------------------------------------------------


def in_doubt(first: Machine, second: Machine) -> frozenset[int]:
    """The first is cut off with two claimed rows; the second takes over."""
    first.take()
    fill(first.store)
    claimed = first.store.queue.claim(2, 2.0)
    first.is_cut_off()
    second.take()
    second.store.queue.recover(3.0)
    held = second.store.queue.held_rows(3.0)
    assert held in (frozenset(), {row.row_number for row in claimed})
    return held


def test_rows_that_a_machine_may_still_send_are_held_until_its_end_is_known(
    machine: Callable[..., Machine],
) -> None:
    first, second = machine(ELSEWHERE), machine()
    held = in_doubt(first, second)
    assert len(held) == 2
    with psycopg.connect(first.state.url, autocommit=True) as db:  # it wakes up, and says farewell
        db.execute("UPDATE batch_import.holder SET ended = true WHERE epoch = 1")
    assert second.store.queue.held_rows(900.0) == frozenset()
    # It may have sent them until then.
    assert [row.sent_at for row in second.store.queue.in_flight()] == [900.0, 900.0]


def test_rows_are_held_also_by_those_who_come_later(machine: Callable[..., Machine]) -> None:
    first, second, third = machine(ELSEWHERE), machine(), machine()
    held = in_doubt(first, second)
    second.lease.release()
    second.close()
    third.take()
    assert third.store.queue.held_rows(5.0) == held


def test_a_process_of_the_same_machine_that_is_gone_leaves_nothing_in_doubt(
    machine: Callable[..., Machine],
) -> None:
    assert not in_doubt(machine(replace(HERE, start_time="1")), machine())


def test_a_process_of_the_same_machine_that_runs_may_still_send(
    machine: Callable[..., Machine],
) -> None:
    parent = replace(Process.current(), machine_id="m", boot_id="b", process_id=1)
    assert in_doubt(machine(replace(parent, start_time=_start_time(1))), machine())


def test_a_person_may_say_that_a_machine_is_off(machine: Callable[..., Machine]) -> None:
    first, second = machine(ELSEWHERE), machine()
    in_doubt(first, second)
    job = Job(Path("library"), first.state.url)
    assert location.mark_runs_ended(job) == [f"elsewhere, process {ELSEWHERE.process_id}"]
    assert second.store.queue.held_rows(5.0) == frozenset()
    assert second.lease.fault is None
    second.lease._renew()


# Standing by --------------------------------------------------------------------------------------


@contextmanager
def waiting(state: DatabaseState) -> Iterator[tuple[threading.Event, list[str]]]:
    """Somebody waits for a job; yields what is set when it is free, and what was said."""
    free, stop, said = threading.Event(), threading.Event(), []

    def wait() -> None:
        lease.wait_until_free(state, stop, said.append)
        free.set()

    thread = threading.Thread(target=wait)
    thread.start()
    try:
        yield free, said
    finally:
        stop.set()
        thread.join()


def test_who_waits_goes_on_once_the_holder_is_gone(machine: Callable[..., Machine]) -> None:
    first = machine(ELSEWHERE)
    first.take()
    with waiting(first.state) as (free, said):
        assert not free.wait(0.6)
        first.is_cut_off()
        assert free.wait(30)
    assert len(said) == 1
    assert "elsewhere" in said[0]


def test_who_waits_goes_on_once_the_lease_of_a_silent_holder_has_ended(
    machine: Callable[..., Machine],
) -> None:
    first = machine(ELSEWHERE)
    first.take()
    with waiting(first.state) as (free, _):
        assert not free.wait(0.6)
        expire(first)
        assert free.wait(30)


def test_who_waits_outlasts_a_restart_of_the_database(
    server: "Server", machine: Callable[..., Machine]
) -> None:
    first = machine(ELSEWHERE)
    first.take()
    with waiting(first.state) as (free, said):
        assert not free.wait(0.6)
        server.stop("immediate")
        server.start()
        assert free.wait(30)
    assert any("Make sure that the database runs" in line for line in said)
