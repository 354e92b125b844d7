"""Only the run that holds the lease of a job in PostgreSQL may write to the job and send its rows.

A lease is valid for some seconds. A thread of the run renews it. If a run does not renew its lease
in time, because its machine sleeps or has lost its connection, another run can acquire the lease.
Three checks prevent that a run that has lost its lease sends rows or writes:

- The fence of the database: each transaction that writes first checks the lease
  (`PostgresConnection.set_fence`). If another run is just acquiring the lease, the check waits for
  that other run, and then fails. The check does not block renewals.
- The fence of the sender: no request is sent if `may_send` returns False. In addition, an alarm
  kills a process that slept beyond the end of its lease, before its code continues. Neither is
  certain if the whole machine was paused.
- Held rows: the previous run may still send the rows that it had claimed. No other run sends them
  until it is known that the previous run has ended (`Connection.held_rows`).

The epoch of a job is the number of times that its lease was acquired. It identifies the run that
holds the lease. This module must not know what a run does.
"""

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import psycopg

from batch_import.errors import JobBusy, StateError, StateUnavailable, command_ref, setting_ref
from batch_import.job import DatabaseState
from batch_import.state import catalog
from batch_import.state.machine import Process
from batch_import.state.postgres import Session, job_taken_over, map_postgres_errors

#: First number of the advisory lock of a job; the second is the job's number. PostgreSQL releases
#: the lock when the session of the holder ends. Therefore other runs notice at once that a holder
#: was killed. The value is arbitrary; another program probably does not use the same value.
LOCK_CLASS: Final = 742_401
#: Number of renewals within the duration of a lease. Three, so that a renewal whose answer is late
#: still ends before the lease does. A renewal that fails is not repeated: the lease is lost.
_RENEWALS_PER_LEASE: Final = 3
#: Seconds between two checks while a run waits until the holder has ended.
_CHECK_SECONDS: Final = 0.2
#: Seconds between two attempts to connect to a database that cannot be reached.
_RECONNECT_SECONDS: Final = 1.0
#: Maximum number of seconds to wait until terminated sessions of the previous holder have ended.
_END_SESSIONS_SECONDS: Final = 10.0

_TRY_LOCK: Final = "SELECT pg_try_advisory_lock(%s::int, %s::int)"
_HOLDER: Final = """
    SELECT lease.epoch, holder.host, holder.machine, holder.boot, holder.process, holder.started,
        holder.since, holder.ended, lease.expires > clock_timestamp(),
        EXISTS (
            SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND classid = %(lock)s
                AND objid = %(job)s AND granted
                AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
        )
    FROM batch_import.lease JOIN batch_import.holder USING (job, epoch) WHERE job = %(job)s
"""
_END_SESSIONS: Final = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE application_name = %s AND datname = current_database()
"""
_CREATE_LEASE: Final = """
    INSERT INTO batch_import.lease (job, epoch, expires) VALUES (%s, 0, '-infinity')
    ON CONFLICT (job) DO NOTHING
"""
_LOCK_EPOCH: Final = "SELECT epoch FROM batch_import.lease WHERE job = %s FOR UPDATE"
_RAISE_EPOCH: Final = """
    UPDATE batch_import.lease
    SET epoch = %s, expires = clock_timestamp() + %s * interval '1 second' WHERE job = %s
"""
_ADD_HOLDER: Final = """
    INSERT INTO batch_import.holder (job, epoch, host, machine, boot, process, started, since)
    VALUES (%s, %s, %s, %s, %s, %s, %s, clock_timestamp())
"""
_RENEW: Final = """
    UPDATE batch_import.lease SET expires = clock_timestamp() + %s * interval '1 second'
    WHERE job = %s AND epoch = %s
"""
_HOLDERS_NOT_ENDED: Final = """
    SELECT epoch, host, machine, boot, process, started FROM batch_import.holder
    WHERE job = %s AND NOT ended
"""
_END: Final = "UPDATE batch_import.holder SET ended = true WHERE job = %s AND epoch = %s"
_END_LEASE: Final = """
    UPDATE batch_import.lease SET expires = clock_timestamp() WHERE job = %s AND epoch = %s
"""


@dataclass(frozen=True, slots=True)
class Holder:
    """The run that holds the lease of a job, or held it last.

    Attributes:
        epoch: the epoch of the job since this run acquired the lease.
        process: the process of the run.
        acquired_at: when the run acquired the lease.
        has_ended: whether it is known that the run can no longer send rows.
        has_valid_lease: whether the lease has not expired yet.
        is_connected: whether the database session of the run is open.
    """

    epoch: int
    process: Process
    acquired_at: datetime
    has_ended: bool
    has_valid_lease: bool
    is_connected: bool

    @property
    def is_active(self) -> bool:
        """Whether no other run may acquire the lease."""
        return not self.has_ended and self.has_valid_lease and self.is_connected


def get_holder(db: Session, job: int) -> Holder | None:
    """Returns the run that holds a lease, or held it last; None if no run ever did."""
    row = db.execute(_HOLDER, {"lock": LOCK_CLASS, "job": job}).fetchone()
    if not row:
        return None
    (
        epoch, host, machine_id, boot_id, process_id, start_time,
        acquired_at, has_ended, has_valid_lease, is_connected,
    ) = row  # fmt: skip
    process = Process(host, machine_id, boot_id, process_id, start_time)
    return Holder(epoch, process, acquired_at, has_ended, has_valid_lease, is_connected)


def is_running(state: DatabaseState) -> bool:
    """Whether a run is in progress on a job, on any machine."""
    with catalog.session(state.url) as db:
        holder = get_holder(db, catalog.job_number(db, state))
        return holder is not None and holder.is_active


class Lease:
    """The lease of one run, created by `hold_lease`.

    Attributes:
        job: number of the job.
        epoch: the epoch of the job since this run acquired the lease; 0 before that.
        fault: why the lease was lost; None if it was not lost.
    """

    def __init__(
        self, state: DatabaseState, db: Session, job: int, seconds: float, *, uses_alarm: bool
    ) -> None:
        self._state = state
        self._name = catalog.job_description(state)
        self._db = db
        self._seconds = seconds
        self._uses_alarm = uses_alarm and hasattr(signal, "setitimer")
        self._is_over = threading.Event()
        self._alarm_lock = threading.Lock()
        self._valid_until = 0.0
        self.job = job
        self.epoch = 0
        self.fault: StateError | None = None

    def acquire(self) -> None:
        """Become the holder of the job.

        Raises:
            JobBusy: another run is in progress.
        """
        requested_at = _clock()
        self._lock()
        with self._db.transaction():
            self._db.execute(f"SET LOCAL lock_timeout = '{_END_SESSIONS_SECONDS:.0f}s'".encode())
            self._db.execute(_CREATE_LEASE, (self.job,))
            (last_epoch,) = self._db.execute(_LOCK_EPOCH, (self.job,)).fetchone() or (0,)
            self.epoch = last_epoch + 1
            self._db.execute(_RAISE_EPOCH, (self.epoch, self._seconds, self.job))
            process = Process.current()
            self._db.execute(
                _ADD_HOLDER,
                (self.job, self.epoch, process.host, process.machine_id, process.boot_id,
                 process.process_id, process.start_time),
            )  # fmt: skip
            record_ended_holders(self._db, self.job, process, below=self.epoch)
            catalog.hold_claimed_rows(self._db, self.job, last_epoch)
        self._db.execute("SELECT set_config('application_name', %s, false)", (self.session_name,))
        self._extend(requested_at)

    def _lock(self) -> None:
        """Acquire the advisory lock, and end the sessions of a holder whose lease has expired.

        Otherwise a process that was paused during a transaction would keep its locks for ever.
        """
        deadline = _clock() + _END_SESSIONS_SECONDS
        while _clock() < deadline:
            (is_locked,) = self._db.execute(_TRY_LOCK, (LOCK_CLASS, self.job)).fetchone() or (0,)
            holder = get_holder(self._db, self.job)
            # A run is in progress: its session has the lock, and its lease is valid.
            if not is_locked and holder and holder.is_active:
                raise job_busy(self._name, holder)
            # The last run has no valid lease any more, but its sessions may still be open.
            if holder:
                self._db.execute(_END_SESSIONS, (session_name(self.job, holder.epoch),))
            if is_locked:
                return
            # A session that was just ended still has the lock: try again.
            time.sleep(_CHECK_SECONDS)
        raise StateError(
            f"{self._name}: the sessions of its last run cannot be ended.",
            "End them in the database (pg_terminate_backend), then run the same command again.",
        )

    @property
    def session_name(self) -> str:
        """Name of the database sessions of this holder."""
        return session_name(self.job, self.epoch)

    # While the lease is held ------------------------------------------------------------------

    def may_send(self) -> bool:
        """Whether the lease is certainly valid, also after the machine has slept."""
        return self.fault is None and _clock() < self._valid_until

    def renew(self, on_lost: Callable[[], None]) -> None:
        """Renew the lease again and again until `release`. If a renewal fails, call `on_lost`."""
        while not self._is_over.wait(self._seconds / _RENEWALS_PER_LEASE):
            try:
                with map_postgres_errors(self._name):
                    self._renew()
            except StateError as fault:
                if not self._is_over.is_set():
                    self.fault = fault
                    on_lost()
                return

    def _renew(self) -> None:
        requested_at = _clock()
        cursor = self._db.execute(_RENEW, (self._seconds, self.job, self.epoch))
        if not cursor.rowcount:
            raise job_taken_over(self._name)
        self._extend(requested_at)
        record_ended_holders(self._db, self.job, Process.current(), below=self.epoch)

    def _extend(self, requested_at: float) -> None:
        # The time before the request is used, because the database has counted from a later time.
        # Therefore the lease ends for this run before it ends for other runs.
        self._valid_until = requested_at + self._seconds
        with self._alarm_lock:
            if self._uses_alarm and not self._is_over.is_set():
                signal.setitimer(signal.ITIMER_REAL, max(self._valid_until - _clock(), 1e-3))

    def release(self) -> None:
        """Record that this run has ended. It must not send any more rows."""
        self._is_over.set()
        with self._alarm_lock:
            if self._uses_alarm:
                signal.setitimer(signal.ITIMER_REAL, 0.0)
        # If the database cannot be reached, the next run on this machine records it.
        with suppress(psycopg.Error), self._db.transaction():
            self._db.execute(_END, (self.job, self.epoch))
            self._db.execute(_END_LEASE, (self.job, self.epoch))


def session_name(job: int, epoch: int) -> str:
    """Returns the name of the database sessions of a holder."""
    return f"batch-import {job}/{epoch}"


def record_ended_holders(db: Session, job: int, observer: Process, *, below: int) -> None:
    """Record which earlier holders have certainly ended.

    These are processes of this machine that no longer exist, and earlier leases of this process.

    Args:
        observer: the process that calls this function.
        below: only holders with a lower epoch are considered.
    """
    for epoch, *values in db.execute(_HOLDERS_NOT_ENDED, (job,)).fetchall():
        process = Process(*values)
        is_observer = process == observer and bool(process.machine_id)
        if epoch < below and (process.has_ended(observer) or is_observer):
            db.execute(_END, (job, epoch))


@contextmanager
def hold_lease(
    state: DatabaseState, seconds: float, stop: threading.Event, *, uses_alarm: bool
) -> Iterator[Lease]:
    """Acquire the lease of a job, and hold it while this context is open.

    Args:
        seconds: duration of the lease after each renewal.
        stop: this event is set if the lease is lost.
        uses_alarm: whether an alarm kills the process when the lease has expired. Must be true only
            if the process does nothing else.

    Raises:
        JobBusy: another run is in progress.
        StateError: the lease was lost, or the database cannot be used.
    """
    with catalog.session(state.url) as db:
        lease = Lease(
            state, db, catalog.get_or_create_job(db, state), seconds, uses_alarm=uses_alarm
        )
        lease.acquire()
        thread = threading.Thread(target=lease.renew, args=(stop.set,), name="lease", daemon=True)
        thread.start()
        try:
            yield lease
        except BaseException:
            if lease.fault is not None:
                raise lease.fault from None
            raise
        finally:
            lease.release()
            thread.join()


def wait_until_free(
    state: DatabaseState, stop: threading.Event, on_waiting: Callable[[str], None]
) -> None:
    """Wait until no run holds the lease of a job. Meanwhile, the database may be unreachable.

    Args:
        stop: this event ends the wait early.
        on_waiting: called with the reason for waiting, a sentence, whenever the reason changes.
    """
    last_reason = ""
    while not stop.is_set():
        try:
            with catalog.session(state.url) as db:
                while not stop.is_set():
                    if not catalog.has_job_in(db, state):
                        return
                    job = catalog.job_number(db, state)
                    holder = get_holder(db, job)
                    if holder is None or not holder.is_active:
                        return
                    record_ended_holders(db, job, Process.current(), below=holder.epoch)
                    reason = job_busy("", holder).message
                    if reason != last_reason:
                        last_reason = reason
                        on_waiting(reason)
                    stop.wait(_CHECK_SECONDS)
        except StateUnavailable as unavailable:
            reason = str(unavailable)
            if reason != last_reason:
                last_reason = reason
                on_waiting(reason)
            stop.wait(_RECONNECT_SECONDS)


def record_exit(state: DatabaseState, process: Process) -> None:
    """Record that a process that held the lease has ended, because its parent process saw its exit.

    Raises:
        StateError: the database cannot be used.
    """
    with catalog.session(state.url) as db:
        job = catalog.job_number(db, state)
        for epoch, *values in db.execute(_HOLDERS_NOT_ENDED, (job,)).fetchall():
            if Process(*values) == process:
                db.execute(_END, (job, epoch))


def mark_runs_ended(state: DatabaseState) -> list[str]:
    """Record that all earlier holders of a job have ended, because the user says so.

    Returns:
        for each of them, a text with machine and process.
    """
    with catalog.session(state.url) as db, map_postgres_errors(catalog.job_description(state)):
        job = catalog.job_number(db, state)
        holder = get_holder(db, job)
        active_epoch = holder.epoch if holder and holder.is_active else None
        ended = []
        for epoch, host, _, _, process_id, _ in db.execute(_HOLDERS_NOT_ENDED, (job,)).fetchall():
            if epoch != active_epoch:
                db.execute(_END, (job, epoch))
                ended.append(f"{host}, process {process_id}")
        return ended


def job_busy(name: str, holder: Holder | None) -> JobBusy:
    """Returns the error for a job that another run holds; `name` is the job's name, or empty."""
    who = ""
    if holder:
        acquired_at = f"{holder.acquired_at.astimezone():%Y-%m-%d %H:%M:%S}"
        who = f": {holder.process.host}, process {holder.process.process_id}, since {acquired_at}"
    where = f" on {name}" if name else ""
    return JobBusy(
        f"A run is in progress{where}{who}.",
        f"To wait and take over: {setting_ref('standby')}. To watch it: {command_ref('status')}",
    )


def _clock() -> float:
    """Returns seconds of a clock that continues while the machine sleeps, if there is one."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))
