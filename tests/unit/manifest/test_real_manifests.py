"""Manifests and exports that people publish, with the results in `tests/manifests/INDEX.tsv`."""

import csv
import re
from pathlib import Path

import pytest

from batch_import.configuration.request import ImportRequest
from batch_import.configuration.settings import ReadingOptions
from batch_import.errors import ManifestError
from batch_import.manifest.columns.mapping import map_columns
from batch_import.manifest.read import open_manifest
from batch_import.workflows import check as workflow
from batch_import.workflows.load_result import CheckResult

FOLDER = Path(__file__).parents[2] / "manifests"
#: Problems that do not depend on which formats the platform accepts.
COUNTED = {"duplicate-reference", "filename-missing", "quoting", "url-missing", "width"}

with (FOLDER / "INDEX.tsv").open(encoding="utf-8", newline="") as _file:
    INDEX = list(csv.DictReader(_file, delimiter="\t"))

READ = [row for row in INDEX if not row["refused"]]
REFUSED = [row for row in INDEX if row["refused"]]


def options(row: dict[str, str]) -> ReadingOptions:
    return ReadingOptions(columns=tuple(row["columns"].split(",")) if row["columns"] else ())


def check(folder: Path, row: dict[str, str]) -> CheckResult:
    request = ImportRequest(FOLDER / row["file"], folder=folder, reading=options(row))
    return workflow.check(request)


@pytest.mark.parametrize("row", READ, ids=[row["file"] for row in READ])
def test_rows_columns_and_problems_are_as_in_the_index(tmp_path: Path, row: dict[str, str]) -> None:
    path = FOLDER / row["file"]
    checked = check(tmp_path, row)
    assert checked.reading.format_description == row["form"]
    assert checked.row_count == int(row["rows"])
    assert len(checked.reading.comment_lines) == int(row["comments"])

    manifest = open_manifest(path, options(row))
    mapping = map_columns(manifest.header, next(manifest.chunks()), {})
    positions = (mapping.source_url, mapping.filename, mapping.reference_id)
    names = ["" if at is None else manifest.header[at] for at in positions]
    assert names == [row["sourceUrl"], row["filename"], row["referenceId"]]

    counts = sorted((kind.code, kind.count) for kind in checked.groups if kind.code in COUNTED)
    printed = "; ".join(f"{code} {count}" for code, count in counts)
    assert printed == row["problems"]


@pytest.mark.parametrize("row", REFUSED, ids=[row["file"] for row in REFUSED])
def test_a_file_that_is_no_manifest_is_refused(tmp_path: Path, row: dict[str, str]) -> None:
    with pytest.raises(ManifestError, match=re.escape(row["refused"])) as caught:
        check(tmp_path, row)
    assert caught.value.hint


def test_the_error_for_a_file_without_a_header_shows_how_to_name_its_columns() -> None:
    """Two of the columns could be the titles."""
    with pytest.raises(ManifestError, match="line 1 holds a URL") as caught:
        open_manifest(FOLDER / "headerless-backslash.csv")
    assert caught.value.hint.endswith("columns='1,2,3,sourceUrl,5,6,7,8,9'")


def test_the_index_has_every_file() -> None:
    files = {path.name for path in FOLDER.iterdir()} - {"INDEX.tsv", "README.md"}
    assert files == {row["file"] for row in INDEX}
