"""How long the run still takes once all rows are created: from ages and processing times. Pure.

It is worked out anew each time, never drawn on from an earlier estimate. This file must not know
how it is shown.
"""

from batch_import.importer.schedule.observations import ProcessingTimes
from batch_import.importer.schedule.tracker import Tracker


def time_left(
    creating: float,
    tracker: Tracker,
    times: ProcessingTimes,
    proof: float | None,
    settle: float,
    now: float,
) -> float | None:
    """Seconds until this run has nothing more to do; None while nobody can know.

    Args:
        creating: seconds until the last row is created; 0 where all are.
        proof: the age at which lists prove that an unknown row was not created, if they do.
        settle: the age at which an unknown row is given up.
    """
    if not (creating or len(tracker)):
        return 0.0
    all_done = times.all_done(tracker.polling.not_done())
    if all_done is None:
        return None
    ages = [row.created.age(now) for row in tracker.in_account()]
    youngest = 0.0 if creating else min(ages, default=0.0)
    # A row that takes longer than any before it is due when its age has grown by a share.
    waits = [creating + max(all_done - youngest, tracker.polling.pause(max(ages, default=0.0)))]
    settles = settle if proof is None else proof
    waits += [settles - row.created.age(now) for row in tracker.unknown()]
    if proof is not None and any(True for _ in tracker.unknown()):
        waits.append(max(waits[1:]) + all_done)  # it may be sent again
    return max(waits)
