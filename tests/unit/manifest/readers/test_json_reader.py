"""JSON and JSON Lines: which objects are the records, their lines, and what could be lost."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from batch_import.errors import ManifestError
from batch_import.manifest.columns.mapping import map_columns
from batch_import.manifest.read import open_manifest
from batch_import.manifest.readers import json_window
from batch_import.manifest.validate import Validator
from batch_import.state.store import Store

U, V, W = "https://h/u.mp4", "https://h/v.mp4", "https://h/w.mp4"


@pytest.fixture(params=[3, 1 << 20], autouse=True)
def _window(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also use a window that is so small that it splits every value."""
    monkeypatch.setattr(json_window, "_WINDOW", request.param)


@pytest.fixture
def read_json(read: Callable) -> Callable:
    return lambda content, **options: read(content, "manifest.json", **options)


def test_line_numbers_are_where_the_objects_begin(read_json: Callable) -> None:
    content = f"""
    [
      {{"url": "{U}", "title": "One"}}, {{
        "url": "{V}", "title": "Two"
      }},

      {{
        "url": "{W}"}}
    ]
    """
    for text in (content, content.replace("\n", "\r\n"), content.replace("\n", "\r")):
        found = read_json(text)
        assert found.header == ["url", "title"]
        assert found.rows == [(3, [U, "One"]), (3, [V, "Two"]), (7, [W, ""])]


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("null", ""),
        ("true", "true"),
        ("12", "12"),
        ("1.50", "1.50"),
        ("1E+05", "1E+05"),
        ("123456789012345678901234567890", "123456789012345678901234567890"),
        ("9" * 5000, "9" * 5000),
        ('"a\\u00e9\\n\\"b\\""', 'aé\n"b"'),
        ('["a", 1, null]', "a, 1, "),
        ('[["a"]]', '[["a"]]'),
        ('[{"lang": "é"}]', '[{"lang": "é"}]'),
    ],
)
def test_cells_have_the_text_of_the_file(read_json: Callable, value: str, cell: str) -> None:
    found = read_json(f'[{{"url": "{U}", "x": {value}}}]')
    assert found.cells == [[U, cell]]
    assert type(found.cells[0][1]) is str


def test_members_of_nested_objects_are_columns(read_json: Callable) -> None:
    content = (
        f'[{{"url": "{U}", "text": {{"title": "One", "tags": ["a"], "by": {{"name": "N"}}}}}}]'
    )
    found = read_json(content)
    assert found.header == ["url", "text.title", "text.tags", "text.by.name"]
    assert found.cells == [[U, "One", "a", "N"]]


@pytest.mark.parametrize(
    ("content", "form", "cells"),
    [
        ({"items": [{"url": U}]}, "JSON, records at items", [[U]]),
        ({"a": {"b": [{"url": U}]}}, "JSON, records at a.b", [[U]]),
        ({"n": [1], "x": [{"k": 1}], "v": [{"url": U}]}, "JSON, records at v", [[U]]),
        ([{"v": [{"url": U}]}, {"v": []}, {"v": [{"url": V}]}], "JSON, records at v", [[U], [V]]),
        ([{"url": U, "subs": [{"url": V}]}], "JSON", [[U, f'[{{"url": "{V}"}}]']]),
        ([{"url": U, "n": "a"}, {"n": "b"}], "JSON", [[U, "a"], ["", "b"]]),
        ([{"url": U, "p": []}, {"p": [{"url": V}]}], "JSON", [[U, ""], [V, ""]]),
        ([{"wo": U, "x": [{"k": "1"}]}], "JSON", [[U, '[{"k": "1"}]']]),
        ({"z": [{"wo": U}]}, "JSON, records at z", [[U]]),
        ([1, {"url": U}, [{"url": V}], "x", {}], "JSON", [[U]]),
    ],
)
def test_the_records_of_a_json_file_are_found_in_every_form(
    read_json: Callable, content: object, form: str, cells: list[list[str]]
) -> None:
    for indent in (None, 2):
        found = read_json(json.dumps(content, indent=indent))
        assert (found.form, found.cells) == (form, cells)


def test_nested_records_have_their_line_numbers(read_json: Callable) -> None:
    found = read_json(
        f'{{"feed": [\n{{"name": "A", "items": [\n{{"url": "{U}"}},\n{{"url": "{V}"}}]}},\n'
        f'{{"items": [{{"url": "{W}"\n}}], "name": "B"}}]}}'
    )
    assert found.header == ["url", "name"]
    assert found.rows == [(3, [U, "A"]), (4, [V, "A"]), (5, [W, "B"])]


def test_records_without_titles_and_ids_get_those_of_the_enclosing_objects(
    read_json: Callable,
) -> None:
    content = {
        "slug": "far",
        "videos": [{"url": U}, {"url": V, "name": "Own"}],
        "title": "Talk",
        "id": 7,
        "description": "long",
    }
    found = read_json(json.dumps(content))
    assert found.header == ["url", "title", "slug", "name"]
    assert found.cells == [[U, "Talk", "far", ""], [V, "", "far", "Own"]]


def test_the_nearest_enclosing_object_is_preferred(read_json: Callable) -> None:
    content = {"title": "Far", "a": [{"name": "Near", "id": "i", "b": [{"url": U}]}]}
    assert read_json(json.dumps(content)).cells == [[U, "Near", "i"]]


def test_the_user_can_name_an_array(read_json: Callable) -> None:
    content = {"a": [{"url": U, "b": [{"url": V}]}], "c": {"d": [{"url": W}]}}
    text = json.dumps(content)
    with pytest.raises(ManifestError, match="more than one array") as caught:
        read_json(text)
    assert caught.value.hint == "Choose one: records='a', records='c.d'"
    assert read_json(text, records="c.d").cells == [[W]]
    assert read_json(text, records="a.b").header == ["url", "a.url"]
    assert read_json(text, records="a.b").cells == [[V, U]]
    with pytest.raises(ManifestError, match="no array “a") as caught:
        read_json(text, records="a.x")
    assert caught.value.hint == "Choose one: records='a', records='a.b', records='c.d'"


def test_the_user_chooses_between_arrays_without_urls(read_json: Callable) -> None:
    content = json.dumps({"a": [{"wo": U}], "b": [{"wo": V}]})
    with pytest.raises(ManifestError, match="more than one array"):
        read_json(content)
    assert read_json(content, records="b").cells == [[V]]
    nested = json.dumps({"a": [{"b": [{"Wo": U}], "x": "y"}]})
    found = read_json(nested, map={"source_url": "wo"})
    assert (found.header, found.cells) == (["Wo", "a.x"], [[U, "y"]])


def test_a_repeated_key_is_a_fault_of_its_record(read_json: Callable) -> None:
    found = read_json(f'[{{"url": "{U}", "url": "{V}"}},\n{{"url": "{W}", "x": {{"a":1,"a":2}}}}]')
    assert found.faults == {1: "repeated-key", 2: "repeated-key"}


@pytest.mark.parametrize(
    "content",
    [
        '{"v": [{"url": "u"}],\n"v": [{"url": "v"}]}',
        '{"v": 1,\n"v": [{"url": "u"}]}',
        '[\n{"x": 1, "x": 2, "v": [{"url": "u"}]}]',
    ],
)
def test_a_repeated_key_outside_the_records_is_refused(read_json: Callable, content: str) -> None:
    with pytest.raises(ManifestError, match=r"line 2.*“[vx]” more than once"):
        read_json(content)


@pytest.mark.parametrize(
    ("content", "place"),
    [
        ('[\n{"url": "u",}]', "line 2, column 13: Expecting property name"),
        ('[{"url": "u"}\n{"url": "v"}]', "line 2, column 1: Expecting “]”"),
        ('[{"url": "u"},\n\n', "line 3, column 1: Expecting value"),
        ('[{"url": "u"}]\n  ]', "line 2, column 3: Expecting value"),
        ('{"a": [{"url": "u"}]\n, b: 1}', "line 2, column 3: Expecting a key in double quotes"),
        ('{"a"\n[1]}', "line 2, column 1: Expecting “:”"),
        ('[{"url": "u\nv"}]', "line 1, column 12: Invalid control character"),
        ('[{"url": "u', "line 1, column 10: Unterminated string"),
        ('[{"url": nul}]', "line 1, column 10: Expecting value"),
        ('[{"url": "\\ud83"}]', "line 1, column"),
    ],
)
def test_invalid_json_is_refused_with_its_position(
    read_json: Callable, content: str, place: str
) -> None:
    with pytest.raises(ManifestError) as caught:
        read_json(content)
    assert f"is no JSON on {place}" in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize("content", ["[]", "{}", "[1, 2]", '{"a": {"b": "c"}}', '["https://h/v"]'])
def test_json_without_an_array_of_objects_is_refused(read_json: Callable, content: str) -> None:
    with pytest.raises(ManifestError, match="holds no array of objects"):
        read_json(content)


def test_empty_objects_are_refused(read_json: Callable) -> None:
    with pytest.raises(ManifestError, match="line 1: its objects are empty"):
        read_json("[{}, {}]")


@pytest.mark.parametrize("content", ["[" * 100_000, '{"a":' * 100_000, '[{"a":' * 100_000])
def test_deeply_nested_json_is_refused(read_json: Callable, content: str) -> None:
    with pytest.raises(ManifestError, match="inside of each other"):
        read_json(content)


def test_a_value_without_end_is_refused_before_it_fills_the_memory(
    read_json: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_window, "MAX_CHARACTERS", 1000)
    monkeypatch.setattr(json_window, "_WINDOW", 100)
    with pytest.raises(ManifestError, match="line 2, column 1: a value of more than 1000"):
        read_json('[\n{"url": "' + "x" * 2000)


# JSON Lines -----------------------------------------------------------------------------------


def test_json_lines_are_read(read: Callable) -> None:
    content = f'{{"url": "{U}", "n": 1.0}}\n\n{{"title": "T", "url": "{V}"}}\n'
    for name in ("m.jsonl", "m.json", "m.ndjson", "m", "m.csv"):
        found = read(content, name)
        assert (found.form, found.header) == ("JSON Lines", ["url", "n", "title"])
        assert found.rows == [(1, [U, "1.0", ""]), (3, [V, "", "T"])]


def test_an_invalid_line_is_a_fault_of_its_row_only(read: Callable) -> None:
    lines = [
        "{bad",
        "[1]",
        '{"url": "a", "url": "b"}',
        '{"url": "c"} x',
        "[" * 9999,
        '{"url": "d"}',
    ]
    found = read("\n".join(lines), "m.jsonl")
    assert found.faults == dict.fromkeys([1, 2, 4, 5], "syntax") | {3: "repeated-key"}
    assert found.rows[-1] == (6, ["d"])


@pytest.mark.parametrize("count", [3, 300])
def test_each_record_of_a_file_without_line_breaks_has_a_line_number(
    read: Callable, count: int
) -> None:
    records = [{"url": U, "n": str(number)} for number in range(1, count + 1)]
    found = read(json.dumps(records), "m.json")
    assert [(line, cells[1]) for line, cells in found.rows] == [
        (number, str(number)) for number in range(1, count + 1)
    ]


def test_a_file_of_invalid_lines_is_refused(read: Callable) -> None:
    with pytest.raises(ManifestError, match="line 1: this line is no JSON"):
        read("{bad\n{worse\n", "m.jsonl")


def test_half_of_a_surrogate_pair_is_a_problem_only_in_a_title(tmp_path: Path) -> None:
    path = tmp_path / "manifest.json"
    path.write_text(
        '[{"url": "https://h.example.com/1.mp4", "title": "A", "note": "cut \\ud83d"},'
        ' {"url": "https://h.example.com/2.mp4", "title": "a \\ud83d", "note": "\\ud83d\\ude00"}]',
        encoding="utf-8",
    )
    manifest = open_manifest(path)
    (chunk,) = manifest.chunks()
    rows, problems = Validator(map_columns(manifest.header, chunk, {}), manifest.header).check(
        chunk
    )
    assert [row.cells[2] for row in rows] == ["cut \ufffd", "😀"]
    assert [(problem.line, problem.code) for problem in problems] == [(2, "filename-characters")]
    with Store(None) as store:
        store.load(rows, 1.0)
        assert store.reader.counts().invalid == 1


@pytest.mark.parametrize(
    "content",
    [
        f'[{{"url": "{U}"}},\n"{V}",\n{{"url": "{W}"}}, 7, null, "x"]',
        f'["x",\n"{U}",\n{{"url": "{V}"}}, {{"url": "{W}"}}]',
        f'[{{"url": "{U}"}},\n["A", "{V}"],\n{{"url": "{W}"}}]',
        f'[{{"url": "{U}"}}, {{"url": "{W}"}}]\n"{V}"',
        f'{{"videos":\n["{U}", {{"url": "{V}"}}, {{"url": "{W}"}}], "tags": ["{U}"]}}',
    ],
)
def test_a_url_beside_objects_is_a_fault(read_json: Callable, content: str) -> None:
    found = read_json(content)
    assert list(found.faults.values()) == ["no-object"]
    assert len(found.rows) == content.count('"url"') + 1


def test_a_url_beside_objects_in_json_lines_is_a_fault(read: Callable) -> None:
    content = f'{{"t": "A", "files": [{{"url": "{U}", "id": "1"}}, "{V}"]}}\n{{"t": "B"}}\n'
    assert read(content, "m.jsonl").faults == {1: "no-object"}


def test_an_array_of_texts_is_refused(read_json: Callable) -> None:
    with pytest.raises(ManifestError, match="no array of objects"):
        read_json(f'["{U}", "{V}"]')
