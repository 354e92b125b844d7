"""Whole imports whose references are often not signed: none lost, none twice, none unknown."""

from dataclasses import replace
from random import Random
from typing import Any

import pytest
from scenario import draw
from world import World, _Flight, _Run, history

from batch_import.importer.scheduled_request import CreateMedia, NotSigned
from batch_import.models import Status
from batch_import.state.store import Store

#: Enough for every kind of break, in a few seconds.
SEEDS = 40


class BusyStorage(World):
    """A third of all POSTs do not leave, because the storage does not sign."""

    def __init__(self, seed: int, store: Store) -> None:
        scenario = draw(seed)
        # The rule of outages counts POSTs before they are signed, and so before they leave.
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

    def _check_calm(self) -> None:
        """A busy storage makes no import calm."""

    def started(self, run: _Run) -> None:
        super().started(run)
        for name in self.not_signed - self.sent:
            statuses = [event.status for event in history(self.store, name)]
            assert Status.PROCESSING not in statuses, name


@pytest.mark.parametrize("first", range(0, SEEDS, 20))
def test_no_row_is_lost_or_sent_twice_while_a_storage_is_busy(first: int) -> None:
    postponed = 0
    for seed in range(first, first + 20):
        with Store(None) as store:
            world = BusyStorage(seed, store)
            world.run()
            postponed += len(world.not_signed)
    assert postponed > 20
