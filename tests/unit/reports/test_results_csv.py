"""Only changed blocks of `results.csv` are written, and the file is always as if written anew."""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_import.models import ManifestColumns, ManifestRow, Media, Status, StatusUpdate
from batch_import.reports import results_csv
from batch_import.reports.write import (
    save_result_options,
    write_first_embed_codes,
    write_results_csv,
)
from batch_import.state import facts
from batch_import.state.store import Store

COLUMNS = ManifestColumns(("sourceUrl", "note"), (0, None, None, None))


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results_csv, "BLOCK_ROWS", 3)


def rows(names: Sequence[str], start: int = 2) -> Iterator[ManifestRow]:
    for line, name in enumerate(names, start):
        url = f"https://h.example.com/{name}.mp4"
        yield ManifestRow(line, name, name, url, name, "mp4", (url, f'=note, "{name}"\nü'))


def job(names: Sequence[str]) -> Store:
    store = Store(None)
    store.load(rows(names), 1.0, COLUMNS)
    return store


def imported(number: int) -> StatusUpdate:
    return StatusUpdate(
        number, Status.IMPORTED, media=Media("m", f"k{number}", "r", title="é" * number)
    )


def record_blocks(store: Store, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list to which the first position of each block is added when it is read."""
    read: list[int] = []
    records = store.reader.records_at

    def noted(first: int, last: int) -> object:
        read.append(first)
        return records(first, last)

    monkeypatch.setattr(store.reader, "records_at", noted)
    return read


def write_from_scratch(store: Store, folder: Path) -> bytes:
    kept = store.facts.get(facts.RESULTS_CSV)
    store.facts.save(facts.RESULTS_CSV.of(""))
    write_results_csv(folder, store)
    store.facts.save(facts.RESULTS_CSV.of(kept))
    return (folder / "results.csv").read_bytes()


@given(st.lists(st.lists(st.tuples(st.integers(1, 10), st.booleans()), max_size=4), max_size=4))
def test_a_file_with_changed_blocks_equals_one_written_from_scratch(
    changes: list[list[tuple[int, bool]]],
) -> None:
    with TemporaryDirectory() as one, TemporaryDirectory() as two, job("abcdefghij") as store:
        for each in changes:
            store.queue.apply(
                [
                    imported(number) if good else StatusUpdate(number, Status.FAILED, error="no")
                    for number, good in each
                ],
                2.0,
            )
            write_results_csv(Path(one), store)
            followed = (Path(one) / "results.csv").read_bytes()
            assert followed == write_from_scratch(store, Path(two))


def test_only_changed_blocks_are_written_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with job("abcdefghij") as store:
        write_results_csv(tmp_path, store)
        read = record_blocks(store, monkeypatch)
        store.queue.apply([imported(5)], 2.0)
        write_results_csv(tmp_path, store)
        write_results_csv(tmp_path, store)
        assert read == [3]


@pytest.mark.parametrize("change", ["edited", "gone", "columns", "manifest", "version"])
def test_an_unknown_or_outdated_file_is_written_from_scratch(tmp_path: Path, change: str) -> None:
    path = tmp_path / "results.csv"
    with job("abcdef") as store:
        write_results_csv(tmp_path, store)
        match change:
            case "edited":
                path.write_text("what somebody else wrote", encoding="utf-8")
            case "gone":
                path.unlink()
            case "columns":
                save_result_options(store, {"results_columns": "referenceId,note"})
            case "manifest":
                store.load(rows("fedxba"), 2.0, COLUMNS)
            case "version":
                store.facts.save(facts.RESULTS_CSV.of('{"layout": "of long ago"}'))
        write_results_csv(tmp_path, store)
        other = tmp_path / "other"
        other.mkdir()
        assert path.read_bytes() == write_from_scratch(store, other)


def test_rows_that_are_being_created_are_written_again_after_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with job("abcdefghij") as store:
        store.queue.claim(1, 2.0)
        write_results_csv(tmp_path, store, is_running=True)
        assert ",processing," in (tmp_path / "results.csv").read_text(encoding="utf-8")
        read = record_blocks(store, monkeypatch)
        write_results_csv(tmp_path, store)
        assert read == [0]
        assert ",unknown," in (tmp_path / "results.csv").read_text(encoding="utf-8")


@pytest.mark.parametrize("is_known", [True, False])
def test_the_first_embed_codes_are_written_without_the_other_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_known: bool
) -> None:
    with job("abcdefghij") as store:
        if is_known:
            write_results_csv(tmp_path, store, is_running=True)
        store.queue.apply([imported(5)], 2.0)
        read = record_blocks(store, monkeypatch)
        write_first_embed_codes(tmp_path, store)
        assert read == ([3] if is_known else [])
        with (tmp_path / "results.csv").open(encoding="utf-8-sig", newline="") as file:
            assert [line["key"] for line in csv.DictReader(file) if line["key"]] == ["k5"]
        write_results_csv(tmp_path, store, is_running=True)
        with (tmp_path / "results.csv").open(encoding="utf-8-sig", newline="") as file:
            assert len(list(csv.DictReader(file))) == 10


def test_a_file_with_more_imported_rows_is_not_replaced_by_one_with_fewer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(results_csv, "_MAX_EARLY_ROWS", 2)
    with job("abcdef") as store:
        store.queue.apply([imported(1), imported(2), imported(3)], 2.0)
        write_results_csv(tmp_path, store)
        before = (tmp_path / "results.csv").read_bytes()
        store.facts.save(facts.RESULTS_CSV.of(""))
        write_first_embed_codes(tmp_path, store)
        assert (tmp_path / "results.csv").read_bytes() == before


def test_a_removed_row_moves_to_the_end_and_is_updated_there(tmp_path: Path) -> None:
    with job("abcd") as store:
        store.queue.claim(1, 2.0)
        store.load(rows("bcd"), 3.0, COLUMNS)
        write_results_csv(tmp_path, store)
        store.queue.apply([imported(1)], 4.0)
        write_results_csv(tmp_path, store)
        with (tmp_path / "results.csv").open(encoding="utf-8-sig", newline="") as file:
            lines = list(csv.DictReader(file))
        assert [line["referenceId"] for line in lines] == ["b", "c", "d", "a"]
        assert lines[-1]["key"] == "k1"


def test_a_file_of_the_imported_rows_is_written_while_the_first_file_is_slow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(results_csv, "_EARLY_CHECK_BLOCKS", 2)
    path = tmp_path / "results.csv"
    early: list[list[dict[str, str]]] = []
    with job("abcdefghijklm") as store:
        store.queue.apply([imported(12)], 2.0)
        records = store.reader.records_at

        def watched(first: int, last: int) -> object:
            if path.exists():
                with path.open(encoding="utf-8-sig", newline="") as file:
                    early.append(list(csv.DictReader(file)))
            return records(first, last)

        monkeypatch.setattr(store.reader, "records_at", watched)
        write_results_csv(tmp_path, store)
    assert [[line["key"] for line in lines] for lines in early[:1]] == [["k12"]]
    with path.open(encoding="utf-8-sig", newline="") as file:
        assert len(list(csv.DictReader(file))) == 13
