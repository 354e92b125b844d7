"""Estimate the remaining duration of a run. No I/O.

The estimate uses the ages of the rows and the observed processing times. The age of a row is the
number of seconds since its POST. This module must not know how the estimate is shown.
"""

from collections.abc import Sequence

from batch_import.importer.schedule.observations import ProcessingTimes
from batch_import.importer.schedule.settling import Settlement
from batch_import.importer.schedule.tracker import Tracker


def time_left(
    creating_seconds: float,
    tracker: Tracker,
    processing_times: ProcessingTimes,
    settlements: Sequence[Settlement],
    now: float,
) -> float | None:
    """Returns the seconds until the run has nothing more to do; None if not known.

    Args:
        creating_seconds: estimated seconds until the POST of the last row; 0 if all rows were sent.
        tracker: the rows in flight.
        processing_times: the observed processing times.
        settlements: the expected ends of the searches for unknown rows.
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
    # If an unknown row is sent again, the platform needs the processing time again.
    unknown_seconds = [
        settlement.seconds_left + (age_when_all_done if settlement.may_be_sent_again else 0.0)
        for settlement in settlements
    ]
    return max([online_seconds, *unknown_seconds])
