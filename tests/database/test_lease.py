"""Tests the lease: only one run holds a job, and a replaced run can neither commit nor send.

A lease is the right of a run to work on a job for some seconds; the run renews it. Each new holder
gets the next epoch, a number. Three fences stop a replaced run: the database refuses commits of
earlier epochs; a run checks its lease before it sends; and rows that the replaced run may still
send are held until its end is known.
"""

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

#: Seconds of a lease that does not end during a test.
LONG = 3600.0
#: Processes on this machine and on another one.
HERE = replace(Process.current(), host="here", machine_id="m", boot_id="b")
ELSEWHERE = replace(HERE, host="elsewhere", machine_id="n")


class Machine:
    """A run of the job `library` on its own machine."""

    def __init__(self, url: str, process: Process = HERE) -> None:
        self.state = DatabaseState(url, "library")
        self.stop = threading.Event()
        self.process = process
        self._stack = ExitStack()

    def take(self, seconds: float = LONG) -> Lease:
        """Acquire the lease of the job, and open its job database."""
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

    def lose_connection(self) -> None:
        """End the session of the lease, as after `kill -9`; the run is not informed."""
        backend = self.db.info.backend_pid
        self.db.close()
        with psycopg.connect(self.state.url, autocommit=True) as db:
            # The server needs some time to notice it, and to release the locks of the session.
            while db.execute(
                "SELECT 1 FROM pg_stat_activity WHERE pid = %s", (backend,)
            ).fetchone():
                time.sleep(0.01)

    def close(self) -> None:
        with suppress(StateError, psycopg.Error):
            self._stack.close()


@pytest.fixture
def machine(database: str) -> Iterator[Callable[..., Machine]]:
    machines: list[Machine] = []

    def make(process: Process = HERE) -> Machine:
        machines.append(Machine(database, process))
        return machines[-1]

    yield make
    for machine in machines:
        machine.close()


def row(name: str, line: int) -> ManifestRow:
    return ManifestRow(line, name, name, f"https://h/{name}.mp4", name, "mp4", (name,))


def load_rows(store: Store, row_count: int = 4) -> None:
    store.load([row(f"r{n}", n) for n in range(2, 2 + row_count)], 1.0)


def expire(machine: Machine) -> None:
    """End the lease of a machine, as if it had not been renewed."""
    with psycopg.connect(machine.state.url, autocommit=True) as db:
        db.execute("UPDATE batch_import.lease SET expires = clock_timestamp()")


# One at a time ------------------------------------------------------------------------------------


def test_the_error_for_a_busy_job_names_its_holder_and_how_to_wait(
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


def test_a_job_is_free_after_a_regular_end_and_no_row_is_held(
    machine: Callable[..., Machine],
) -> None:
    first, second = machine(), machine(ELSEWHERE)
    first.take()
    load_rows(first.store)
    first.store.queue.claim(2, 2.0)
    first.lease.release()
    first.close()
    assert not location.is_running(Job(Path("library"), first.state.url))
    second.take()
    assert second.store.queue.held_rows(3.0) == frozenset()


def test_only_one_of_several_runs_holds_the_job_at_a_time(database: str) -> None:
    holder_count, max_holder_count, epochs = 0, 0, []
    lock = threading.Lock()

    def work() -> None:
        nonlocal holder_count, max_holder_count
        while True:
            try:
                state, stop = DatabaseState(database, "library"), threading.Event()
                with lease.hold_lease(state, 30.0, stop, uses_alarm=False) as held_lease:
                    with lock:
                        holder_count += 1
                        max_holder_count = max(max_holder_count, holder_count)
                    epochs.append(held_lease.epoch)
                    with lock:
                        holder_count -= 1
            except JobBusy:
                continue
            return

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max_holder_count == 1
    assert sorted(epochs) == [1, 2, 3, 4]


# The first fence ----------------------------------------------------------------------------------


def test_a_replaced_run_cannot_commit_after_a_take_over(
    machine: Callable[..., Machine],
) -> None:
    first, second = machine(ELSEWHERE), machine()
    first.take()
    load_rows(first.store)
    (claimed,) = first.store.queue.claim(1, 2.0)
    first.lose_connection()
    second.take()
    for write in (
        lambda: first.store.queue.claim(1, 3.0),
        lambda: first.store.queue.apply([StatusUpdate(claimed.row_number, Status.IMPORTED)], 3.0),
        lambda: first.store.queue.recover(3.0),
    ):
        # The error is that of the fence, or that of the session, which was ended as well.
        with pytest.raises(StateError):
            write()
    assert second.store.reader.counts(is_running=True).processing == 1
    assert second.store.reader.counts().imported == 0


def test_a_commit_with_an_old_epoch_is_refused_without_ending_the_session(
    machine: Callable[..., Machine],
) -> None:
    """Even if the session of the replaced run was not ended."""
    first, second = machine(ELSEWHERE), machine()
    first.take()
    load_rows(first.store)
    with Store(first.state) as unnamed:
        unnamed.connection.set_fence(first.lease.job, first.lease.epoch, "another name")
        first.lose_connection()
        second.take()
        with pytest.raises(StateUnavailable, match="another run has taken the job over"):
            unnamed.queue.claim(1, 3.0)
    assert second.store.reader.counts().pending == 4


def test_the_session_of_a_holder_that_was_stopped_in_a_transaction_is_ended(
    machine: Callable[..., Machine],
) -> None:
    first, second = machine(ELSEWHERE), machine()
    first.take()
    load_rows(first.store)
    with ExitStack() as stack:
        stack.enter_context(pytest.raises(StateError))
        db = stack.enter_context(first.store.connection.transaction())
        db.execute("UPDATE row SET status = 'imported'")
        expire(first)  # its session still exists, and holds a lock
        second.take()
    assert second.store.reader.counts().pending == 4


def test_a_stopped_holder_would_keep_the_job_if_its_sessions_were_not_ended(
    machine: Callable[..., Machine], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Proves that the test above can fail: the take-over must end the sessions."""
    monkeypatch.setattr(lease, "_END_SESSIONS", "SELECT %s::text")
    monkeypatch.setattr(lease, "_END_SESSIONS_SECONDS", 0.5)
    first, second = machine(ELSEWHERE), machine()
    first.take()
    load_rows(first.store)
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
    load_rows(first.store)
    with first.store.connection.transaction() as db:
        db.execute("UPDATE row SET status = 'failed'")
        first.db.execute("SET lock_timeout = '2s'")
        first.lease._renew()
    assert first.store.reader.counts().failed == 4


def test_a_replaced_run_gets_an_error_when_it_renews_its_lease(
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


def test_no_request_may_be_sent_after_the_lease_has_expired(
    machine: Callable[..., Machine], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = machine()
    acquired = first.take(seconds=15.0)
    assert acquired.may_send()
    later = time.clock_gettime(time.CLOCK_BOOTTIME) + 15.0
    monkeypatch.setattr(lease, "_clock", lambda: later)
    assert not acquired.may_send()


# The third fence: held rows -----------------------------------------------------------------------


def take_over(first: Machine, second: Machine) -> frozenset[int]:
    """Let the first run lose its connection with two claimed rows, and let the second take over.

    Returns the numbers of the held rows.
    """
    first.take()
    load_rows(first.store)
    claimed = first.store.queue.claim(2, 2.0)
    first.lose_connection()
    second.take()
    second.store.queue.recover(3.0)
    held = second.store.queue.held_rows(3.0)
    assert held in (frozenset(), {row.row_number for row in claimed})
    return held


def test_rows_that_a_machine_may_still_send_are_held_until_its_end_is_known(
    machine: Callable[..., Machine],
) -> None:
    first, second = machine(ELSEWHERE), machine()
    held = take_over(first, second)
    assert len(held) == 2
    # The first run wakes up, and stores its regular end.
    with psycopg.connect(first.state.url, autocommit=True) as db:
        db.execute("UPDATE batch_import.holder SET ended = true WHERE epoch = 1")
    assert second.store.queue.held_rows(900.0) == frozenset()
    # It may have sent the rows until this time.
    assert [row.sent_at for row in second.store.queue.in_flight()] == [900.0, 900.0]


def test_rows_stay_held_after_another_take_over(machine: Callable[..., Machine]) -> None:
    first, second, third = machine(ELSEWHERE), machine(), machine()
    held = take_over(first, second)
    second.lease.release()
    second.close()
    third.take()
    assert third.store.queue.held_rows(5.0) == held


def test_no_row_is_held_if_the_replaced_process_of_the_same_machine_has_ended(
    machine: Callable[..., Machine],
) -> None:
    assert not take_over(machine(replace(HERE, start_time="1")), machine())


def test_rows_are_held_if_the_replaced_process_of_the_same_machine_still_runs(
    machine: Callable[..., Machine],
) -> None:
    parent = replace(Process.current(), machine_id="m", boot_id="b", process_id=1)
    assert take_over(machine(replace(parent, start_time=_start_time(1))), machine())


def test_a_user_can_declare_that_a_machine_is_off(machine: Callable[..., Machine]) -> None:
    first, second = machine(ELSEWHERE), machine()
    take_over(first, second)
    job = Job(Path("library"), first.state.url)
    assert location.mark_runs_ended(job) == [f"elsewhere, process {ELSEWHERE.process_id}"]
    assert second.store.queue.held_rows(5.0) == frozenset()
    assert second.lease.fault is None
    second.lease._renew()


# Standing by --------------------------------------------------------------------------------------


@contextmanager
def waiting(state: DatabaseState) -> Iterator[tuple[threading.Event, list[str]]]:
    """Wait for a job in a thread; yields an event that is set when it is free, and the messages."""
    free, stop, messages = threading.Event(), threading.Event(), []

    def wait() -> None:
        lease.wait_until_free(state, stop, messages.append)
        free.set()

    thread = threading.Thread(target=wait)
    thread.start()
    try:
        yield free, messages
    finally:
        stop.set()
        thread.join()


def test_a_waiting_run_continues_after_the_end_of_the_holder(
    machine: Callable[..., Machine],
) -> None:
    first = machine(ELSEWHERE)
    first.take()
    with waiting(first.state) as (free, messages):
        assert not free.wait(0.6)
        first.lose_connection()
        assert free.wait(30)
    assert len(messages) == 1
    assert "elsewhere" in messages[0]


def test_a_waiting_run_continues_after_the_lease_of_a_silent_holder_has_ended(
    machine: Callable[..., Machine],
) -> None:
    first = machine(ELSEWHERE)
    first.take()
    with waiting(first.state) as (free, _):
        assert not free.wait(0.6)
        expire(first)
        assert free.wait(30)


def test_a_waiting_run_continues_after_a_restart_of_the_database(
    server: "Server", machine: Callable[..., Machine]
) -> None:
    first = machine(ELSEWHERE)
    first.take()
    with waiting(first.state) as (free, messages):
        assert not free.wait(0.6)
        server.stop("immediate")
        server.start()
        assert free.wait(30)
    assert any("Make sure that the database runs" in message for message in messages)
