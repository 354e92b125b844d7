"""Runs the unit tests of the job database, which use SQLite, again with PostgreSQL."""

import importlib.util
import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import states
from fingerprint import fingerprint

from batch_import.models import ManifestRow, Status
from batch_import.state.store import Store

#: Number of simulated imports, and of walks (random steps, see `golden/states.py`), that are
#: compared. `python tests/database/compare.py --seeds 300` compares more.
SEEDS, WALKS = 6, 4
_TESTS = Path(__file__).parents[1]


def _load_module(name: str) -> ModuleType:
    """Load a second copy of a test module, which the fixture below can change."""
    path = _TESTS / "unit" / "state" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"{name}_in_a_database", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


_MODULES = [
    _load_module(name)
    for name in ("test_store", "test_row_matching", "test_listing", "test_exclusions")
]


#: A slow test that is left out: the walks below also load many edited manifests.
_SLOW_TEST = "test_edits_of_known_rows_change_no_reference_id"


def _tests_without_files(module: ModuleType) -> dict[str, Any]:
    """Return the tests of a module that need no files, and its fixture `store`."""
    return {
        name: value
        for name, value in vars(module).items()
        if name == "store"
        or (name.startswith("test_") and name != _SLOW_TEST and not _needs_files(value))
    }


def _needs_files(test: Callable[..., object]) -> bool:
    return "tmp_path" in inspect.signature(test).parameters


# pytest finds the tests by their names in this module.
for _module in _MODULES:
    globals().update(_tests_without_files(_module))


@pytest.fixture(autouse=True)
def _stores(empty_state: Callable[[], Store], monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Replace each `Store(None)` of these tests by a job in PostgreSQL."""
    opened: list[Store] = []

    def open_store(_: None) -> Store:
        opened.append(empty_state())
        return opened[-1]

    for module in (*_MODULES, states):
        monkeypatch.setattr(module, "Store", open_store)
    yield
    for store in opened:
        store.close()


def test_the_steps_of_a_job_have_the_committed_results(empty_state: Callable[[], Store]) -> None:
    golden = _TESTS / "golden" / "state"
    with empty_state() as store:
        for number, step in enumerate(states.SITUATIONS, start=1):
            name = f"{number:02}-{step.__name__.replace('_', '-')}.txt"
            assert states.situation(step, store) == (golden / name).read_text(encoding="utf-8")
        compared = states.compared_with_account(store)
    committed = golden / "11-compared-with-account.txt"
    assert compared == committed.read_text(encoding="utf-8")


def test_walks_have_the_same_results_on_both_databases(monkeypatch: pytest.MonkeyPatch) -> None:
    on_postgresql = [states.walk(seed) for seed in range(WALKS)]
    monkeypatch.setattr(states, "Store", Store)
    assert on_postgresql == [states.walk(seed) for seed in range(WALKS)]


def test_problem_groups_and_blocks_can_be_read_from_both_databases(
    empty_state: Callable[[], Store],
) -> None:
    urls = [
        "https://a.example/1",
        "https://a.example/2?x",
        "https://b.example",
        "https://u:p/w@c/1",
    ]

    def contents(store: Store) -> list[object]:
        rows = [
            ManifestRow(n, f"r{n}", f"r{n}", url, "T", "mp4", (url,), "no good", codes=("bad",))
            for n, url in enumerate(urls * 2, 2)
        ]
        store.load(rows, 1.0)
        groups = sorted(
            (record.source_url, count) for record, count in store.reader.problem_groups()
        )
        blocks = [[record.line for record in block] for block in store.reader.blocks(3)]
        return [groups, blocks, store.reader.blocks_with(Status.INVALID, 3)]

    with empty_state() as postgresql, Store(None) as sqlite:
        assert contents(postgresql) == contents(sqlite)


def test_simulated_imports_send_the_same_requests_on_both_databases(
    empty_state: Callable[[], Store],
) -> None:
    for seed in range(SEEDS):
        assert fingerprint(seed, empty_state) == fingerprint(seed), f"seed {seed}"
