"""Compares the contents of a job database with committed files, after fixed and random steps.

The tests use only the public methods of the store, so that its implementation can change.
"""

from collections.abc import Callable
from pathlib import Path

import pytest
from golden import compare
from states import SITUATIONS, compared_with_account, hash_walks, row, situation, walk

from batch_import.errors import StateError
from batch_import.state import facts
from batch_import.state.queue import Queue
from batch_import.state.store import Store

#: Number of walks (sequences of random steps) with one common hash, and number of these hashes.
PART, PARTS = 25, 8


def file_name(number: int, step: Callable[..., str]) -> str:
    return f"state/{number:02}-{step.__name__.replace('_', '-')}.txt"


def test_each_step_of_a_job_in_memory_has_the_committed_contents() -> None:
    with Store(None) as store:
        for number, step in enumerate(SITUATIONS, start=1):
            compare(file_name(number, step), situation(step, store))
        compare("state/11-compared-with-account.txt", compared_with_account(store))


def test_each_step_of_a_job_that_is_opened_again_has_the_committed_contents(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite"
    Store(path, create=True).close()
    for number, step in enumerate(SITUATIONS, start=1):
        with Store(path) as store:
            contents = situation(step, store)
        compare(file_name(number, step), contents)
    with Store(path, read_only=True) as store:
        assert situation(lambda _: "", store) == contents
    with Store(path) as store:
        compare("state/11-compared-with-account.txt", compared_with_account(store))


def test_a_copy_has_the_same_contents_and_its_changes_do_not_change_the_job() -> None:
    with Store(None) as store:
        for step in SITUATIONS:
            contents = situation(step, store)
        with store.copy() as copy:
            assert situation(lambda _: "", copy) == contents
            copy.queue.recover(200.0)
            assert situation(lambda _: "", copy) != contents
        assert situation(lambda _: "", store) == contents


def test_the_hashes_of_the_walks_are_committed() -> None:
    lines = [f"{PART * n} {hash_walks(PART * n, PART)}" for n in range(PARTS)]
    compare("state/walks.txt", "\n".join(lines) + "\n")


def test_walks_reach_all_kinds_of_contents() -> None:
    contents = "".join(map(walk, range(PART)))
    for text in (
        "removed", "skipped", "invalid", "2 adopted", "some of them chosen", "picture (640, 360)",
        "a chosen row is not in the manifest", "2 to retry", "seconds until online",
    ):  # fmt: skip
        assert text in contents


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_one_changed_time_changes_the_walk(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    before = walk(seed)
    assert walk(seed) == before
    claim = Queue.claim
    monkeypatch.setattr(Queue, "claim", lambda self, limit, now: claim(self, limit, now + 0.5))
    assert walk(seed) != before


def test_a_manifest_of_another_job_changes_nothing() -> None:
    with Store(None) as store:
        for step in SITUATIONS:
            contents = situation(step, store)
        with pytest.raises(StateError):
            store.load([row(2, "stranger")], 300.0, facts=[facts.ACCOUNT.of("another")])
        assert situation(lambda _: "", store) == contents
