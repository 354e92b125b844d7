"""When a row's media was created, as far as that is known."""

import math

from batch_import.importer.schedule.flights import Created


def test_ages_count_from_the_safe_moment_and_are_never_negative() -> None:
    created = Created(earliest=10.0, latest=12.0, intent=9.0)
    assert (created.age(15.0), created.greatest_age(15.0)) == (3.0, 5.0)
    assert (created.age(12.0), created.greatest_age(10.0)) == (0.0, 0.0)
    assert (created.age(1.0), created.greatest_age(1.0)) == (0.0, 0.0)
    unknown = Created(earliest=-math.inf, latest=12.0, intent=9.0)
    assert unknown.greatest_age(12.5) == 0.5
