"""Times as people write them."""

import time
from collections.abc import Callable, Iterator
from datetime import datetime

import pytest

from batch_import.configuration.timestamps import parse_timestamp


@pytest.fixture
def zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Return a function that sets the local time zone."""

    def set_to(name: str) -> None:
        monkeypatch.setenv("TZ", name)
        time.tzset()

    yield set_to
    monkeypatch.undo()
    time.tzset()


def utc(text: str) -> float:
    return datetime.fromisoformat(f"{text}+00:00").timestamp()


@pytest.mark.parametrize(
    ("text", "now", "expected"),
    [
        # Berlin is UTC+1 in winter. Clocks go forward on 29 March 2026 and back on 25 October, at
        # 01:00 UTC.
        ("06:00", "2026-01-10T04:59", "2026-01-10T05:00"),
        ("6:00", "2026-01-10T05:00", "2026-01-11T05:00"),
        ("23:59:30", "2026-01-10T05:00", "2026-01-10T22:59:30"),
        ("00:00", "2026-12-31T22:00", "2026-12-31T23:00"),
        ("06:00", "2026-03-28T21:00", "2026-03-29T04:00"),
        ("02:30", "2026-03-28T21:00", "2026-03-29T01:30"),
        ("06:00", "2026-10-24T21:00", "2026-10-25T05:00"),
        ("02:30", "2026-10-24T21:00", "2026-10-25T00:30"),
        ("02:30", "2026-10-25T00:45", "2026-10-25T01:30"),
        ("02:30", "2026-10-25T01:45", "2026-10-26T01:30"),
        ("2026-12-01T06:00", "2026-01-10T05:00", "2026-12-01T05:00"),
        ("2026-12-01 06:00:05", "2026-01-10T05:00", "2026-12-01T05:00:05"),
        ("2026-12-01T06:00Z", "2026-01-10T05:00", "2026-12-01T06:00"),
        ("2026-12-01T06:00-05:00", "2026-01-10T05:00", "2026-12-01T11:00"),
    ],
)
def test_a_time_of_day_is_the_next_such_time(
    zone: Callable[[str], None], text: str, now: str, expected: str
) -> None:
    zone("Europe/Berlin")
    assert parse_timestamp(text, utc(now)) == utc(expected)


def test_a_day_that_does_not_exist_in_a_time_zone_is_skipped(zone: Callable[[str], None]) -> None:
    zone("Pacific/Apia")  # there was no 30 December 2011
    found = parse_timestamp("06:00", utc("2011-12-29T20:00"))
    assert found == utc("2011-12-30T16:00")


@pytest.mark.parametrize(
    "text", ["", "soon", "24:00", "06:60", "6", "0600", "2026-12-01", "2026-13-01T06:00", "-1:00"]
)
def test_a_text_that_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a time like 06:00"):
        parse_timestamp(text, 0.0)


def test_a_time_in_the_past_is_refused() -> None:
    now = utc("2026-01-10T05:00")
    with pytest.raises(ValueError, match="'2026-01-10T05:00Z' has passed"):
        parse_timestamp("2026-01-10T05:00Z", now)
