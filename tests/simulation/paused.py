"""Simulates two machines that share a job database: one is paused, replaced, and wakes up later.

Each kill of the scenario becomes a pause: the run stops, but keeps its memory. Then the next run
takes the job over. Each run of a job has a number, its epoch. The database refuses the commits of
earlier epochs. Rows that the paused run had claimed are *held*: no run sends them, because the
paused run may still send them. When the paused run wakes up, its last POSTs arrive, and it
continues until the database refuses a commit. From then on, the end of this run is known.
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

#: Range of the logarithm, to the base 10, of the seconds until a paused machine wakes up.
SHORTEST_LOG10, LONGEST_LOG10 = 0.0, 4.2
#: Maximum number of requests that a run sends after it has woken up.
_MAX_LATE_REQUESTS = 20


class PausedWorld(World):
    """A world in which a killed run is only paused.

    A fence is a check that stops a run which was replaced. A test switches one fence off, and
    expects that a rule is broken.

    Attributes:
        late: number of POSTs of a replaced run that arrived after it was replaced.
        fenced: the database refuses the commits of a replaced run.
        holds: rows that a replaced run may still send are held.
        waits_for_the_end: these rows are held until the end of the replaced run is known.
    """

    fenced = True
    holds = True
    waits_for_the_end = True

    def __init__(self, scenario: Scenario, store: Store) -> None:
        self._epoch = 1
        #: Epoch of the run that executes code now; lower than `_epoch` if it was replaced.
        self._active_epoch = 1
        #: Number of a held row → epoch of the run that may still send it.
        self._held: dict[int, int] = {}
        #: Epoch of a replaced run → time after which it cannot send any request.
        self._ends: dict[int, float] = {}
        #: Epoch of a paused run → the run.
        self._paused: dict[int, _Run] = {}
        self._current: _Run | None = None
        self.late = 0
        super().__init__(scenario, store)
        self._commit = store.connection.transaction
        store.connection.transaction = self._transaction  # type: ignore[method-assign]
        store.queue.held_rows = self._still_held  # type: ignore[method-assign]

    @contextmanager
    def _transaction(self) -> Iterator[Database]:
        """The first fence: refuse a transaction of a run that was replaced."""
        if self.fenced and self._active_epoch < self._epoch:
            raise StateUnavailable("another run has taken the job over")
        with self._commit() as db:
            yield db

    def _still_held(self, now: float) -> frozenset[int]:
        """The third fence: return the held rows, as `PostgresConnection.still_held` does."""
        released = [
            number for number, epoch in self._held.items()
            if self._ends.get(epoch, float("inf")) <= now or not self.waits_for_the_end
        ]  # fmt: skip
        with self.store.connection.transaction() as db:
            db.executemany(
                "UPDATE row SET sent_at = ? WHERE status = 'unknown' AND number = ?",
                [(now, number) for number in released],
            )
        for number in released:
            del self._held[number]
        return frozenset(self._held) if self.holds else frozenset()

    def _is_absence_proven(self, record: ResultRow) -> bool:
        """Never for a held row, because its POST may still be sent."""
        return record.row_number not in self._held and super()._is_absence_proven(record)

    # Runs -------------------------------------------------------------------------------------

    def _one_run(self) -> bool:
        if self._epoch in self._paused:
            creating = self.store.connection.rows(
                "SELECT number FROM row WHERE status = 'creating'"
            )
            self._held.update((number, self._epoch) for (number,) in creating)
            self._epoch += 1
            self._active_epoch = self._epoch
        return super()._one_run()

    def started(self, run: _Run) -> None:
        """Remember the run, so that it can be paused."""
        self._current = run

    def _kill(self, cut: Break) -> None:
        """Pause the run instead: its memory and its requests in transit stay."""
        assert self._current is not None
        self._paused[self._epoch] = self._current
        wakes_up_at = self.now + cut.pause + 10 ** self._dice.uniform(SHORTEST_LOG10, LONGEST_LOG10)
        moved = []
        for time, turn, kind, flight in self._events:
            # Half of its POSTs are delayed until it wakes up: the run was paused between its last
            # check and the POST. The others are already in transit.
            is_delayed = (
                kind == "arrive" and isinstance(flight.call, CreateMedia)
                and flight.run == self._current.number and self._dice.random() < 0.5
            )  # fmt: skip
            moved.append((max(time, wakes_up_at) if is_delayed else time, turn, kind, flight))
        self._events = moved
        heapq.heapify(self._events)
        flight = _Flight(self._epoch, self._current.number, self.now, 0.0)
        self._later(wakes_up_at - self.now, "wake", flight)
        self.now += cut.pause

    def happen(self, run: Any) -> None:
        """Process the next event, which may be that a machine wakes up."""
        if self._events[0][2] != "wake":
            flight = self._events[0][3]
            is_late = self._events[0][2] == "arrive" and isinstance(flight.call, CreateMedia)
            self.late += is_late and run is not None and flight.run != run.number
            super().happen(run)
            return
        _, _, _, flight = heapq.heappop(self._events)
        self._wake(flight.call)

    def _wake(self, epoch: int) -> None:
        """Let a paused run send requests until the database refuses one of its commits."""
        old = self._paused.pop(epoch)
        current_epoch, self._active_epoch = self._active_epoch, epoch
        try:
            for _ in range(_MAX_LATE_REQUESTS):
                step = old.dispatcher.next_request(self.now)
                if isinstance(step, Wait | Finished):
                    old.dispatcher.handle_completed([], self.now)
                    break
                self.send(step, old.number)
            old.dispatcher.withdraw(self.now)
        except StateUnavailable:
            pass
        finally:
            self._active_epoch = current_epoch
        # The run ends after the answers to all its requests have arrived.
        knobs, settings = self.scenario.knobs, self.scenario.settings
        slowest = self.scenario.latency[1] + max(knobs.latency) + settings.timeout[1]
        self._ends[epoch] = self.now + slowest


def paused(seed: int) -> Scenario:
    """Return the scenario of a seed, with at least one pause."""
    scenario = draw(seed)
    pauses = tuple(replace(each, kind="kill") for each in scenario.breaks)
    if not pauses:
        pauses = (Break("kill", 1 + seed % (2 + scenario.rows), 0.1 + seed % 7, 1.0),)
    return replace(scenario, breaks=pauses, existing_rows=(), others=())


def simulate_paused(seed: int, world: type[PausedWorld] = PausedWorld) -> tuple[Outcome, int]:
    """Run one import; returns its outcome, and the number of POSTs of replaced runs.

    Raises:
        Broken: a rule does not hold.
    """
    with Store(None) as store:
        simulation = world(paused(seed), store)
        return simulation.run(), simulation.late


def main() -> None:
    parser = argparse.ArgumentParser(description="Imports whose leader is paused and replaced.")
    parser.add_argument("--seeds", type=int, default=1_000, help="number of seeds, from 0 on")
    options = parser.parse_args()
    late_counts = [simulate_paused(seed)[1] for seed in range(options.seeds)]
    sys.stdout.write(
        f"{options.seeds:,} imports, {sum(late_counts):,} POSTs that came after a take-over:"
        " no rule is broken.\n"
    )


if __name__ == "__main__":
    main()
