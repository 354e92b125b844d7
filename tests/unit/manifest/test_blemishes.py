"""Any damage of one cell of a manifest is reported, or the intended values are sent."""

import csv
import io
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent / "rules"))

from test_address_repair import BLEMISHES

from batch_import.manifest.columns.mapping import map_columns
from batch_import.manifest.read import open_manifest
from batch_import.manifest.validate import Validator

HEADER = ["sourceUrl", "filename", "extension", "referenceId", "note"]
Row = list[str]


def _garbled(text: str) -> str:
    return f"{text} é".encode().decode("cp1252")


#: Field → kinds of damage to its cell.
DAMAGE: dict[str, dict[str, Callable[[str], str]]] = {
    "sourceUrl": {**BLEMISHES, "two": "{0} {0}?2".format, "lost": "{}".format},
    "filename": {
        "garbled": _garbled,
        "error": lambda _: "#N/A",
        "break": "{0}\n{0}".format,
        "lost": "{}\ufffd".format,
        "blank": lambda _: "",
    },
    "extension": {"m4v": lambda _: "m4v", "type": lambda _: "video/mp4", "pdf": lambda _: "pdf"},
    "referenceId": {
        "rounded": lambda _: "1.23E+15",
        "error": lambda _: "#NAME?",
        "break": "{0}\n{0}".format,
        "spaces": " {} ".format,
    },
}
KINDS = [(field, name) for field, kinds in DAMAGE.items() for name in kinds if name != "lost"]


def _rows(count: int) -> list[Row]:
    return [[f"https://media.example.com/videos/{n}.mp4", f"Title {n}", "mp4", f"S{n}", f"note {n}"]
            for n in range(count)]  # fmt: skip


@settings(max_examples=150)
@given(st.integers(1, 8), st.sampled_from(KINDS), st.data())
def test_damage_of_any_cell_is_never_imported_silently(
    tmp_path_factory: pytest.TempPathFactory,
    count: int,
    kind: tuple[str, str],
    data: st.DataObject,
) -> None:
    field, name = kind
    meant = _rows(count)
    rows = [row.copy() for row in meant]
    bad, position = data.draw(st.integers(0, count - 1)), HEADER.index(field)
    rows[bad][position] = DAMAGE[field][name](rows[bad][position])
    text = io.StringIO()
    csv.writer(text).writerows([HEADER, *rows])
    path = tmp_path_factory.mktemp("blemish") / "m.csv"
    path.write_bytes(text.getvalue().encode())

    manifest = open_manifest(path)
    mapping = map_columns(manifest.header, next(manifest.chunks()), {})
    (chunk,) = manifest.chunks()
    found, problems = Validator(mapping, manifest.header).check(chunk)
    printed = {problem.line for problem in problems}
    for at, row in enumerate(found):
        sent = [row.source_url, row.filename, row.extension, row.reference_id, row.cells[4]]
        assert sent == meant[at] or row.line in printed
        if at != bad:
            assert row.line not in printed or field == "referenceId"
    assert printed or rows == meant
