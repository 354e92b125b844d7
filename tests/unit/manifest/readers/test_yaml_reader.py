"""YAML: texts as they are written, line numbers, and what could be lost or fill the memory."""

from collections.abc import Callable

import pytest

from batch_import.errors import ManifestError
from batch_import.manifest.readers import yaml_reader


@pytest.fixture
def read_yaml(read: Callable) -> Callable:
    return lambda content, **options: read(content, "manifest.yaml", **options)


def test_line_numbers_are_where_the_objects_begin(read_yaml: Callable) -> None:
    content = (
        "---\n# all of them\n- url: u\n  title: One\n\n- title: >\n    Two\n    lines\n  url: v\n"
        '- {url: w, "title": Three}\n'
    )
    for text in (content, content.replace("\n", "\r\n")):
        found = read_yaml(text)
        assert (found.form, found.header) == ("YAML", ["url", "title"])
        assert found.rows == [
            (3, ["u", "One"]),
            (6, ["v", "Two lines\n"]),
            (10, ["w", "Three"]),
        ]


def test_characters_that_are_line_ends_only_in_yaml_do_not_change_line_numbers(
    read_yaml: Callable,
) -> None:
    content = '- {url: u, title: "a\x85b\u2028c\u2029d"}\n- url: v\n'
    assert read_yaml(content).lines == [1, 2]


@pytest.mark.parametrize(
    "text", ["007", "2025-03-04", "00:01:05", "yes", "1e5", "1_000", "0x1F", ".5", "true", "No"]
)
def test_texts_without_quotes_are_not_converted(read_yaml: Callable, text: str) -> None:
    assert read_yaml(f"- url: u\n  x: {text}\n").cells == [["u", text]]


@pytest.mark.parametrize("text", ["~", "null", "", "Null"])
def test_null_is_blank_unless_it_is_quoted(read_yaml: Callable, text: str) -> None:
    assert read_yaml(f"- url: u\n  x: {text}\n").cells == [["u", ""]]
    assert read_yaml(f"- url: u\n  x: '{text}'\n").cells == [["u", text]]


def test_tags_are_ignored(read_yaml: Callable) -> None:
    content = "- url: u\n  x: !!python/object/apply:os.system [echo]\n  y: !!binary aGk=\n"
    assert read_yaml(content).cells == [["u", "echo", "aGk="]]


def test_nested_records_are_read(read_yaml: Callable) -> None:
    content = (
        "title: Far\nfeed:\n  - name: Near\n    items:\n      - url: u\n      - url: v\n"
        "        name: Own\n  - items:\n    - url: w\n"
    )
    found = read_yaml(content)
    assert found.form == "YAML, records at feed.items"
    assert found.header == ["url", "name", "feed.name", "title"]
    assert found.rows == [
        (5, ["u", "Near", "", ""]),
        (6, ["v", "Own", "Near", ""]),
        (9, ["w", "", "", "Far"]),
    ]


def test_the_user_can_name_an_array(read_yaml: Callable) -> None:
    content = "a:\n- url: u\nb:\n- url: v\n"
    with pytest.raises(ManifestError, match="more than one array") as caught:
        read_yaml(content)
    assert caught.value.hint == "Choose one: records='a', records='b'"
    assert read_yaml(content, records="b").cells == [["v"]]


def test_several_documents_are_read(read_yaml: Callable) -> None:
    assert read_yaml("---\n- url: u\n---\n- url: v\n...\n").rows == [(2, ["u"]), (4, ["v"])]


def test_anchors_of_texts_and_merged_objects_are_read(read_yaml: Callable) -> None:
    content = (
        "common: &common {extension: mp4, team: &team A}\n"
        "other: &other {extension: mov, note: n}\n"
        "videos:\n"
        "- {<<: *common, url: u, team: B}\n"
        "- {<<: [*common, *other], url: v}\n"
        "- {url: w, team: *team}\n"
    )
    found = read_yaml(content)
    assert found.header == ["url", "team", "extension", "note"]
    assert found.cells == [["u", "B", "mp4", ""], ["v", "A", "mp4", "n"], ["w", "A", "", ""]]


@pytest.mark.parametrize(
    "content",
    [
        "- &a [x, y]\n- url: u\n  x: *a\n",
        "- &a {x: y}\n- url: u\n  x: *a\n",
        "- url: u\n  x: *a\n",
        "- &a {x: [*a]}\n- url: u\n",
        "- &a {x: [1]}\n- {<<: *a, url: u}\n",
        "- &a {x: {y: z}}\n- {<<: [*a], url: u}\n",
        "- {<<: [x], url: u}\n",
    ],
)
def test_yaml_that_could_fill_the_memory_is_refused(read_yaml: Callable, content: str) -> None:
    with pytest.raises(ManifestError, match=r"is no YAML on line \d, column \d+: "):
        read_yaml(content)


def test_a_repeated_key_is_a_fault_of_its_record(read_yaml: Callable) -> None:
    assert read_yaml("- url: u\n  url: v\n- url: w\n").faults == {1: "repeated-key"}


@pytest.mark.parametrize(
    "content", ["v:\n- url: u\nv:\n- url: w\n", "- x: 1\n- x: 1\n  x: 2\n  v:\n  - url: u\n"]
)
def test_a_repeated_key_outside_the_records_is_refused(read_yaml: Callable, content: str) -> None:
    with pytest.raises(ManifestError, match=r"on line [23].*“[vx]” more than once"):
        read_yaml(content)


@pytest.mark.parametrize(
    ("content", "place"),
    [
        ("- url: u\n- url: [v\n", "line 3, column 1"),
        ("- url: u\n\t- url: v\n", "line 2, column 1"),
        ("- url: u\n  title: a: b\n", "line 2, column 11"),
        ("- url: u\n- title: a\x01b\n", "line 2: the character U+0001"),
        ("- url: u\n? [a]\n: b\n", "line 2, column 1"),
        ("- ? [a]\n  : b\n", "line 1, column 5: a key must be a text"),
    ],
)
def test_invalid_yaml_is_refused_with_its_position(
    read_yaml: Callable, content: str, place: str
) -> None:
    with pytest.raises(ManifestError) as caught:
        read_yaml(content)
    assert f"is no YAML on {place}" in caught.value.message


@pytest.mark.parametrize("content", ["- [" * 3000, "a:\n" + "- " * 3000 + "x: y", "{a: " * 900])
def test_deeply_nested_yaml_is_refused(read_yaml: Callable, content: str) -> None:
    with pytest.raises(ManifestError):
        read_yaml(content)


def test_a_record_without_end_is_refused_before_it_fills_the_memory(
    read_yaml: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(yaml_reader, "MAX_CHARACTERS", 100_000)
    assert len(read_yaml("- url: u\n" * 30_000).rows) == 30_000
    with pytest.raises(ManifestError, match="a record of more than 100000 characters"):
        read_yaml("- url: u\n- title: |\n" + "    x\n" * 60_000)


@pytest.mark.parametrize(
    "content", ["---\n- url: u\n", "# note\n- url: u\n  title: t\n", "videos:\n- url: u\n"]
)
def test_yaml_is_recognized_by_its_content(read: Callable, content: str) -> None:
    assert read(content, "manifest").cells[0][0] == "u"


def test_a_url_beside_objects_is_a_fault(read_yaml: Callable) -> None:
    url = "https://h/u.mp4"
    found = read_yaml(f"- {url}\n- url: {url}1\n- 7\n- url: {url}2\n- [A, {url}3]\n")
    assert found.faults == {1: "no-object", 5: "no-object"}
    assert found.lines == [1, 2, 4, 5]
