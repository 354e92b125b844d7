"""Who may write to a job in PostgreSQL and send its rows: the holder of its lease.

A lease is held for some seconds, and renewed by a thread of its own. A holder that is late, because
its machine sleeps or is cut off, loses it to whoever asks next. Three fences keep the two apart:

- **The database's.** Each writing transaction begins with `PostgresConnection.fenced`: it waits for
  a take-over and sees it, so that nothing of an earlier holder is committed after one. The lock is
  one that renewals do not wait for, however long a transaction is.
- **The sender's.** Nothing leaves once `may_send` says no, and an alarm ends a process that slept
  beyond its lease before its code goes on. A machine that was paused as a whole may miss both.
- **Held rows.** What an earlier holder had claimed it may still send. No other run sends these rows
  until its end is known (`still_held`).

This file must not know what a run does.
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
from batch_import.state.postgres import Session, mapped_errors, taken_over

#: A session lock that goes with the holder's session, so that a process that was killed is
#: noticed at once. The first number is this program's, any that no other is likely to use.
_LOCK_CLASS: Final = 742_401
#: A lease is renewed this many times before it would end.
_RENEWALS: Final = 3
#: Seconds between two looks of a run that waits: so soon it notices that the holder was killed.
_LOOK_EVERY: Final = 0.2
#: Seconds until a database that is away is asked for again.
_AWAY: Final = 1.0
#: Seconds that the sessions of an earlier holder get to end, after they are terminated.
_ENDING: Final = 10.0

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
_TAKE: Final = """
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
_OPEN: Final = """
    SELECT epoch, host, machine, boot, process, started FROM batch_import.holder
    WHERE job = %s AND NOT ended
"""
_END: Final = "UPDATE batch_import.holder SET ended = true WHERE job = %s AND epoch = %s"
_END_LEASE: Final = """
    UPDATE batch_import.lease SET expires = clock_timestamp() WHERE job = %s AND epoch = %s
"""


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a job, or held it last.

    Attributes:
        process: which process it is.
        since: when it took the job.
        ended: nothing of it can leave any more.
        in_time: its lease has not ended.
        is_connected: its session is there.
    """

    epoch: int
    process: Process
    since: datetime
    ended: bool
    in_time: bool
    is_connected: bool

    @property
    def is_at_work(self) -> bool:
        """Whether nobody else may take the job."""
        return not self.ended and self.in_time and self.is_connected


def holder(db: Session, job: int) -> Holder | None:
    """Who holds a job; None where nobody ever did."""
    found = db.execute(_HOLDER, {"lock": _LOCK_CLASS, "job": job}).fetchone()
    if not found:
        return None
    epoch, host, machine, boot, number, started, *rest = found
    return Holder(epoch, Process(host, machine, boot, number, started), *rest)


def is_running(state: DatabaseState) -> bool:
    """Whether a run is in progress on a job, on any machine."""
    with catalog.session(state.url) as db:
        found = holder(db, catalog.job_number(db, state))
        return found is not None and found.is_at_work


class Lease:
    """The lease of one run. `hold` makes it.

    Attributes:
        job: the job's number.
        epoch: how often the job was taken by now.
        fault: why the lease was lost; None while it was not.
    """

    def __init__(
        self, state: DatabaseState, db: Session, job: int, seconds: float, *, alarm: bool
    ) -> None:
        self._state = state
        self._name = catalog.described(state)
        self._db = db
        self._seconds = seconds
        self._alarm = alarm and hasattr(signal, "setitimer")
        self._over = threading.Event()
        self._arming = threading.Lock()
        self._until = 0.0
        self.job = job
        self.epoch = 0
        self.fault: StateError | None = None

    def take(self) -> None:
        """Become the holder.

        Raises:
            JobBusy: another run is in progress.
        """
        asked = _clock()
        self._lock()
        with self._db.transaction():
            self._db.execute(f"SET LOCAL lock_timeout = '{_ENDING:.0f}s'".encode())
            self._db.execute(_TAKE, (self.job,))
            (before,) = self._db.execute(_LOCK_EPOCH, (self.job,)).fetchone() or (0,)
            self.epoch = before + 1
            self._db.execute(_RAISE_EPOCH, (self.epoch, self._seconds, self.job))
            here = Process.this()
            self._db.execute(
                _ADD_HOLDER,
                (self.job, self.epoch, here.host, here.machine, here.boot, here.number,
                 here.started),
            )  # fmt: skip
            note_ends(self._db, self.job, here, below=self.epoch)
            catalog.hold_claimed(self._db, self.job, before)
        self._db.execute("SELECT set_config('application_name', %s, false)", (self.session_name,))
        self._extend(asked)

    def _lock(self) -> None:
        """Take the session lock; end the sessions of a holder whose lease has ended.

        A process that was stopped in a transaction would keep its locks for ever.
        """
        deadline = _clock() + _ENDING
        while _clock() < deadline:
            (is_free,) = self._db.execute(_TRY_LOCK, (_LOCK_CLASS, self.job)).fetchone() or (0,)
            last = holder(self._db, self.job)
            if not is_free and last and last.is_at_work:
                raise busy(self._name, last)
            if last:
                self._db.execute(_END_SESSIONS, (session_name(self.job, last.epoch),))
            if is_free:
                return
            time.sleep(_LOOK_EVERY)
        raise StateError(
            f"{self._name}: the sessions of its last run cannot be ended.",
            "End them in the database (pg_terminate_backend), then run the same command again.",
        )

    @property
    def session_name(self) -> str:
        """What the sessions of this holder are called."""
        return session_name(self.job, self.epoch)

    # While it is held -------------------------------------------------------------------------

    def may_send(self) -> bool:
        """Whether the lease has not ended, by a clock that goes on while the machine sleeps."""
        return self.fault is None and _clock() < self._until

    def renew(self, lost: Callable[[], None]) -> None:
        """Renew the lease until `leave`; `lost` is called once where that fails."""
        while not self._over.wait(self._seconds / _RENEWALS):
            try:
                with mapped_errors(self._name):
                    self._renew()
            except StateError as fault:
                if not self._over.is_set():
                    self.fault = fault
                    lost()
                return

    def _renew(self) -> None:
        asked = _clock()
        found = self._db.execute(_RENEW, (self._seconds, self.job, self.epoch))
        if not found.rowcount:
            raise taken_over(self._name)
        self._extend(asked)
        note_ends(self._db, self.job, Process.this(), below=self.epoch)

    def _extend(self, asked: float) -> None:
        # The database counts from a later moment.
        self._until = asked + self._seconds
        with self._arming:
            if self._alarm and not self._over.is_set():
                signal.setitimer(signal.ITIMER_REAL, max(self._until - _clock(), 1e-3))

    def leave(self) -> None:
        """Say that nothing of this holder is under way any more."""
        self._over.set()
        with self._arming:
            if self._alarm:
                signal.setitimer(signal.ITIMER_REAL, 0.0)
        # Where the database is away, the next run of this machine says it.
        with suppress(psycopg.Error), self._db.transaction():
            self._db.execute(_END, (self.job, self.epoch))
            self._db.execute(_END_LEASE, (self.job, self.epoch))


def session_name(job: int, epoch: int) -> str:
    """What the sessions of a holder are called."""
    return f"batch-import {job}/{epoch}"


def note_ends(db: Session, job: int, here: Process, *, below: int) -> None:
    """Note which earlier holders have surely ended: this machine's, and this very process."""
    for epoch, *process in db.execute(_OPEN, (job,)).fetchall():
        known = Process(*process)
        if epoch < below and (known.is_gone(here) or (known == here and known.machine)):
            db.execute(_END, (job, epoch))


@contextmanager
def held(
    state: DatabaseState, seconds: float, stop: threading.Event, *, alarm: bool
) -> Iterator[Lease]:
    """Hold a job's lease; `stop` is set where it is lost.

    Args:
        seconds: after which another run may take the job of a holder that is not heard of.
        alarm: the process is this run's alone, and is to be killed once the lease has ended.

    Raises:
        JobBusy: another run is in progress.
        StateError: the lease was lost; or the database cannot be used.
    """
    with catalog.session(state.url) as db:
        lease = Lease(state, db, catalog.number_or_made(db, state), seconds, alarm=alarm)
        lease.take()
        thread = threading.Thread(target=lease.renew, args=(stop.set,), name="lease", daemon=True)
        thread.start()
        try:
            yield lease
        except BaseException:
            if lease.fault is not None:
                raise lease.fault from None
            raise
        finally:
            lease.leave()
            thread.join()


def wait_until_free(
    state: DatabaseState, stop: threading.Event, waiting: Callable[[str], None]
) -> None:
    """Wait until nobody holds a job. The database may be away meanwhile.

    Args:
        stop: set it to end early.
        waiting: called with each new reason, a sentence.
    """
    said = ""
    while not stop.is_set():
        try:
            with catalog.session(state.url) as db:
                while not stop.is_set():
                    if not catalog.has_job_in(db, state):
                        return
                    job = catalog.job_number(db, state)
                    found = holder(db, job)
                    if found is None or not found.is_at_work:
                        return
                    note_ends(db, job, Process.this(), below=found.epoch)
                    if said != (said := busy("", found).message):
                        waiting(said)
                    stop.wait(_LOOK_EVERY)
        except StateUnavailable as away:
            if said != (said := str(away)):
                waiting(said)
            stop.wait(_AWAY)


def say_ended(state: DatabaseState) -> list[str]:
    """Note that all earlier holders of a job have ended, as a person says. Returns their names."""
    with catalog.session(state.url) as db, mapped_errors(catalog.described(state)):
        job = catalog.job_number(db, state)
        now = holder(db, job)
        at_work = now.epoch if now and now.is_at_work else None
        ended = []
        for epoch, host, _, _, number, _ in db.execute(_OPEN, (job,)).fetchall():
            if epoch != at_work:
                db.execute(_END, (job, epoch))
                ended.append(f"{host}, process {number}")
        return ended


def busy(name: str, found: Holder | None) -> JobBusy:
    """The job is another run's."""
    who = ""
    if found:
        since = f"{found.since.astimezone():%Y-%m-%d %H:%M:%S}"
        who = f": {found.process.host}, process {found.process.number}, since {since}"
    where = f" on {name}" if name else ""
    return JobBusy(
        f"A run is in progress{where}{who}.",
        f"Watch it with: {command_ref('status')}. To wait and take over: {setting_ref('standby')}.",
    )


def _clock() -> float:
    """Seconds, on a clock that goes on while the machine sleeps, where there is one."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))
