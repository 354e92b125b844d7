"""How long the run still takes once all rows are created: from ages and processing times. Pure.

It is worked out anew each time, never drawn on from an earlier estimate. This file must not know
how it is shown.
"""

from batch_import.importer.schedule.observations import ProcessingTimes
from batch_import.importer.schedule.tracker import Tracker


def time_left(
    creating_seconds: float,
    tracker: Tracker,
    processing_times: ProcessingTimes,
    proof_age: float | None,
    settle_seconds: float,
    now: float,
) -> float | None:
    """Seconds until this run has nothing more to do; None while nobody can know.

    Args:
        creating: seconds until the last row is created; 0 where all are.
        proof: the age at which lists prove that an unknown row was not created, if they do.
        settle: the age at which an unknown row is given up.
    """
    if not (creating_seconds or len(tracker)):
        return 0.0
    age_when_all_done = processing_times.age_when_all_done(tracker.polling.not_done_ages())
    if age_when_all_done is None:
        return None
    ages = [row.created.min_age(now) for row in tracker.all_in_account()]
    youngest = 0.0 if creating_seconds else min(ages, default=0.0)
    # A row that takes longer than any before it is due when its age has grown by a share.
    waits = [
        creating_seconds
        + max(age_when_all_done - youngest, tracker.polling.interval_for(max(ages, default=0.0)))
    ]
    settles = settle_seconds if proof_age is None else proof_age
    waits += [settles - row.created.min_age(now) for row in tracker.all_unknown()]
    if proof_age is not None and any(True for _ in tracker.all_unknown()):
        waits.append(max(waits[1:]) + age_when_all_done)  # it may be sent again
    return max(waits)
