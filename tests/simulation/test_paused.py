"""What a paused machine may still send, no other machine sends; and each fence is needed for it."""

from collections.abc import Callable

import pytest
from paused import PausedWorld, simulate_paused
from world import Broken

from batch_import.importer.schedule.settling import Settling

#: Imports of which each has a paused leader. `python tests/simulation/paused.py` runs more.
SEEDS = 60
#: Imports within which a broken fence must show.
BROKEN_WITHIN = 200


def test_a_leader_that_wakes_up_at_any_moment_makes_nothing_twice() -> None:
    late = [simulate_paused(seed)[1] for seed in range(SEEDS)]
    assert sum(late) >= SEEDS // 4  # POSTs that came after the take-over


class _NoEpochCheck(PausedWorld):
    """What a replaced run writes is committed."""

    fenced = False


class _GuardOnly(PausedWorld):
    """No row is held: the sender's own check is all there is."""

    holds = False


class _EndAssumed(PausedWorld):
    """A run that was replaced is taken to have ended."""

    waits_for_the_end = False


def _held_rows_are_judged_like_others(patch: pytest.MonkeyPatch) -> None:
    admitted = Settling.handle_absence

    def broken(self: Settling, row: object, unseen: float, now: float) -> object:
        object.__setattr__(row, "is_held", False)
        return admitted(self, row, unseen, now)  # type: ignore[arg-type]

    patch.setattr(Settling, "handle_absence", broken)


def _broken(world: type[PausedWorld]) -> bool:
    for seed in range(BROKEN_WITHIN):
        try:
            simulate_paused(seed, world)
        except Broken:
            return True
    return False


@pytest.mark.parametrize("world", [_NoEpochCheck, _GuardOnly, _EndAssumed])
def test_each_fence_is_needed(world: type[PausedWorld]) -> None:
    assert _broken(world)


@pytest.mark.parametrize("break_it", [_held_rows_are_judged_like_others])
def test_held_rows_are_really_held(
    break_it: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    break_it(monkeypatch)
    assert _broken(PausedWorld)
