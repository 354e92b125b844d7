"""Simulates whole imports from a storage that often fails to sign the URL of a row.

Every row must become exactly one video. A POST that was not sent because its URL was not signed
must not make a row unknown.
"""

from dataclasses import replace
from random import Random
from typing import Any

import pytest
from scenario import draw
from world import World, _Flight, _Run, history

from batch_import.importer.scheduled_request import CreateMedia, NotSigned
from batch_import.models import Status
from batch_import.state.store import Store

#: Number of imports: enough for kills and stops at every step, in a few seconds.
SEEDS = 40


class BusyStorage(World):
    """A third of all POSTs are not sent, because the storage does not sign their URLs."""

    def __init__(self, seed: int, store: Store) -> None:
        scenario = draw(seed)
        # Without outages: their rule counts POSTs before they are signed.
        super().__init__(replace(scenario, knobs=replace(scenario.knobs, outages=())), store)
        self._storage = Random(f"{seed}/storage")
        self.not_signed: set[str] = set()
        self.sent: set[str] = set()

    def send(self, call: Any, run: int) -> None:
        if isinstance(call, CreateMedia) and self._storage.random() < 1 / 3:
            self.not_signed.add(call.row.reference_id)
            flight = _Flight(call, run, self.now, 0.01, answer=NotSigned("the storage is busy"))
            self._later(0.01, "answer", flight)
            return
        if isinstance(call, CreateMedia):
            self.sent.add(call.row.reference_id)
        super().send(call, run)

    def _check_without_faults(self) -> None:
        """Check nothing: the rules for imports without faults do not hold here."""

    def started(self, run: _Run) -> None:
        super().started(run)
        for name in self.not_signed - self.sent:
            statuses = [event.status for event in history(self.store, name)]
            assert Status.PROCESSING not in statuses, name


@pytest.mark.parametrize("first", range(0, SEEDS, 20))
def test_no_row_is_lost_or_sent_twice_while_a_storage_is_busy(first: int) -> None:
    unsigned_count = 0
    for seed in range(first, first + 20):
        with Store(None) as store:
            world = BusyStorage(seed, store)
            world.run()
            unsigned_count += len(world.not_signed)
    assert unsigned_count > 20
