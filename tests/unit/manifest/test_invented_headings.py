"""Manifests of the usual kinds with invented headings, which no list of names has."""

import csv
import io
import json
from dataclasses import dataclass
from pathlib import Path

import pytest
import xlsxwriter
import yaml
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from batch_import.manifest.columns.aliases import field_with_name
from batch_import.manifest.columns.headings import (
    id_strength,
    is_picture_or_text,
    quality_in_name,
    title_strength,
)
from batch_import.manifest.columns.mapping import first_chunk_with_url, map_columns
from batch_import.manifest.read import open_manifest

_SYLLABLES = [a + b for a in "bdfgklmnprstvwz" for b in "aeiou"]
_SUBJECTS = ["Safety", "Baking", "Cycling", "Tax", "Gardens", "Robots", "Chess", "Rivers", "Jazz"]

word = st.lists(st.sampled_from(_SYLLABLES), min_size=2, max_size=4).map("".join)
heading = st.lists(word, min_size=1, max_size=3).map(" ".join)


def _unknown(name: str) -> bool:
    return (
        field_with_name(name) is None
        and title_strength(name) == 1
        and not id_strength(name)
        and not is_picture_or_text(name)
        and quality_in_name(name) == 0
    )


#: Kind of column → its cell in a row. The videos are in the best of the first three that exist.
_CELLS = {
    "video": lambda at: f"https://media.example.com/{at}/clip-{at}.mp4",
    "stream": lambda at: f"https://media.example.com/{at}/index.m3u8",
    "page": lambda at: f"https://www.example.com/watch/{at}",
    "title": lambda at: f"{_SUBJECTS[at % 9]} for beginners, part {at}",
    "picture": lambda at: f"https://media.example.com/{at}/cover.jpg",
    "captions": lambda at: f"https://media.example.com/{at}/en.vtt",
    "site": lambda _: "https://www.example.com/",
    "department": lambda at: ("People", "Sales and marketing")[at % 2],
    "date": lambda at: f"2024-03-{at + 1:02}",
    "spoken date": lambda at: f"{at + 1} March 2024",
    "duration": lambda at: f"0:{at + 10}:05",
    "size": lambda at: f"{at + 1},5 MB",
    "number": lambda at: str(at + 1),
    "code": lambda at: f"AB-{1000 + 37 * at}",
    "mail": lambda at: f"person{at}@example.com",
    "description": lambda at: f"Number {at}. " + "A long text with all there is to tell. " * 5,
    "blank": lambda _: "",
    "file name": lambda at: f"clip {at} final.mp4",
}  # fmt: skip


@dataclass
class DrawnManifest:
    """A randomly drawn manifest."""

    header: list[str]
    rows: list[list[str]]
    video: str
    title: str


@st.composite
def manifests(draw: st.DrawFn) -> DrawnManifest:
    best = draw(st.sampled_from(["video", "stream", "page"]))
    kinds = list(_CELLS)
    beside = kinds[kinds.index(best) + 1 :]
    others = draw(st.lists(st.sampled_from(beside), unique=True, max_size=6))
    kinds = draw(st.permutations(sorted({best, "title", *others})))
    names = draw(st.lists(heading, min_size=len(kinds), max_size=len(kinds), unique=True))
    assume(all(map(_unknown, names)))
    # Of fewer rows, gaps may leave departments that all differ, as titles do.
    count = draw(st.integers(4, 20))
    rows = [[_CELLS[kind](at) for kind in kinds] for at in range(count)]
    # Exports have gaps; the first row, the address and the title have none here.
    gaps = draw(st.sets(st.integers(1, count - 1), max_size=count // 3))
    for at in gaps:
        rows[at] = [
            cell if kind in (best, "title") else ""
            for kind, cell in zip(kinds, rows[at], strict=True)
        ]
    of = dict(zip(kinds, names, strict=True))
    return DrawnManifest(names, rows, of[best], of["title"])


def _csv(drawn: DrawnManifest, separator: str, above: list[str]) -> bytes:
    file = io.StringIO()
    file.writelines(f"{line}\n" for line in above)
    csv.writer(file, delimiter=separator).writerows([drawn.header, *drawn.rows])
    return file.getvalue().encode()


def _objects(drawn: DrawnManifest) -> list[dict[str, str]]:
    return [dict(zip(drawn.header, row, strict=True)) for row in drawn.rows]


def _assert_mapping(path: Path, drawn: DrawnManifest) -> None:
    manifest = open_manifest(path)
    found = map_columns(manifest.header, first_chunk_with_url(manifest.chunks()), {})
    assert manifest.header[found.source_url] == drawn.video
    assert found.filename is not None
    assert manifest.header[found.filename] == drawn.title
    assert found.reference_id is None
    cells = [c for chunk in manifest.chunks() for c in chunk.frame[found.source_url]]
    at = drawn.header.index(drawn.video)
    assert cells == [row[at] for row in drawn.rows]
    assert not any(chunk.faults for chunk in manifest.chunks())


_many = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@_many
@given(
    manifests(), st.sampled_from(",;\t|"), st.sampled_from([[], ["Our videos"], ["", "# by hand"]])
)
def test_columns_of_separated_text_are_recognized(
    tmp_path: Path, drawn: DrawnManifest, separator: str, above: list[str]
) -> None:
    path = tmp_path / "m.csv"
    path.write_bytes(_csv(drawn, separator, above))
    _assert_mapping(path, drawn)


@_many
@given(manifests(), st.sampled_from(["plain", "wrapped", "keyed", "lines", "nested"]))
def test_columns_of_json_are_recognized(tmp_path: Path, drawn: DrawnManifest, form: str) -> None:
    objects = _objects(drawn)
    path = tmp_path / ("m.jsonl" if form == "lines" else "m.json")
    if form == "lines":
        path.write_text("\n".join(map(json.dumps, objects)), encoding="utf-8")
    else:
        whole = {
            "plain": objects,
            "wrapped": {"wako": 200, "bilo": {"runa": objects, "total": len(objects)}},
            "keyed": {f"k{at}": members for at, members in enumerate(objects)},
            "nested": [
                {"sedo": "first", "nami": objects[:2]},
                {"sedo": "next", "nami": objects[2:]},
            ],
        }[form]
        path.write_text(json.dumps(whole), encoding="utf-8")
    if form == "keyed":
        manifest = open_manifest(path)
        found = map_columns(manifest.header, first_chunk_with_url(manifest.chunks()), {})
        assert found.reference_id is not None
        assert manifest.header[found.reference_id] == "key"
        assert manifest.header[found.source_url] == drawn.video
        return
    _assert_mapping(path, drawn)


@settings(_many, max_examples=20)
@given(manifests())
def test_columns_of_yaml_are_recognized(tmp_path: Path, drawn: DrawnManifest) -> None:
    path = tmp_path / "m.yaml"
    path.write_text(yaml.safe_dump(_objects(drawn), sort_keys=False), encoding="utf-8")
    _assert_mapping(path, drawn)


@settings(_many, max_examples=20)
@given(manifests(), st.integers(0, 3), st.sampled_from(["cover", ""]))
def test_columns_of_workbooks_are_recognized(
    tmp_path: Path, drawn: DrawnManifest, above: int, first: str
) -> None:
    path = tmp_path / "m.xlsx"
    with xlsxwriter.Workbook(path, {"strings_to_urls": False}) as book:
        if first:
            cover = book.add_worksheet("Read me")
            cover.write_column(0, 0, ["Videos of the library", "Questions: person@example.com"])
        sheet = book.add_worksheet("Export")
        for at in range(above):
            sheet.write(at, 0, f"Line {at} about this export")
        for at, row in enumerate([drawn.header, *drawn.rows], above):
            sheet.write_row(at, 0, row)
    _assert_mapping(path, drawn)


@_many
@given(manifests(), st.integers(0, 7))
def test_columns_are_recognized_if_the_last_heading_is_missing(
    tmp_path: Path, drawn: DrawnManifest, spare: int
) -> None:
    rows = [[*row, f"more {spare}"] for row in drawn.rows]
    path = tmp_path / "m.csv"
    path.write_bytes(_csv(DrawnManifest(drawn.header, rows, drawn.video, drawn.title), ",", []))
    _assert_mapping(path, drawn)


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@_many
@given(manifests())
def test_the_first_row_of_a_manifest_without_a_header_is_never_lost(
    tmp_path: Path, separator: str, drawn: DrawnManifest
) -> None:
    """The first row would be lost if it was read as the header."""
    path = tmp_path / "m.csv"
    file = io.StringIO()
    csv.writer(file, delimiter=separator).writerows(drawn.rows)
    path.write_text(file.getvalue(), encoding="utf-8")
    manifest = open_manifest(path)
    found = map_columns(manifest.header, first_chunk_with_url(manifest.chunks()), {})
    assert found.source_url == drawn.header.index(drawn.video)
    assert sum(len(chunk.lines) for chunk in manifest.chunks()) == len(drawn.rows)
