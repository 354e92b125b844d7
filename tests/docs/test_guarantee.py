"""The figures about the simulation in docs/guarantee.md are correct."""

import sys
from collections.abc import Callable

import pytest
from pages import ROOT, Page, table_rows

sys.path.insert(0, str(ROOT / "tests/simulation"))
from scenario import FAULTS, Scenario, draw

#: Number of imports that `make test` simulates; `tests/simulation/test_import.py` has it, too.
SEEDS = 600
#: Percentage points by which a figure may differ, so that not every new fault changes the page.
TOLERANCE = 5
#: Knobs of faults after which the platform has processed the request.
LOST_ANSWERS = ("lost_reply", "error_after", "hang", "truncated")

#: Description in the table of the page → whether a scenario has this fault.
SHARES: dict[str, Callable[[Scenario], object]] = {
    "the process is killed, up to three times": lambda scenario: any(
        end.kind == "kill" for end in scenario.breaks
    ),
    "answers are lost though the call was carried out": lambda scenario: any(
        getattr(scenario.knobs, name) for name in LOST_ANSWERS
    ),
    "calls are lost, refused or cut before they are carried out": lambda scenario: (
        scenario.connection_failure
        or any(getattr(scenario.knobs, name) for name in set(FAULTS) - set(LOST_ANSWERS))
    ),
    "the list shows videos late": lambda scenario: scenario.knobs.list_delay[1],
    "the list shows only finished videos": lambda scenario: scenario.knobs.listed_from == "online",
    "the list has holes": lambda scenario: scenario.knobs.list_omits,
    "the platform takes fewer calls than asked for": lambda scenario: (
        0 < scenario.knobs.rate_limit < scenario.settings.rate
    ),
    "others add videos, or had added some": lambda scenario: (
        scenario.knobs.existing or scenario.knobs.foreign_rate
    ),
    "some of the manifest's ids are there before": lambda scenario: scenario.existing_rows,
    "others delete videos while the list is read": lambda scenario: scenario.knobs.deletion_rate,
    "page numbers are ignored, or the last page comes again beyond the end": lambda scenario: (
        scenario.knobs.page_number != "exact"
    ),
}


def test_the_shares_on_the_page_are_those_of_the_scenarios() -> None:
    scenarios = [draw(seed) for seed in range(SEEDS)]
    rows = table_rows("what happens", "share")
    documented = {description: float(share.removesuffix(" %")) for description, share in rows}
    real = {
        description: 100 * sum(bool(has_fault(scenario)) for scenario in scenarios) / SEEDS
        for description, has_fault in SHARES.items()
    }
    assert documented == pytest.approx(real, abs=TOLERANCE)


def test_the_number_of_imports_on_the_page_is_that_of_the_test() -> None:
    test = (ROOT / "tests/simulation/test_import.py").read_text(encoding="utf-8")
    assert f"SEEDS = {SEEDS:_}\n" in test
    assert f"{SEEDS:,} imports" in (Page(ROOT / "docs/guarantee.md")).path.read_text("utf-8")
