"""A corrected failed.csv whose rows were copied, added, edited and sorted."""

import csv
import tempfile
import threading
from pathlib import Path
from random import Random
from typing import NamedTuple

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from batch_import.configuration.request import ImportRequest
from batch_import.manifest.origin import JOB_COLUMN, ROW_COLUMN, JobReference, row_reference
from batch_import.models import ResultRow, Status, StatusUpdate
from batch_import.state import facts
from batch_import.state.store import Store
from batch_import.workflows.load import update_job
from batch_import.workflows.load_result import LoadResult
from batch_import.workflows.validated_manifest import ValidatedManifest

HEADER = ["sourceUrl", "filename", "referenceId", "note"]
#: A row with two URLs in one cell, a row without an ID, and a valid row.
MANIFEST = [
    ["https://h.example.com/1.mp4 https://h.example.com/2.mp4", "One", "R1", "a"],
    ["ftp://h.example.com/3.mp4", "Three", "", "b"],
    ["https://h.example.com/4.mp4", "Four", "R4", "c"],
]


class Line(NamedTuple):
    """One line of the corrected file; `row` is 0 for a new line without origin cells."""

    row: int
    url: str
    title: str
    own_id: str


LINES = st.lists(
    st.builds(
        Line,
        row=st.sampled_from([0, 1, 1, 2]),
        url=st.sampled_from([*(f"https://h.example.com/{n}.mp4" for n in range(1, 6)), "bad"]),
        title=st.sampled_from(["X", "Y"]),
        own_id=st.sampled_from(["", "", "R1", "K", "L"]),
    ),
    min_size=1,
    max_size=6,
)


def load_manifest(store: Store, path: Path, header: list[str], rows: list[list[str]]) -> LoadResult:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    request = ImportRequest(path, folder=path.parent / "job")
    manifest = ValidatedManifest(request, 1.0, threading.Event(), lambda _: None)
    return update_job(store, manifest)


def load_corrections(store: Store, folder: Path, lines: list[Line]) -> LoadResult:
    job = str(JobReference(store.facts.get(facts.JOB_ID)))
    rows = []
    for line in lines:
        origin = [job, row_reference(line.row)] if line.row else ["", " "]
        rows.append([line.url, line.title, line.own_id, "n", *origin])
    return load_manifest(store, folder / "fixed.csv", [*HEADER, JOB_COLUMN, ROW_COLUMN], rows)


def import_pending(store: Store) -> None:
    store.queue.choose([])  # a corrected file has restricted the queue to its own rows
    claimed = store.queue.claim(100, 1.0)
    store.queue.apply(
        [StatusUpdate(row.row_number, Status.IMPORTED, "online", sent_at=1.0) for row in claimed],
        1.0,
    )


def rows_of(store: Store) -> list[ResultRow]:
    return [row for row in store.reader.records() if not row.is_removed]


def lines_with_error(result: LoadResult) -> set[int]:
    with result.problem_path.open(encoding="utf-8-sig", newline="") as file:
        return {int(row["line"]) for row in csv.DictReader(file) if row["severity"] == "error"}


@settings(max_examples=100, deadline=None)
@given(lines=LINES, seed=st.integers(0, 1000))
def test_every_line_is_in_the_job_once_or_is_an_error_with_its_number(
    lines: list[Line], seed: int
) -> None:
    with tempfile.TemporaryDirectory() as name, Store(None) as store:
        folder = Path(name)
        load_manifest(store, folder / "library.csv", HEADER, MANIFEST)
        result = load_corrections(store, folder, lines)
        errors = lines_with_error(result)
        rows = rows_of(store)
        numbers: set[int] = set()
        # A line without an ID may be any row of its video. Therefore the other lines come first.
        for line_number, line in sorted(enumerate(lines, start=2), key=lambda pair: not pair[1][3]):
            if line_number in errors:
                continue
            same = [
                row.row_number
                for row in rows
                if (row.source_url, row.filename) == (line.url, line.title)
                and (not line.own_id or row.reference_id == line.own_id)
                and row.row_number not in numbers
            ]
            assert same, (line, errors)
            numbers.add(same[0])

        # The same file, sorted otherwise, sends only videos of lines that were errors.
        import_pending(store)
        load_corrections(store, folder, Random(seed).sample(lines, len(lines)))
        refused = {(lines[number - 2].url, lines[number - 2].title) for number in errors}
        for row in rows_of(store):
            if row.status is Status.PENDING:
                assert (row.source_url, row.filename) in refused

        if any((line.row, line.own_id) == (2, "R1") for line in lines):
            return  # The manifest gives this ID to row 1. Which row is it then?
        # Another version of the manifest, with another order of its columns, loses no row.
        import_pending(store)
        before = {row.row_number: (row.reference_id, row.status) for row in rows_of(store)}
        columns = [1, 0, 3, 2]
        edited = [*MANIFEST, ["https://h.example.com/9.mp4", "Nine", "R9", "d"]]
        load_manifest(
            store,
            folder / "library.csv",
            [HEADER[n] for n in columns],
            [[row[n] for n in columns] for row in edited],
        )
        after = {row.row_number: (row.reference_id, row.status) for row in rows_of(store)}
        assert before.items() <= after.items()
        notes = {row.row_number: row.cells[2] for row in rows_of(store)}
        assert {notes[number] for number in before} <= {"a", "b", "c", "n"}


def test_a_copied_row_is_a_new_row(tmp_path: Path) -> None:
    with Store(None) as store:
        load_manifest(store, tmp_path / "library.csv", HEADER, MANIFEST)
        lines = [
            Line(1, "https://h.example.com/1.mp4", "One", "R1"),
            Line(1, "https://h.example.com/2.mp4", "Two", "R2"),
            Line(0, "https://h.example.com/5.mp4", "Five", ""),
        ]
        result = load_corrections(store, tmp_path, lines)
        assert result.diff is not None
        assert result.diff.changed.count == 1
        assert [line for line, _ in result.diff.added.first] == [3, 4]
        assert store.reader.counts().pending == 4
        again = load_corrections(store, tmp_path, lines)
        assert again.diff is not None
        assert (again.diff.added.count, again.diff.unchanged) == (0, 3)


def test_an_invalid_new_row_is_not_added(tmp_path: Path) -> None:
    with Store(None) as store:
        load_manifest(store, tmp_path / "library.csv", HEADER, MANIFEST)
        lines = [
            Line(1, "https://h.example.com/1.mp4", "One", "R1"),
            Line(1, "https://h.example.com/2.mp4", "Two", "R1"),
            Line(0, "https://h.example.com/5.mp4", "Five", "R4"),
            Line(0, "bad", "Six", ""),
        ]
        result = load_corrections(store, tmp_path, lines)
        assert result.rejected_count == 3
        assert lines_with_error(result) == {3, 4, 5}
        assert store.reader.counts().total == 3


@pytest.mark.parametrize("own_id", ["R2", ""])
def test_an_added_row_in_the_manifest_is_a_row_of_the_manifest(tmp_path: Path, own_id: str) -> None:
    url = "https://h.example.com/2.mp4"
    with Store(None) as store:
        path = tmp_path / "library.csv"
        load_manifest(store, path, HEADER, MANIFEST)
        load_corrections(store, tmp_path, [Line(1, url, "Two", own_id)] * 2)
        load_corrections(store, tmp_path, [Line(0, url, "Two", own_id)])
        load_corrections(
            store, tmp_path, [Line(0, "https://h.example.com/8.mp4", "Eight", own_id and "R8")]
        )
        added = store.facts.get(facts.ADDED_ROWS)
        assert len(added) == 1
        row = ["https://h.example.com/8.mp4", "Eight", own_id and "R8", ""]
        load_manifest(store, path, HEADER, [*MANIFEST, row])
        assert store.facts.get(facts.ADDED_ROWS) == []
        assert store.reader.counts().total == 4
        load_manifest(store, path, HEADER, MANIFEST)
        assert store.reader.counts().skipped == 1


def test_only_remarks_of_corrected_rows_that_are_sent_are_counted(tmp_path: Path) -> None:
    with Store(None) as store:
        unwanted = [[*cells[:3], "do not publish"] for cells in MANIFEST]
        load_manifest(store, tmp_path / "library.csv", HEADER, unwanted)
        job = str(JobReference(store.facts.get(facts.JOB_ID)))
        rows = [
            ["bad", "One", "R1", "do not publish", job, row_reference(1)],
            ["https://h.example.com/3.mp4", "Three", "", "do not publish", job, row_reference(2)],
        ]
        result = load_manifest(
            store, tmp_path / "fixed.csv", [*HEADER, JOB_COLUMN, ROW_COLUMN], rows
        )
    (note,) = result.reading.notes
    assert note.startswith("1 of 1 rows to import is marked")
    assert "(line 3): “note” has “do not publish”" in note


def invalid_lines(store: Store) -> list[int]:
    return [row.line for row in rows_of(store) if row.status is Status.INVALID]


@settings(max_examples=50, deadline=None)
@example(lines=[Line(3, "bad", "Four", "R4")])
@given(lines=LINES)
def test_every_invalid_row_of_the_job_is_named_after_a_correction(lines: list[Line]) -> None:
    with tempfile.TemporaryDirectory() as name, Store(None) as store:
        folder = Path(name)
        load_manifest(store, folder / "library.csv", HEADER, MANIFEST)
        unlisted = load_corrections(store, folder, lines).unlisted_rows
        corrected = {line.row + 1 for line in lines if line.row}  # a row begins on the next line
        assert corrected.issuperset(set(invalid_lines(store)) - set(unlisted.example_lines))

        unchanged = load_manifest(store, folder / "library.csv", HEADER, MANIFEST)
        assert list(unchanged.unlisted_rows.example_lines) == invalid_lines(store)

        more = [*MANIFEST, ["https://h.example.com/9.mp4", "Nine", "R9", "d"]]
        edited = load_manifest(store, folder / "library.csv", HEADER, more)
        named = [*lines_with_error(edited), *edited.unlisted_rows.example_lines]
        assert sorted(named) == invalid_lines(store)
        assert edited.unlisted_rows.count == len(edited.unlisted_rows.example_lines)
