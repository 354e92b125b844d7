"""The hashes of simulated imports; `test_import.py` compares them with the committed ones."""

import pytest
from fingerprint import PART, PARTS, committed, fingerprint
from world import World


def test_every_part_of_the_fingerprint_is_committed() -> None:
    assert list(committed()) == list(range(0, PART * PARTS, PART))


def test_one_request_that_is_sent_later_changes_the_hash(monkeypatch: pytest.MonkeyPatch) -> None:
    before = fingerprint(3)
    assert before == fingerprint(3)
    send = World.send

    def send_later(self: World, call: object, run: int) -> None:
        send(self, call, run)
        seconds, kind, about = self.outcome.log[-1]
        if len(self.outcome.log) == 5:
            self.outcome.log[-1] = (seconds + 0.001, kind, about)

    monkeypatch.setattr(World, "send", send_later)
    assert fingerprint(3) != before
