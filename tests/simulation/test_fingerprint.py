"""Compares the hashes of simulated imports with the committed ones.

A hash covers the requests of an import, their times, and the final rows. If a change of the
importer is intended, run `python tests/simulation/fingerprint.py --update` and commit the file.
"""

import pytest
from fingerprint import PART, PARTS, committed, fingerprint, hash_of_all
from world import World


def test_the_hash_of_the_first_seeds_is_the_committed_hash() -> None:
    assert hash_of_all(map(fingerprint, range(PART))) == committed()[0]


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
