"""Thousands of whole imports, each with its own faults; the rules hold in every one."""

import pytest
from scenario import draw
from world import Broken, simulate

SEEDS = 2_500
CHUNK = 50


@pytest.mark.parametrize("first", range(0, SEEDS, CHUNK))
def test_every_row_becomes_exactly_one_video(first: int) -> None:
    broken = []
    for seed in range(first, first + CHUNK):
        try:
            simulate(seed)
        except Broken as error:
            broken.append(str(error))
    assert not broken, "\n".join(broken)


@pytest.mark.parametrize("seed", [3, 14, 159, 265])
def test_a_seed_replays_alike(seed: int) -> None:
    first, second = simulate(seed), simulate(seed)
    assert first.log == second.log
    assert first.log
    assert first.statuses == second.statuses


def test_the_scenarios_are_of_all_kinds() -> None:
    drawn = [draw(seed) for seed in range(SEEDS)]
    assert sum(scenario.calm for scenario in drawn) > SEEDS / 100
    assert any(scenario.rows > 300 for scenario in drawn)
    assert {one.kind for scenario in drawn for one in scenario.breaks} == {"kill", "stop"}
    assert {len(scenario.breaks) for scenario in drawn} == {0, 1, 2, 3}
    filters = {scenario.knobs.reference_filter for scenario in drawn}
    assert filters == {"exact", "ignored", "contains"}
