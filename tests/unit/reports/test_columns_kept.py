"""Each row's cells stay under their names, however the columns of the manifest change."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from batch_import.manifest.origin import JobReference
from batch_import.models import ManifestColumns, ManifestRow, Status, StatusUpdate
from batch_import.reports import table
from batch_import.reports.write import result_rows
from batch_import.state.store import Store

#: Columns without a name, with the same name, and with names of columns of the results.
HEADERS = st.lists(st.sampled_from(["", "team", "year", "status", "column 2"]), max_size=5)
ROWS = st.sets(st.sampled_from("abcde"), min_size=1)


def columns_of(extras: Sequence[str], url_at: int) -> ManifestColumns:
    """Return a header with a column of URLs at a position among other columns."""
    at = min(url_at, len(extras))
    return ManifestColumns((*extras[:at], "sourceUrl", *extras[at:]), (at, None, None, None))


def rows_of(version: int, columns: ManifestColumns, names: set[str]) -> list[ManifestRow]:
    """Return rows whose cells have their row, version and column as text."""
    return [
        ManifestRow(
            line, name, name, f"https://h.example.com/{name}.mp4", name, "mp4",
            tuple(f"{name}|{version}|{key}|{turn}" for key, turn in columns.positions),
        )
        for line, name in enumerate(sorted(names), 2)
    ]  # fmt: skip


@given(st.lists(st.tuples(HEADERS, st.integers(0, 5), ROWS), min_size=1, max_size=4))
def test_each_cell_of_each_row_is_shown_once_under_its_own_name(
    versions: list[tuple[list[str], int, set[str]]],
) -> None:
    """Columns are added, removed, renamed and moved, and rows come and go."""
    with Store(None) as store:
        seen: dict[str, tuple[int, ManifestColumns]] = {}
        for version, (extras, at, names) in enumerate(versions):
            columns = columns_of(extras, at)
            rows = rows_of(version, columns, {"kept", *names})
            store.load(rows, float(version), columns)
            seen |= {row.reference_id: (version, columns) for row in rows}
        column_under: dict[str, str] = {}
        for result in result_rows(store):
            name = result["referenceId"]
            version, columns = seen[name]
            shown = {h: c for h, c in list(result.items())[18:] if c}
            assert sorted(shown.values()) == sorted(
                f"{name}|{version}|{key}|{turn}"
                for (key, turn), position in columns.positions.items()
                if position not in columns.fields
            )
            for heading, cell in shown.items():
                column = cell.split("|", 2)[2]
                assert column_under.setdefault(heading, column) == column
                key, _, turn = column.partition("|")
                assert heading.startswith(key or f"column {turn}")


@given(HEADERS, HEADERS, st.integers(0, 5))
def test_failed_csv_has_each_cell_under_its_own_name(
    before: list[str], after: list[str], at: int
) -> None:
    with Store(None) as store:
        store.load(rows_of(0, columns_of(before, 0), {"a", "b", "c"}), 0.0, columns_of(before, 0))
        columns = columns_of(after, at)
        store.load(rows_of(1, columns, {"a", "b"}), 1.0, columns)
        claimed = store.queue.claim(5, 2.0)
        store.queue.apply([StatusUpdate(row.row_number, Status.FAILED) for row in claimed], 3.0)
        header = table.failed_header(store.reader.columns())
        job = JobReference("job-a")
        lines = [
            line[:-2]
            for line in table.failed_lines(store.reader.records(), store.reader.columns(), job)
        ]
        assert header[:-2] == [*columns.names, "filename", "referenceId", "reason"]
        assert [line[-2] for line in lines] == ["a", "b"]
        for line in lines:
            expected = [f"{line[-2]}|1|{key}|{turn}" for key, turn in columns.positions]
            assert line[: len(columns.names)] == expected


def test_headers_that_no_row_uses_are_deleted() -> None:
    with Store(None) as store:
        for version, extras in enumerate((["x"], ["y"], ["z"])):
            columns = columns_of(extras, 0)
            store.load(rows_of(version, columns, {"a"}), 0.0, columns)
        assert store.reader.columns().names == ("sourceUrl", "z")
        assert store.reader.other_columns() == []
        assert store.connection.count("SELECT count(*) FROM header") == 1
