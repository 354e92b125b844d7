"""Estimate the remaining duration of a run. No I/O.

The estimate uses the ages of the rows and the observed processing times. The age of a row is the
number of seconds since its POST. This module must not know how the estimate is shown.
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
        creating_seconds: estimated seconds until the POST of the last row; 0 if all rows were sent.
        tracker: the rows in flight.
        processing_times: the observed processing times.
        proof_age: age at which lists prove that the media of an unknown row does not exist; None if
            they cannot prove it. The POST of an unknown row got no clear answer.
        settle_seconds: age at which an unknown row is given up: the setting `settle`.
        now: current time in epoch seconds.
    """
    if not (creating_seconds or len(tracker)):
        return 0.0
    age_when_all_done = processing_times.age_when_all_done(tracker.polling.not_done_ages())
    if age_when_all_done is None:
        return None
    ages = [row.created.min_age(now) for row in tracker.all_in_account()]
    youngest_age = 0.0 if creating_seconds else min(ages, default=0.0)
    oldest_age = max(ages, default=0.0)
    # If a row takes longer than all others, its next status request may come a poll interval later.
    online_seconds = creating_seconds + max(
        age_when_all_done - youngest_age, tracker.polling.interval_for(oldest_age)
    )
    settled_age = settle_seconds if proof_age is None else proof_age
    settle_waits = [settled_age - row.created.min_age(now) for row in tracker.all_unknown()]
    seconds_left = max([online_seconds, *settle_waits])
    if proof_age is not None and settle_waits:
        # An unknown row may be sent again. Then the platform needs the processing time again.
        seconds_left = max(seconds_left, max(settle_waits) + age_when_all_done)
    return seconds_left
