"""When the media of a row was created, as far as this is known."""

import math

from batch_import.importer.schedule.row_states import CreationTime


def test_ages_use_the_safe_time_and_are_never_negative() -> None:
    created = CreationTime(earliest=10.0, latest=12.0, first_post_at=9.0)
    assert (created.min_age(15.0), created.max_age(15.0)) == (3.0, 5.0)
    assert (created.min_age(12.0), created.max_age(10.0)) == (0.0, 0.0)
    assert (created.min_age(1.0), created.max_age(1.0)) == (0.0, 0.0)
    unknown = CreationTime(earliest=-math.inf, latest=12.0, first_post_at=9.0)
    assert unknown.max_age(12.5) == 0.5
