"""Two machines, one state: a leader that is paused, replaced, and wakes up at any later moment.

In place of each kill the run is paused with all that it has in memory. The next run takes over: the
epoch is raised, so that nothing of the earlier one is committed any more, and rows that it had
claimed are held. When it wakes up, POSTs that were about to leave arrive, and it goes on until it
notices. Then its end is known.
"""

import argparse
import heapq
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from scenario import Break, Scenario, draw
from world import Outcome, Store, World, _Flight, _Run

from batch_import.errors import StateUnavailable
from batch_import.importer.schedule import Finished, Wait
from batch_import.importer.scheduled_request import CreateMedia
from batch_import.models import ResultRow
from batch_import.state.connection import Database

#: Seconds after which a paused machine wakes up: ten to the power of these, evenly.
SHORTEST, LONGEST = 0.0, 4.2
#: Calls that it makes at most before it asks the state for anything.
_CALLS = 20


class PausedWorld(World):
    """A world in which a run that is killed is only paused.

    Attributes:
        late: POSTs of a replaced run that arrived after the take-over.
        fenced: the state refuses what a replaced run commits.
        holds: rows that a replaced run may still send are held.
        waits_for_the_end: they are, until its end is known.
    """

    fenced = True
    holds = True
    waits_for_the_end = True

    def __init__(self, scenario: Scenario, store: Store) -> None:
        self._epoch = self._acting = 1
        self._held: dict[int, int] = {}
        self._ends: dict[int, float] = {}
        self._paused: dict[int, _Run] = {}
        self._current: _Run | None = None
        self.late = 0
        super().__init__(scenario, store)
        self._commit = store.connection.transaction
        store.connection.transaction = self._transaction  # type: ignore[method-assign]
        store.queue.held_rows = self._still_held  # type: ignore[method-assign]

    @contextmanager
    def _transaction(self) -> Iterator[Database]:
        """The first fence."""
        if self.fenced and self._acting < self._epoch:
            raise StateUnavailable("another run has taken the job over")
        with self._commit() as db:
            yield db

    def _still_held(self, now: float) -> frozenset[int]:
        """The third fence, as `PostgresConnection.still_held` does it."""
        ended = [
            number for number, epoch in self._held.items()
            if self._ends.get(epoch, float("inf")) <= now or not self.waits_for_the_end
        ]  # fmt: skip
        with self.store.connection.transaction() as db:
            db.executemany(
                "UPDATE row SET sent_at = ? WHERE status = 'unknown' AND number = ?",
                [(now, number) for number in ended],
            )
        for number in ended:
            del self._held[number]
        return frozenset(self._held) if self.holds else frozenset()

    def _is_absence_proven(self, record: ResultRow) -> bool:
        """Of a held row nothing is proven: its POST may leave at any later moment."""
        return record.row_number not in self._held and super()._is_absence_proven(record)

    # Runs -------------------------------------------------------------------------------------

    def _one_run(self) -> bool:
        if self._epoch in self._paused:
            creating = self.store.connection.rows(
                "SELECT number FROM row WHERE status = 'creating'"
            )
            self._held.update((number, self._epoch) for (number,) in creating)
            self._epoch += 1
            self._acting = self._epoch
        return super()._one_run()

    def started(self, run: _Run) -> None:
        """A run begins."""
        self._current = run

    def _power_cut(self, cut: Break) -> None:
        """It is a pause: all that is in memory and on the wire stays."""
        assert self._current is not None
        self._paused[self._epoch] = self._current
        wakes_up = self.now + cut.pause + 10 ** self._dice.uniform(SHORTEST, LONGEST)
        moved = []
        for time, turn, kind, flight in self._events:
            # It was stopped between its last check and the POST; or the POST is on its way.
            stopped = (
                kind == "arrive" and isinstance(flight.call, CreateMedia)
                and flight.run == self._current.number and self._dice.random() < 0.5
            )  # fmt: skip
            moved.append((max(time, wakes_up) if stopped else time, turn, kind, flight))
        self._events = moved
        heapq.heapify(self._events)
        flight = _Flight(self._epoch, self._current.number, self.now, 0.0)
        self._later(wakes_up - self.now, "wake", flight)
        self.now += cut.pause

    def happen(self, run: Any) -> None:
        """The next thing happens: perhaps a machine wakes up."""
        if self._events[0][2] != "wake":
            flight = self._events[0][3]
            is_late = self._events[0][2] == "arrive" and isinstance(flight.call, CreateMedia)
            self.late += is_late and run is not None and flight.run != run.number
            super().happen(run)
            return
        _, _, _, flight = heapq.heappop(self._events)
        self._wake(flight.call)

    def _wake(self, epoch: int) -> None:
        """It sends what it has claimed, until the state tells it that the job is another's."""
        old = self._paused.pop(epoch)
        acting, self._acting = self._acting, epoch
        try:
            for _ in range(_CALLS):
                step = old.dispatcher.next_request(self.now)
                if isinstance(step, Wait | Finished):
                    old.dispatcher.handle_completed([], self.now)
                    break
                self.send(step, old.number)
            old.dispatcher.withdraw(self.now)
        except StateUnavailable:
            pass
        finally:
            self._acting = acting
        # Its calls come home before it says farewell.
        knobs, settings = self.scenario.knobs, self.scenario.settings
        slowest = self.scenario.latency[1] + max(knobs.latency) + settings.timeout[1]
        self._ends[epoch] = self.now + slowest


def paused(seed: int) -> Scenario:
    """The import of a seed, with a pause at least once."""
    scenario = draw(seed)
    pauses = tuple(replace(each, kind="kill") for each in scenario.breaks)
    if not pauses:
        pauses = (Break("kill", 1 + seed % (2 + scenario.rows), 0.1 + seed % 7, 1.0),)
    return replace(scenario, breaks=pauses, there_before=(), others=())


def simulate_paused(seed: int, world: type[PausedWorld] = PausedWorld) -> tuple[Outcome, int]:
    """Run one import; returns what became of it, and how many POSTs came late.

    Raises:
        Broken: a rule does not hold.
    """
    with Store(None) as store:
        made = world(paused(seed), store)
        return made.run(), made.late


def main() -> None:
    parser = argparse.ArgumentParser(description="Imports whose leader is paused and replaced.")
    parser.add_argument("--seeds", type=int, default=1_000, help="how many, from seed 0 on")
    options = parser.parse_args()
    found = [simulate_paused(seed) for seed in range(options.seeds)]
    sys.stdout.write(
        f"{options.seeds:,} imports, {sum(late for _, late in found):,} POSTs that came after a"
        " take-over: no rule is broken.\n"
    )


if __name__ == "__main__":
    main()
