"""The engine does what it did: the calls, their moments and the rows of seeds hash as committed.

After a change of the engine that is meant: `python tests/simulation/fingerprint.py --update`.
"""

import pytest
from fingerprint import PART, PARTS, committed, fingerprint, together
from world import World


def test_the_imports_of_the_first_seeds_are_as_committed() -> None:
    assert together(map(fingerprint, range(PART))) == committed()[0]


def test_all_parts_are_committed() -> None:
    assert list(committed()) == list(range(0, PART * PARTS, PART))


def test_a_single_call_that_leaves_later_changes_the_hash(monkeypatch: pytest.MonkeyPatch) -> None:
    before = fingerprint(3)
    assert before == fingerprint(3)
    send = World.send

    def late(self: World, call: object, run: int) -> None:
        send(self, call, run)
        moment, kind, about = self.outcome.log[-1]
        if len(self.outcome.log) == 5:
            self.outcome.log[-1] = (moment + 0.001, kind, about)

    monkeypatch.setattr(World, "send", late)
    assert fingerprint(3) != before
