"""Files that the program writes are read by its own reader without any change."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from batch_import.csv_escaping import escape, escape_for_correction, escape_for_editing
from batch_import.manifest.origin import JOB_COLUMN, ROW_COLUMN
from batch_import.manifest.read import open_manifest
from batch_import.reports.writers.csv_writer import write_csv

DATA = Path(__file__).parents[2] / "data"
#: The reader refuses this character in any manifest, escaped or not.
UNREADABLE = "\0"


def read_back(path: Path) -> tuple[list[str], list[list[str]]]:
    manifest = open_manifest(path)
    rows = [list(cells) for chunk in manifest.chunks() for cells in chunk.frame.to_numpy()]
    return list(manifest.header), rows


@pytest.mark.parametrize("name", sorted(path.name for path in DATA.glob("*.txt")))
@pytest.mark.parametrize("guard", [escape, escape_for_editing])
def test_unusual_texts_are_read_unchanged(
    tmp_path: Path, name: str, guard: Callable[[str], str]
) -> None:
    texts = [t for t in (DATA / name).read_text(encoding="utf-8").split("\n") if t.strip()]
    rows = [[f"id {n}", text] for n, text in enumerate(texts) if UNREADABLE not in text]
    header = ["-id", "=cmd|' /C calc'!A0"]
    write_csv(tmp_path / "failed.csv", header, rows, guard)
    assert read_back(tmp_path / "failed.csv") == (header, rows)


@given(
    rows=st.lists(
        st.tuples(
            st.text(alphabet=st.characters(codec="utf-8", exclude_characters=UNREADABLE)),
            st.text(alphabet="=+-@'\" 01a", min_size=1).filter(str.strip),
        ),
        min_size=1,
        max_size=5,
    )
)
@example(rows=[("# no comment", "1"), ("#", "2")])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_is_read_unchanged(tmp_path: Path, rows: list[Sequence[str]]) -> None:
    write_csv(tmp_path / "new.csv", ["title", "id"], rows, escape_for_editing)
    assert read_back(tmp_path / "new.csv") == (["title", "id"], [list(row) for row in rows])
    header = ["title", "'id", JOB_COLUMN, ROW_COLUMN]
    failed = [[*row, "job-bcdfghjklmnp", "row-1"] for row in rows]
    write_csv(tmp_path / "failed.csv", header, failed, escape_for_correction)
    assert read_back(tmp_path / "failed.csv") == (header, failed)


def test_the_apostrophe_of_an_edited_cell_of_failed_csv_is_removed(tmp_path: Path) -> None:
    path = tmp_path / "fixed.csv"
    path.write_text(
        f"title,id,{JOB_COLUMN},{ROW_COLUMN}\n''70s,'0049-FR,job-bcdfghjklmnp,row-1\n", "utf-8"
    )
    assert read_back(path)[1] == [["'70s", "0049-FR", "job-bcdfghjklmnp", "row-1"]]
