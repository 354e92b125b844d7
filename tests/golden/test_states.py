"""A job's state tells what it told before: after each step of a job's life, and after drawn steps.

Read and written through the store's public methods alone, so that its inside may be rebuilt.
"""

from collections.abc import Callable
from pathlib import Path

import pytest
from golden import compare
from states import SITUATIONS, compared_with_account, row, situation, walk, walks

from batch_import.errors import StateError
from batch_import.state import facts
from batch_import.state.queue import Queue
from batch_import.state.store import Store

#: Walks that have one hash, and how many such hashes there are.
PART, PARTS = 25, 8


def name(number: int, step: Callable[..., str]) -> str:
    return f"state/{number:02}-{step.__name__.replace('_', '-')}.txt"


def test_the_life_of_a_job_in_memory() -> None:
    with Store(None) as store:
        for number, step in enumerate(SITUATIONS, start=1):
            compare(name(number, step), situation(step, store))
        compare("state/11-compared-with-account.txt", compared_with_account(store))


def test_the_life_of_a_job_that_is_opened_anew_for_each_step(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite"
    Store(path, create=True).close()
    for number, step in enumerate(SITUATIONS, start=1):
        with Store(path) as store:
            printed = situation(step, store)
        compare(name(number, step), printed)
    with Store(path, read_only=True) as store:
        assert situation(lambda _: "", store) == printed
    with Store(path) as store:
        compare("state/11-compared-with-account.txt", compared_with_account(store))


def test_a_copy_tells_the_same_and_leaves_the_job_as_it_is() -> None:
    with Store(None) as store:
        for step in SITUATIONS:
            printed = situation(step, store)
        with store.copy() as copy:
            assert situation(lambda _: "", copy) == printed
            copy.queue.recover(200.0)
            assert situation(lambda _: "", copy) != printed
        assert situation(lambda _: "", store) == printed


def test_walks() -> None:
    lines = [f"{PART * n} {walks(PART * n, PART)}" for n in range(PARTS)]
    compare("state/walks.txt", "\n".join(lines) + "\n")


def test_walks_go_everywhere() -> None:
    printed = "".join(map(walk, range(PART)))
    for part in (
        "removed", "skipped", "invalid", "2 adopted", "some of them chosen", "picture (640, 360)",
        "a chosen row is not in the manifest", "2 to retry", "seconds until online",
    ):  # fmt: skip
        assert part in printed


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_single_event_more_shows(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    before = walk(seed)
    assert walk(seed) == before
    claim = Queue.claim
    monkeypatch.setattr(Queue, "claim", lambda self, limit, now: claim(self, limit, now + 0.5))
    assert walk(seed) != before


def test_a_manifest_of_another_job_changes_nothing() -> None:
    with Store(None) as store:
        for step in SITUATIONS:
            printed = situation(step, store)
        with pytest.raises(StateError):
            store.load([row(2, "stranger")], 300.0, facts=[facts.ACCOUNT.of("another")])
        assert situation(lambda _: "", store) == printed
