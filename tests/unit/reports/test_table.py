"""The columns and cells of the results and of failed.csv."""

import csv
from collections.abc import Callable
from pathlib import Path

import pytest

from batch_import.configuration.result_options import ResultOptions
from batch_import.errors import StateError, UsageError
from batch_import.manifest.origin import JobReference
from batch_import.models import ManifestColumns, ResultRow, Status
from batch_import.reports import table
from batch_import.reports.writers.csv_writer import write_csv

HEADER = ["sourceUrl", "title", "status", "team"]
COLUMNS = ManifestColumns(tuple(HEADER), (0, 1, None, None))
Make = Callable[..., ResultRow]

JOB = JobReference("job-a", "output/a")
ORIGIN = ["batch-import job", "batch-import row"]


def results_table(**options: object) -> table.Table:
    embedding = table.Embedding(options=ResultOptions(**options))  # type: ignore[arg-type]
    return table.results_table(COLUMNS, (), embedding)


def line(one: ResultRow, **options: object) -> dict[str, str]:
    made = results_table(**options)
    return dict(zip(made.header, cells_of(made, one), strict=True))


def cells_of(made: table.Table, one: ResultRow) -> list[str]:
    (found,) = made.lines([one])
    return list(found)


def test_the_results_have_the_documented_columns() -> None:
    assert results_table().header == [
        *"line status error referenceId filename sourceUrl extension ingestId mediaId key".split(),
        *"embedUrl embedCode shareUrl oembedUrl title duration thumbnail createdDate".split(),
        "status (manifest)",
        "team",
    ]
    assert table.results_table(ManifestColumns(("a", "a", "", "a"))).header[-4:] == [
        "a", "a (manifest)", "column 3", "a (manifest 2)",
    ]  # fmt: skip


def test_manifest_columns_with_names_of_the_results_are_renamed() -> None:
    names = ("Status", "embed_code", "Reference ID", "Owner")
    assert table.results_table(ManifestColumns(names)).header[-4:] == [
        "Status (manifest)", "embed_code (manifest)", "Reference ID (manifest)", "Owner",
    ]  # fmt: skip


def test_an_imported_row_has_its_embed_code_and_links(record: Make) -> None:
    cells = line(record())
    assert cells["embedUrl"] == "https://play.viostream.com/iframe/k1"
    assert 'src="https://play.viostream.com/iframe/k1"' in cells["embedCode"]
    assert cells["shareUrl"] == "https://share.viostream.com/k1"
    assert cells["oembedUrl"] == (
        "https://play.viostream.com/oembed?url=https%3A%2F%2Fshare.viostream.com%2Fk1"
    )
    assert (cells["status (manifest)"], cells["team"]) == ("draft", "A")


def test_embed_codes_follow_the_result_options(record: Make) -> None:
    assert line(record(), player_key="p 1")["embedUrl"].endswith("/iframe/k1?playerKey=p%201")
    assert 'title="Title"' not in line(record())["embedCode"]
    assert 'title="Title"' in line(record(), embed_titles=True)["embedCode"]
    assert line(record(), embed="fixed")["embedCode"].startswith('<iframe width="640" height="360"')
    assert "padding-bottom:75%" in line(record(size=(640, 480)))["embedCode"]


def test_an_embed_code_is_empty_until_its_ratio_is_known(record: Make) -> None:
    asking = {"aspect_from_detail": True}
    assert line(record(), **asking)["embedCode"] == ""
    assert line(record(), **asking)["embedUrl"] != ""
    assert "56.25%" in line(record(is_size_requested=True), **asking)["embedCode"]
    assert "75%" in line(record(is_size_requested=True, size=(4, 3)), **asking)["embedCode"]


def test_columns_are_selected_and_renamed(record: Make) -> None:
    made = results_table(results_columns='embedCode=Embed code, referenceId,"team=Team, or group"')
    assert made.header == ["Embed code", "referenceId", "Team, or group"]
    assert cells_of(made, record())[1:] == ["r-1", "A"]
    with pytest.raises(
        UsageError,
        match=r"results_columns='embedcode' is not a column of the results\. There is embedCode",
    ):
        results_table(results_columns="embedcode")
    with pytest.raises(UsageError, match="'x' is the heading of two columns"):
        results_table(results_columns="key=x,title=x")


@pytest.mark.parametrize("status", [s for s in Status if s is not Status.IMPORTED])
def test_only_imported_rows_have_embed_codes(record: Make, status: Status) -> None:
    cells = line(record(status))
    assert {cells[n] for n in ("embedUrl", "embedCode", "shareUrl", "oembedUrl")} == {""}


def test_signatures_are_masked_in_the_results_but_not_in_failed_csv(record: Make) -> None:
    secret = {"filename": "t https://u:abc@h/", "title": "t?token=abc"}
    assert "abc" not in " ".join(line(record(**secret)).values())
    (cells,) = table.failed_lines([record(Status.FAILED, error="no")], COLUMNS, JOB)
    assert cells[0].endswith("X-Amz-Signature=abc")


def test_failed_csv_has_the_cells_of_the_manifest_and_the_reason(record: Make) -> None:
    records = [record(), record(Status.FAILED, error="codec"), record(Status.INVALID, error="bad")]
    assert table.failed_header(COLUMNS) == [*HEADER, "referenceId", "reason", *ORIGIN]
    lines = list(table.failed_lines(records, COLUMNS, JOB))
    assert [cells[-4:] for cells in lines] == [
        ["r-1", "codec", "job-a in output/a", "row-0"],
        ["r-1", "bad", "job-a in output/a", "row-0"],
    ]


def test_failed_csv_of_a_list_of_urls_has_the_generated_titles(record: Make) -> None:
    columns = ManifestColumns(("sourceUrl",), (0, None, None, None))
    assert table.failed_header(columns)[1:-2] == "filename referenceId reason".split()
    one = record(Status.FAILED, error="codec", cells=("u",), columns=columns)
    (cells,) = table.failed_lines([one], columns, JOB)
    assert cells[:-2] == ["u", "Title", "r-1", "codec"]


def test_failed_csv_of_a_failed_csv_has_one_reason(record: Make) -> None:
    columns = ManifestColumns(("sourceUrl", "title", "id", "reason"), (0, 1, None, 2))
    assert table.failed_header(columns)[:-2] == list(columns.names)
    one = record(Status.FAILED, error="new", cells=("u", "t", "", "old"), columns=columns)
    assert next(table.failed_lines([one], columns, JOB))[:-2] == ["u", "t", "r-1", "new"]


def test_a_column_of_reference_ids_named_reason_is_not_the_reason(record: Make) -> None:
    columns = ManifestColumns(("sourceUrl", "title", "reason"), (0, 1, None, 2))
    assert table.failed_header(columns)[:-2] == ["sourceUrl", "title", "reason", "reason"]
    one = record(Status.FAILED, error="new", cells=("u", "t", "my-1"), columns=columns)
    assert next(table.failed_lines([one], columns, JOB))[:-2] == ["u", "t", "my-1", "new"]


# Rows of an earlier manifest ----------------------------------------------------------------------


def test_a_removed_row_keeps_its_own_columns_beside_those_of_the_manifest(record: Make) -> None:
    old = ManifestColumns(("sourceUrl", "title", "year", "team", "", "team"), (0, 1, None, None))
    new = ManifestColumns(("sourceUrl", "", "title", "team", ""), (0, 2, None, None))
    made = table.results_table(new, [old])
    assert made.header[-5:] == ["column 2", "team", "column 5", "year", "team (manifest)"]
    removed = record(is_removed=True, columns=old, cells=("u", "t", "1999", "A", "five", "B"))
    assert cells_of(made, removed)[-5:] == ["", "A", "five", "1999", "B"]
    current = record(columns=new, cells=("u", "two", "t", "C", "5"))
    assert cells_of(made, current)[-5:] == ["two", "C", "5", "", ""]


def test_a_csv_file_opens_in_excel_and_is_written_completely_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "results.csv"
    write_csv(path, ["a", "-b"], [['ä,\n"', "=1+1"]])
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    with path.open(encoding="utf-8-sig", newline="") as file:
        assert list(csv.reader(file)) == [["a", "'-b"], ['ä,\n"', "'=1+1"]]

    def broken() -> object:
        yield ["1", "2"]
        raise OSError(28, "No space left on device")

    with pytest.raises(StateError, match="No space left"):
        write_csv(path, ["x"], broken())  # type: ignore[arg-type]
    assert [p.name for p in tmp_path.iterdir()] == ["results.csv"]
    assert path.read_text(encoding="utf-8-sig").startswith("a,'-b")
