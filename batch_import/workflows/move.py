"""Move a job's database from its folder to PostgreSQL or back."""

import threading
from typing import Final

from batch_import.errors import StateError, setting_ref
from batch_import.job import Job
from batch_import.state import facts, transfer
from batch_import.state.location import display_name, exists, hold_job
from batch_import.state.store import Store

#: If a move is interrupted, another machine can use the job after this many seconds.
_LEASE_SECONDS: Final = 60.0


def move(source: Job, target: Job) -> int:
    """Move a job database. The previous one is kept, but no run uses it any more.

    Returns:
        the number of its rows.

    Raises:
        JobBusy: a run is in progress.
        StateError: there is no such job, or the target has another one.
    """
    if not exists(source):
        raise StateError(f"There is no job at {display_name(source)}.", "Check the name.")
    stop = threading.Event()
    with (
        hold_job(source, _LEASE_SECONDS, stop) as own,
        Store(source.state) as before,
        hold_job(target, _LEASE_SECONDS, stop, locks_folder=False) as other,
        Store(target.state, create=True) as after,
    ):
        own.fence(before.connection)
        other.fence(after.connection)
        _refuse(before, after, target)
        transfer.copy(before.connection, after.connection)
        after.facts.save(facts.MOVED_TO.of(""), facts.RESULTS_CSV.of(""), facts.FAILED_CSV.of(""))
        before.facts.save(facts.MOVED_TO.of(display_name(target)))
        return after.reader.counts().total


def refuse_moved(store: Store) -> None:
    """Stop before anything is sent from a job database that was moved elsewhere.

    Raises:
        StateError: the database was moved.
    """
    if where := store.facts.get(facts.MOVED_TO):
        raise StateError(
            f"The state of this job was moved to {where}.",
            f"Run with it ({setting_ref('state')}), or move it back: batch-import state copy.",
        )


def _refuse(before: Store, after: Store, target: Job) -> None:
    refuse_moved(before)
    if before.connection.held_rows(0.0):
        raise StateError(
            "Rows of the job may still be sent by a machine that was cut off.",
            "End its run for good, and say so: batch-import state ended.",
        )
    if after.reader.counts().total and not after.facts.get(facts.MOVED_TO):
        raise StateError(
            f"There is a job at {display_name(target)} already.",
            "Nothing was changed. Name another one.",
        )
