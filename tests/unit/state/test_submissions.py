"""How a job of the queue is listed. tests/database/test_fleet.py reads it from a database."""

import importlib.util

import pytest

if importlib.util.find_spec("psycopg") is None:
    pytest.skip("psycopg is not installed", allow_module_level=True)

from batch_import.models import Counts
from batch_import.state.submissions import Snapshot, _listed_job

SNAPSHOT = Snapshot(Counts(imported=3, failed=1), 4.0, 60.0, (("no such file", 1),))


@pytest.mark.parametrize(
    ("entry", "status"),
    [
        (("todo", None, False, "", ""), "queued"),
        (("todo", True, False, "", ""), "scheduled"),
        (("todo", False, False, "", ""), "queued"),
        (("doing", None, False, "", ""), "running"),
        (("doing", None, True, "paused", ""), "stopping"),
        (("aborted", None, False, "paused", ""), "paused"),
        (("cancelled", None, False, "cancelled", ""), "cancelled"),
        # A job that was withdrawn just as its worker gave it back.
        (("failed", None, False, "paused", ""), "paused"),
        (("failed", None, False, "", "The keys are refused."), "set aside"),
        # It finished its work before its worker heard that it was withdrawn.
        (("succeeded", None, False, "paused", ""), "finished"),
        (("succeeded", None, False, "", "1 row is not imported."), "incomplete"),
        # The entry was deleted by a task of procrastinate.
        ((None, None, None, "", ""), "finished"),
        ((None, None, None, "paused", ""), "paused"),
        ((None, None, None, "cancelled", ""), "cancelled"),
        # It was cancelled with a tool of procrastinate.
        (("cancelled", None, False, "", ""), "cancelled"),
    ],
)
def test_the_status_of_a_job_follows_from_its_queue_entry(
    entry: tuple[object, ...], status: str
) -> None:
    """The entry: status, is later, is stopping, why it was withdrawn, why it ended."""
    row = ("library", "news", "library.csv", *entry, SNAPSHOT.as_json(), 5.0, "host")
    listed = _listed_job(row)
    assert (listed.status, listed.snapshot) == (status, SNAPSHOT)


def test_a_job_that_was_not_submitted_is_listed_without_a_snapshot() -> None:
    listed = _listed_job(("library", *[None] * 10))
    assert (listed.status, listed.account, listed.snapshot) == ("manual", "", None)
