"""Hundreds of whole imports, each with its own faults; the rules hold in every one."""

import pytest
from scenario import draw
from world import Broken, simulate

SEEDS = 600
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


#: 10290: nobody looked for long, and lists were thought to hide media for less.
#: 1019525: a row failed with an older media of its reference ID, though its own lived. 3004013: so
#: did one whose ingest was online. 1010874, 1046819: many calls for few rows. 11001: claimed rows
#: were not looked for on pages where searches do not work. 100652: held searches were not given
#: back. 100352: a media of others was taken for one that was taken over. 203371: a row on the
#: border of two pages was looked for on the wrong one. 3003264: an answer out of time closed an
#: outage.
#: 12495: old media led a search ever further down. 23609: lists were trusted at an age at which
#: rows were no longer watched. 24489: failed rows that no list shows were never asked for. 27620:
#: the pages of a filtered list were taken for longer than they are. 50851: a media of an earlier
#: POST was taken to be as young as the last one. 60397: an old failed media on another page was
#: taken for a look that missed. 80043: such a page ended no search either. 90850: a failed media of
#: another was taken for that of a row whose ingest was online. 2008921: the rules expected a row
#: whose own media is pending review to take another. 2019125: rows that were first looked for
#: long after their POST were taken for a proof that lists hide nothing for longer. 2018398: a
#: failed media of its POST kept an unknown row from a media of the same title. 2024486: one refused
#: search, while the key was being replaced, failed its row. 5010774: page numbers were ignored
#: while others deleted media, and a list was taken to be read to its end. 5011160: the rules gave a
#: row on the border of two small pages the round trip of one look.
@pytest.mark.parametrize(
    "seed",
    [
        *(1019525, 3004013, 1010874, 1046819, 11001, 100652, 100352, 203371, 3003264),
        *(
            10290,
            12495,
            23609,
            24489,
            27620,
            50851,
            60397,
            80043,
            90850,
            2008921,
            2018398,
            2019125,
            2024486,
            5010774,
            5011160,
        ),
    ],
)
def test_what_broke_once_holds(seed: int) -> None:
    simulate(seed)


#: An unknown row was searched for on 25 pages, each two minutes after the one before, and then sent
#: again, without end.
@pytest.mark.parametrize("seed", [83, 203])
def test_a_search_without_a_filter_ends(seed: int) -> None:
    simulate(seed, reference_filter="ignored", existing=400)


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
