"""Simulates hundreds of whole imports, each with its own faults, and checks all rules.

It also compares the hashes of these imports with the committed ones. A hash covers the requests of
an import, their times, and the final rows. If a change of the importer is intended, run
`python tests/simulation/fingerprint.py --update` and commit the file.
"""

import pytest
from fingerprint import PART, committed, hash_of_all, simulate_with_hash
from scenario import draw
from world import simulate

#: Number of imports; docs/guarantee.md states it.
SEEDS = 600


@pytest.mark.parametrize("first", range(0, SEEDS, PART))
def test_every_row_becomes_exactly_one_video_by_the_committed_requests(first: int) -> None:
    results = [simulate_with_hash(seed) for seed in range(first, first + PART)]
    broken = [message for _, message in results if message]
    assert not broken, "\n".join(broken)
    assert hash_of_all(result for result, _ in results) == committed()[first]


#: Seed → the fault that it once found.
FIXED_FAULTS = {
    1019525: "a row failed because of an older media of its reference ID; its own media was online",
    3004013: "the same, although the status request had shown its ingest as online",
    1010874: "many requests for few rows",
    1046819: "many requests for few rows",
    11001: "if searches do not work, claimed rows were not searched for on pages",
    100652: "searches that were postponed were never started again",
    100352: "a media of another user was taken for an adopted media",
    203371: "a row on the border of two pages was searched for on the wrong page",
    3003264: "a late answer to an old request ended the handling of an outage",
    10290: "no list was read for long, and lists were taken to show media sooner than they do",
    12495: "because of old media, a search continued to ever later pages",
    23609: "lists were trusted for rows of an age at which rows were no longer polled",
    24489: "failed rows that no list shows were never requested individually",
    27620: "a filtered list was taken to have more pages than it has",
    50851: "a media of an earlier POST was taken to be as young as the last POST",
    60397: "an old failed media on another page was counted as a list that hides a media",
    80043: "such a page did not end a search either",
    90850: "a failed media of another user was taken for the media of an online ingest",
    2008921: "the rules expected that a row with a media in review adopts another media",
    2018398: "a failed media of its POST kept an unknown row from adopting one of the same title",
    2019125: "rows that were first polled long after their POST proved that lists hide nothing",
    2024486: "one refused search failed its row while the API key was being replaced",
    5010774: "page numbers were ignored during deletions, and a list was taken to be complete",
    5011160: "the rules allowed a row on the border of two small pages only one round trip",
    6009909: "a platform that has no search answered 404, and that was taken for an empty search",
    7012022: "rows were sent although neither all pages could be read nor the account searched",
    6010680: "when unsure, a row was sent again though another user's media has its reference ID",
    8013241: "a row on the border of two pages was expected on the page that had just been read",
    12017614: "rows beyond max-wait were requested one by one, although pages show many of them",
    15022385: "a media that was created late is not where pages show the time of its POST",
    15010738: "the rules expected that an outage is noticed before anything is sent into it",
    10000434: "pages were refused for an hour, and were requested every few seconds",
    8048516: "only searches for online rows worked, and showed that lists lack no media for long",
}


@pytest.mark.parametrize("seed", FIXED_FAULTS)
def test_a_fixed_fault_does_not_return(seed: int) -> None:
    simulate(seed)


#: With these seeds, an unknown row was once searched for on 25 pages, with two minutes between two
#: pages, and then sent again, endlessly.
@pytest.mark.parametrize("seed", [83, 203])
def test_a_search_without_a_filter_ends(seed: int) -> None:
    simulate(seed, reference_filter="ignored", existing=400)


@pytest.mark.parametrize("seed", range(100))
def test_the_oldest_media_may_be_first(seed: int) -> None:
    simulate(seed, list_order="oldest-first", existing=250)


#: With seed 72, a row was once sent twice, because a platform without searches answered 404. With
#: the others, rows stayed unknown for ever although lists showed their media.
@pytest.mark.parametrize("seed", [36, 72, 121])
def test_a_404_of_a_search_proves_nothing(seed: int) -> None:
    simulate(seed, reference_filter="missing")


#: With seeds 100014 and 100223, a row was once sent twice: lists were trusted although no page was
#: readable. With seed 100067, the whole list was read again and again for ten minutes.
@pytest.mark.parametrize(
    ("seed", "refused_kind"),
    [
        (100014, ("ReadPage", 403)),
        (100223, ("ReadPage", 404)),
        (100067, ("FindByReference", 404)),
    ],
)
def test_an_import_without_pages_or_without_searches(
    seed: int, refused_kind: tuple[str, int]
) -> None:
    listed_late = {"listed_from": "online", "truncated": 0.1, "lost_request": 0.05}
    simulate(seed, refused_kind=refused_kind, **listed_late)


@pytest.mark.parametrize("seed", [3, 14, 159, 265])
def test_a_seed_always_gives_the_same_import(seed: int) -> None:
    first, second = simulate(seed), simulate(seed)
    assert first.log == second.log
    assert first.log
    assert first.statuses == second.statuses


def test_the_scenarios_have_all_kinds_of_faults() -> None:
    scenarios = [draw(seed) for seed in range(SEEDS)]
    assert sum(scenario.is_without_faults for scenario in scenarios) > SEEDS / 100
    assert any(scenario.rows > 300 for scenario in scenarios)
    kinds = {end.kind for scenario in scenarios for end in scenario.breaks}
    assert kinds == {"kill", "stop"}
    assert {len(scenario.breaks) for scenario in scenarios} == {0, 1, 2, 3}
    filters = {scenario.knobs.reference_filter for scenario in scenarios}
    assert filters == {"exact", "ignored", "contains", "exact-or-404", "missing"}
