"""What stands in the results and in failed.csv."""

import csv
from pathlib import Path

import pytest

from batch_import.errors import StateError
from batch_import.models import Record, Status
from batch_import.report import table
from batch_import.report.to_csv import write_csv

HEADER = ["sourceUrl", "title", "status", "team"]
FIELDS = [0, 1]
BASE = "https://play.viostream.com"


def record(status: Status = Status.IMPORTED, **changes: object) -> Record:
    values: dict[str, object] = {
        "line": 2,
        "status": status,
        "error": "",
        "reference_id": "r-1",
        "filename": "Title",
        "source_url": "https://h/v.mp4?X-Amz-Signature=abc",
        "extension": "mp4",
        "cells": ("https://h/v.mp4?X-Amz-Signature=abc", "Title", "draft", "A"),
        "removed": False,
        "ingest_id": "i",
        "media_id": "m",
        "key": "k1",
        "title": "Title",
        "duration": "00:00:05",
        "thumbnail": "https://t/k1.jpg",
        "created_date": "2026-01-01T00:00:00Z",
    }
    return Record(**{**values, **changes})  # type: ignore[arg-type]


def line(one: Record) -> dict[str, str]:
    header = table.results_header(HEADER, FIELDS)
    (cells,) = table.results([one], BASE, table.others(HEADER, FIELDS))
    return dict(zip(header, cells, strict=True))


def test_the_columns_are_the_promised_ones() -> None:
    assert table.results_header(HEADER, FIELDS) == [
        *"line status error referenceId filename sourceUrl extension ingestId mediaId key".split(),
        *"embedUrl embedCode title duration thumbnail createdDate".split(),
        "status (manifest)",
        "team",
    ]
    assert table.results_header(["a", "a", "", "a"], []) [-4:] == [
        "a", "a (manifest)", "column 3", "a (manifest 2)",
    ]  # fmt: skip


def test_an_imported_row_has_its_embed_code() -> None:
    cells = line(record())
    assert cells["embedUrl"] == "https://play.viostream.com/iframe/k1"
    assert 'src="https://play.viostream.com/iframe/k1"' in cells["embedCode"]
    assert (cells["status (manifest)"], cells["team"]) == ("draft", "A")


@pytest.mark.parametrize("status", [s for s in Status if s is not Status.IMPORTED])
def test_no_other_row_has_one(status: Status) -> None:
    cells = line(record(status))
    assert (cells["embedUrl"], cells["embedCode"]) == ("", "")


def test_signatures_are_masked_in_the_results_but_work_in_failed_csv() -> None:
    assert "abc" not in " ".join(line(record()).values())
    (cells,) = table.failed([record(Status.FAILED, error="no")], HEADER, None)
    assert cells[0].endswith("X-Amz-Signature=abc")


def test_failed_csv_is_the_manifest_and_the_reason() -> None:
    records = [record(), record(Status.FAILED, error="codec"), record(Status.INVALID, error="bad")]
    assert table.failed_header(HEADER, None) == [*HEADER, "referenceId", "reason"]
    lines = list(table.failed(records, HEADER, None))
    assert [cells[-2:] for cells in lines] == [["r-1", "codec"], ["r-1", "bad"]]


def test_failed_csv_of_a_failed_csv_has_one_reason() -> None:
    header = ["sourceUrl", "title", "id", "reason"]
    assert table.failed_header(header, 2) == header
    one = record(Status.FAILED, error="new", cells=("u", "t", "", "old"))
    assert list(table.failed([one], header, 2)) == [["u", "t", "r-1", "new"]]


def test_csv_opens_right_in_excel_and_is_whole_or_not_there(tmp_path: Path) -> None:
    path = tmp_path / "results.csv"
    write_csv(path, ["a", "b"], [['ä,\n"', "2"]])
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    with path.open(encoding="utf-8-sig", newline="") as file:
        assert list(csv.reader(file)) == [["a", "b"], ['ä,\n"', "2"]]

    def broken() -> object:
        yield ["1", "2"]
        raise OSError(28, "No space left on device")

    with pytest.raises(StateError, match="No space left"):
        write_csv(path, ["x"], broken())  # type: ignore[arg-type]
    assert [p.name for p in tmp_path.iterdir()] == ["results.csv"]
    assert path.read_text(encoding="utf-8-sig").startswith("a,b")
