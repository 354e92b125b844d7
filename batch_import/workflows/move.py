"""Move a job's database from its folder to PostgreSQL or back."""

import threading
from typing import Final

from batch_import.errors import StateError, setting_ref
from batch_import.job import Job
from batch_import.state import facts, transfer
from batch_import.state.location import display_name, exists, hold_job
from batch_import.state.store import Store

#: Duration of the lease on both jobs, in seconds. After an interrupted move, another machine can
#: use the job when this time has passed.
_LEASE_SECONDS: Final = 60.0


def move(source: Job, target: Job) -> int:
    """Copy a job database to another place, and mark the source as moved. No run uses it any more.

    Returns:
        the number of rows of the job.

    Raises:
        JobBusy: a run of the job is in progress.
        StateError: there is no such job, or there is another job at the target.
    """
    if not exists(source):
        raise StateError(f"There is no job at {display_name(source)}.", "Check the name.")
    stop = threading.Event()
    with (
        hold_job(source, _LEASE_SECONDS, stop) as source_hold,
        Store(source.state) as source_store,
        hold_job(target, _LEASE_SECONDS, stop, locks_folder=False) as target_hold,
        Store(target.state, create=True) as target_store,
    ):
        source_hold.fence(source_store.connection)
        target_hold.fence(target_store.connection)
        _refuse_unsafe_move(source_store, target_store, target)
        transfer.copy(source_store.connection, target_store.connection)
        target_store.facts.save(
            facts.MOVED_TO.of(""), facts.RESULTS_CSV.of(""), facts.FAILED_CSV.of("")
        )
        source_store.facts.save(facts.MOVED_TO.of(display_name(target)))
        return target_store.reader.counts().total


def refuse_moved(store: Store) -> None:
    """Raise an error if the job database was moved to another place. A run must not use it.

    Raises:
        StateError: the database was moved.
    """
    new_place = store.facts.get(facts.MOVED_TO)
    if new_place:
        raise StateError(
            f"The state of this job was moved to {new_place}.",
            f"Use {setting_ref('state')} to run the job there, or move the state back with:"
            " batch-import state copy.",
        )


def _refuse_unsafe_move(source_store: Store, target_store: Store, target: Job) -> None:
    """Raise an error if a move could cause duplicate videos or overwrite another job."""
    refuse_moved(source_store)
    if source_store.connection.held_rows(0.0):
        raise StateError(
            "Another machine, which lost its connection, may still send rows of the job.",
            "Make sure that its run has ended, and confirm this with: batch-import state ended.",
        )
    if target_store.reader.counts().total and not target_store.facts.get(facts.MOVED_TO):
        raise StateError(
            f"There is a job at {display_name(target)} already.",
            "Nothing was changed. Name another one.",
        )
