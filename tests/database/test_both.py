"""What is true of a state in a file is true of one in PostgreSQL: the same tests, again."""

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

#: Simulated imports, and walks through a job's life, that are compared. `python
#: tests/database/compare.py --seeds 300` compares more.
SEEDS, WALKS = 6, 4
_TESTS = Path(__file__).parents[1]


def _loaded(name: str) -> ModuleType:
    path = _TESTS / "unit" / "state" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"{name}_in_a_database", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


_MODULES = [_loaded(name) for name in ("test_store", "test_row_matching", "test_listing")]


#: It draws many editions, which `test_walks_through_a_jobs_life_are_alike` does as well.
_TAKES_LONG = "test_any_edits_of_known_rows_change_no_reference"


def _of_any_database(module: ModuleType) -> dict[str, Any]:
    """The tests of a module that need no file of their own, and its fixtures."""
    return {
        name: value
        for name, value in vars(module).items()
        if name == "store"
        or (name.startswith("test_") and name != _TAKES_LONG and not _has_files(value))
    }


def _has_files(test: Callable[..., object]) -> bool:
    return "tmp_path" in inspect.signature(test).parameters


for _module in _MODULES:
    globals().update(_of_any_database(_module))


@pytest.fixture(autouse=True)
def _stores(empty_state: Callable[[], Store], monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Each `Store(None)` of these tests is a job in PostgreSQL."""
    opened: list[Store] = []

    def open_store(_: None) -> Store:
        opened.append(empty_state())
        return opened[-1]

    for module in (*_MODULES, states):
        monkeypatch.setattr(module, "Store", open_store)
    yield
    for store in opened:
        store.close()


def test_the_life_of_a_job_is_as_committed(empty_state: Callable[[], Store]) -> None:
    golden = _TESTS / "golden" / "state"
    with empty_state() as store:
        for number, step in enumerate(states.SITUATIONS, start=1):
            name = f"{number:02}-{step.__name__.replace('_', '-')}.txt"
            assert states.situation(step, store) == (golden / name).read_text(encoding="utf-8")
        compared = states.compared_with_account(store)
    committed = golden / "11-compared-with-account.txt"
    assert compared == committed.read_text(encoding="utf-8")


def test_walks_through_a_jobs_life_are_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [states.walk(seed) for seed in range(WALKS)]
    monkeypatch.setattr(states, "Store", Store)
    assert found == [states.walk(seed) for seed in range(WALKS)]


def test_troubles_and_blocks_are_alike(empty_state: Callable[[], Store]) -> None:
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
        troubles = sorted(
            (record.source_url, count) for record, count in store.reader.problem_groups()
        )
        blocks = [[record.line for record in block] for block in store.reader.blocks(3)]
        return [troubles, blocks, store.reader.blocks_with(Status.INVALID, 3)]

    with empty_state() as shared, Store(None) as alone:
        assert contents(shared) == contents(alone)


def test_simulated_imports_make_the_same_calls(empty_state: Callable[[], Store]) -> None:
    for seed in range(SEEDS):
        assert fingerprint(seed, empty_state) == fingerprint(seed), f"seed {seed}"
