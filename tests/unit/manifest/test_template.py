"""Empty manifests for users to fill in."""

import csv
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from batch_import.errors import ManifestError, UsageError
from batch_import.manifest.columns.aliases import FIELDS
from batch_import.manifest.read import open_manifest
from batch_import.manifest.template import write_templates

ROW = ["https://h/v.mp4", "Ein Titel ü", "", "0042"]


def test_rows_that_the_user_adds_are_read_and_the_explanation_is_not(
    read: Callable, tmp_path: Path
) -> None:
    path, _ = write_templates(tmp_path / "new" / "folder")
    with path.open("a", encoding="utf-8", newline="") as file:
        csv.writer(file).writerow(ROW)
    found = read(path)
    assert found.header == list(FIELDS)
    assert (found.rows, found.comments) == ([(3, ROW)], [2])


def test_the_error_for_an_empty_template_says_what_is_missing(tmp_path: Path) -> None:
    for path in write_templates(tmp_path):
        with pytest.raises(ManifestError, match="a header and no rows") as caught:
            open_manifest(path)
        assert "row for each video" in caught.value.hint


def test_cells_of_the_workbook_keep_leading_zeros(tmp_path: Path) -> None:
    _, path = write_templates(tmp_path)
    with zipfile.ZipFile(path) as parts:
        styles = parts.read("xl/styles.xml").decode()
        sheet = parts.read("xl/worksheets/sheet1.xml").decode()
    assert 'numFmtId="49"' in styles
    assert sheet.count('style="1"') == len(FIELDS)


def test_existing_files_are_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "manifest.xlsx").write_text("mine")
    with pytest.raises(UsageError, match=r"manifest.xlsx is there already"):
        write_templates(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["manifest.xlsx"]
    assert (tmp_path / "manifest.xlsx").read_text() == "mine"


def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot be written"):
        write_templates(tmp_path / "file")
