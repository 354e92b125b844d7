"""How many rows of a job a run creates, adopts, resumes and settles."""

import pytest

from batch_import.models import Counts
from batch_import.workflows.work_plan import plan_work


@pytest.mark.parametrize(
    ("counts", "has_work", "words"),
    [
        (Counts(total=3, pending=3), True, "3 to create"),
        (
            Counts(total=9, pending=1, processing=2, unknown=3, imported=1, invalid=1, skipped=1),
            True,
            "1 to create, 2 to resume, 3 to settle, 1 invalid, 2 done before",
        ),
        (Counts(total=2, imported=1, failed=1), False, "0 to create, 2 done before"),
        (Counts(total=1, unknown=1), True, "0 to create, 1 to settle"),
    ],
)
def test_the_plan_has_the_counts_of_the_job(counts: Counts, words: str, *, has_work: bool) -> None:
    plan = plan_work(counts, counts.pending)
    assert plan.has_work is has_work
    assert str(plan) == words


def test_the_plan_of_a_pilot_has_the_number_of_all_pending_rows() -> None:
    plan = plan_work(Counts(total=60, pending=50, processing=2, imported=8), 10)
    assert str(plan) == "10 to create (of 50 pending), 2 to resume, 8 done before"
    assert not plan_work(Counts(total=50, pending=50), 0).has_work


def test_rows_to_adopt_are_not_counted_as_rows_to_create() -> None:
    plan = plan_work(Counts(total=9, pending=5, imported=4), 5, adopt=2)
    assert str(plan) == "3 to create, 2 to adopt, 4 done before"
    assert plan_work(Counts(total=2, pending=2), 2, adopt=2).has_work


def test_the_plan_says_if_the_account_was_not_searched() -> None:
    counts = Counts(total=9, pending=5, imported=4)
    plan = plan_work(counts, 5, is_searched=False)
    assert str(plan) == "5 to create unless the account has them, 4 done before"
    assert str(plan_work(Counts(total=1, imported=1), 0, is_searched=False)) == (
        "0 to create, 1 done before"
    )
