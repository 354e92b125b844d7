"""Waits that double after each failure."""

from batch_import.importer.backoff import backoff


def test_waits_double_up_to_the_maximum() -> None:
    assert [backoff(2.0, failures, 15.0) for failures in range(5)] == [2.0, 4.0, 8.0, 15.0, 15.0]


def test_a_huge_number_of_failures_gives_the_maximum() -> None:
    assert backoff(1.0, 10**9, 60.0) == 60.0
