"""Estimate how long a run still takes after the last row is created. No I/O.

The estimate uses the ages of the rows and the observed processing times. It is calculated anew each
time. This module must not know how it is shown.
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
    """Returns the seconds until the run has nothing more to do; None if not known.

    Args:
        creating_seconds: seconds until the last row is created; 0 if all rows are created.
        proof_age: age at which lists prove that the media of an unknown row does not exist; None if
            they cannot prove it.
        settle_seconds: age at which an unknown row is given up.
    """
    if not (creating_seconds or len(tracker)):
        return 0.0
    age_when_all_done = processing_times.age_when_all_done(tracker.polling.not_done_ages())
    if age_when_all_done is None:
        return None
    ages = [row.created.min_age(now) for row in tracker.all_in_account()]
    youngest = 0.0 if creating_seconds else min(ages, default=0.0)
    # A row that takes longer than all others is seen online with the delay of its poll interval.
    waits = [
        creating_seconds
        + max(age_when_all_done - youngest, tracker.polling.interval_for(max(ages, default=0.0)))
    ]
    settles = settle_seconds if proof_age is None else proof_age
    waits += [settles - row.created.min_age(now) for row in tracker.all_unknown()]
    if proof_age is not None and any(True for _ in tracker.all_unknown()):
        waits.append(max(waits[1:]) + age_when_all_done)  # it may be sent again, and processed
    return max(waits)
