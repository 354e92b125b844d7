"""The timeline has the same counts as the events of each row."""

import sqlite3
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from batch_import.models import ManifestRow, Media, Status, StatusUpdate
from batch_import.state.store import Store
from batch_import.state.timeline import Timeline

ROWS = 5
#: A row, its event, and seconds until the event.
STEPS = st.lists(
    st.tuples(st.integers(1, ROWS), st.sampled_from(list("cif")), st.integers(0, 9)), max_size=25
)


def job(steps: Sequence[tuple[int, str, int]]) -> Store:
    store = Store(None)
    url = "https://h.example/v.mp4"
    store.load(
        [ManifestRow(n, f"r{n}", f"r{n}", url, "T", "mp4", ()) for n in range(2, 2 + ROWS)], 1.0
    )
    now = 100.0
    for number, step, seconds in steps:
        now += seconds
        if step == "c":
            store.queue.apply([StatusUpdate(number, Status.PENDING)], now)
            store.queue.claim(1, now)
        elif step == "i":
            media = Media("m", "k", "r")
            store.queue.apply([StatusUpdate(number, Status.IMPORTED, media=media)], now)
        else:
            store.queue.apply([StatusUpdate(number, Status.FAILED)], now)
    return store


def timeline_from_events(db: sqlite3.Connection, parts: int) -> Timeline | None:
    """Return the same timeline, computed from the first events of each row."""
    sent, imported = (
        [
            time
            for (time,) in db.execute(
                "SELECT min(time) FROM event WHERE status = ? GROUP BY row", (status,)
            )
        ]
        for status in ("creating", "imported")
    )
    if not sent and not imported:
        return None
    start, stop = min(sent + imported), max(sent + imported)
    step = (stop - start) / parts or 1.0
    bounds = [start + part * step for part in range(1, parts)]

    def counted(times: Sequence[float]) -> tuple[int, ...]:
        places = [sum(bound <= time for bound in bounds) for time in times]
        return tuple(places.count(part) for part in range(parts))

    return Timeline(start, step, counted(sent), counted(imported))


@given(STEPS, st.integers(1, 7))
def test_the_timeline_counts_the_first_events_of_each_row(
    steps: list[tuple[int, str, int]], parts: int
) -> None:
    once: list[tuple[int, str, int]] = []
    for step in steps:
        # The importer sends no further event for an imported row.
        if (step[0], "i") not in [(number, kind) for number, kind, _ in once]:
            once.append(step)
    with job(once) as store:
        assert store.reader.timeline(parts) == timeline_from_events(store.connection.db, parts)


def test_a_clock_that_was_set_back_loses_no_row_of_the_timeline() -> None:
    with job([(1, "c", 5), (2, "c", 60), (3, "c", -40), (4, "c", 9), (5, "c", -20)]) as store:
        timeline = store.reader.timeline(4)
        assert timeline
        assert sum(timeline.sent) == ROWS
