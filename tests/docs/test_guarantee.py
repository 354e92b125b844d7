"""What docs/guarantee.md tells of the simulation is so."""

import sys
from collections.abc import Callable

import pytest
from pages import ROOT, Page, table_rows

sys.path.insert(0, str(ROOT / "tests/simulation"))
from scenario import FAULTS, Scenario, draw

#: How many imports `make test` runs; `tests/simulation/test_import.py` has the same.
SEEDS = 600
#: Percent by which a share may be off, so that not every new scenario needs another figure.
OFF = 5
LOST_ANSWERS = ("lost_reply", "error_after", "hang", "truncated")

SHARES: dict[str, Callable[[Scenario], object]] = {
    "the process is killed, up to three times": lambda one: any(
        end.kind == "kill" for end in one.breaks
    ),
    "answers are lost though the call was carried out": lambda one: any(
        getattr(one.knobs, name) for name in LOST_ANSWERS
    ),
    "calls are lost, refused or cut before they are carried out": lambda one: (
        one.refused or any(getattr(one.knobs, name) for name in set(FAULTS) - set(LOST_ANSWERS))
    ),
    "the list shows videos late": lambda one: one.knobs.list_delay[1],
    "the list shows only finished videos": lambda one: one.knobs.listed_from == "online",
    "the list has holes": lambda one: one.knobs.list_omits,
    "the platform takes fewer calls than asked for": lambda one: (
        0 < one.knobs.rate_limit < one.settings.rate
    ),
    "others add videos, or had added some": lambda one: (
        one.knobs.existing or one.knobs.foreign_rate
    ),
    "some of the manifest's ids are there before": lambda one: one.there_before,
    "others delete videos while the list is read": lambda one: one.knobs.deletion_rate,
    "page numbers are ignored, or the last page comes again beyond the end": lambda one: (
        one.knobs.page_number != "exact"
    ),
}


def test_the_shares_are_those_of_the_scenarios() -> None:
    drawn = [draw(seed) for seed in range(SEEDS)]
    printed = {
        what: float(share.removesuffix(" %")) for what, share in table_rows("what happens", "share")
    }
    real = {
        what: 100 * sum(map(bool, map(happens, drawn))) / SEEDS for what, happens in SHARES.items()
    }
    assert printed == pytest.approx(real, abs=OFF)


def test_the_number_of_imports_is_the_tests() -> None:
    test = (ROOT / "tests/simulation/test_import.py").read_text(encoding="utf-8")
    assert f"SEEDS = {SEEDS:_}\n" in test
    assert f"{SEEDS:,} imports" in (Page(ROOT / "docs/guarantee.md")).path.read_text("utf-8")
