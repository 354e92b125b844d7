"""Simulates imports with a paused machine that another machine replaces.

No row may become two videos, whenever the paused machine wakes up. Each fence, a check that stops a
replaced run, is switched off in one test, which then expects a broken rule.
"""

from collections.abc import Callable

import pytest
from paused import PausedWorld, simulate_paused
from world import Broken

from batch_import.importer.schedule.settling import Settling

#: Number of imports with a paused run. `python tests/simulation/paused.py` runs more.
SEEDS = 60
#: Maximum number of imports until a missing fence must break a rule.
MAX_SEEDS_UNTIL_BROKEN = 200


def test_a_paused_run_that_wakes_up_creates_no_second_video() -> None:
    late_counts = [simulate_paused(seed)[1] for seed in range(SEEDS)]
    assert sum(late_counts) >= SEEDS // 4  # POSTs of runs that had been replaced


class _NoEpochCheck(PausedWorld):
    """The commits of a replaced run are accepted."""

    fenced = False


class _NoHeldRows(PausedWorld):
    """No row is held: only the sender's own check remains."""

    holds = False


class _EndAssumed(PausedWorld):
    """A replaced run is taken to have ended."""

    waits_for_the_end = False


def _treat_held_rows_like_others(patch: pytest.MonkeyPatch) -> None:
    handle_absence = Settling.handle_absence

    def broken(self: Settling, row: object, unseen: float, now: float) -> object:
        object.__setattr__(row, "is_held", False)
        return handle_absence(self, row, unseen, now)  # type: ignore[arg-type]

    patch.setattr(Settling, "handle_absence", broken)


def _breaks_a_rule(world: type[PausedWorld]) -> bool:
    for seed in range(MAX_SEEDS_UNTIL_BROKEN):
        try:
            simulate_paused(seed, world)
        except Broken:
            return True
    return False


@pytest.mark.parametrize("world", [_NoEpochCheck, _NoHeldRows, _EndAssumed])
def test_each_fence_is_needed(world: type[PausedWorld]) -> None:
    assert _breaks_a_rule(world)


@pytest.mark.parametrize("break_rule", [_treat_held_rows_like_others])
def test_the_rules_are_broken_if_held_rows_are_not_held(
    break_rule: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    break_rule(monkeypatch)
    assert _breaks_a_rule(PausedWorld)
