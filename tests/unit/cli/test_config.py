"""The configuration file: what it may hold, what wins, and what each mistake is called."""

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from batch_import.entries import read_entries
from hypothesis import given
from hypothesis import strategies as st

from batch_import.cli import config
from batch_import.cli.config import DEFAULT, FLAG, Told, in_force, read_config
from batch_import.cli.options import OPTIONS
from batch_import.errors import UsageError

BY_NAME = {option.name: option for option in OPTIONS}


@pytest.fixture
def read(tmp_path: Path) -> Callable[[str], dict[str, Told]]:
    def write(text: str) -> dict[str, Told]:
        path = tmp_path / "c.yaml"
        path.write_text(text, encoding="utf-8")
        return read_config(path)

    return write


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("rate: 20", "rate", 20.0),
        ("workers: 3", "workers", 3),
        ("poll-interval: 10 # s", "poll-interval", 10.0),
        ("preflight: true", "preflight", True),
        ("strict: off", "strict", False),
        ("embed-titles: no", "embed-titles", False),
        ("sheet: 2024", "sheet", "2024"),
        ("sheet: 'no'", "sheet", "no"),
        ("job: jobs/a", "job", Path("jobs/a")),
        ("player-key: ''", "player-key", ""),
        ("when-unsure: retry", "when-unsure", "retry"),
        ("api-base: https://h.test/api/", "api-base", "https://h.test/api"),
        ("map: {sourceUrl: Video Link, filename: 'A=B'}", "map",
         ["sourceUrl=Video Link", "filename=A=B"]),
        ("map:\n- sourceUrl=Link\n- filename: Name", "map", ["sourceUrl=Link", "filename=Name"]),
        ("map: sourceUrl=Link", "map", ["sourceUrl=Link"]),
        ("default:\n  extension: mp4", "default", ["extension=mp4"]),
        ("format: [csv, html]", "format", ["csv", "html"]),
        ("format: csv, html", "format", ["csv", "html"]),
        ("columns: [id, ~, sourceUrl]", "columns", "id,,sourceUrl"),
        ("results-columns: [embedCode, referenceId]", "results-columns", "embedCode,referenceId"),
        ("results-columns: ''", "results-columns", ""),
        ("results-columns: {embedCode: Embed code}", "results-columns", "embedCode=Embed code"),
        ("results-columns:\n- embedCode: Code, to paste\n- key", "results-columns",
         '"embedCode=Code, to paste",key'),
        ("knob: {processing: [5, 60], queued: true}", "knob",
         ["processing=[5, 60]", "queued=true"]),
    ],
)  # fmt: skip
def test_values_are_read_as_those_of_flags(
    read: Callable, text: str, name: str, value: object
) -> None:
    told = read(f"# comment\n{text}\n")
    assert (list(told), told[name].value) == ([name], value)
    assert told[name].origin.endswith("c.yaml, line 2")


def test_an_empty_file_says_nothing(read: Callable) -> None:
    assert read("") == read("# rate: 5\n---\n") == {}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("rte: 20", "line 1: 'rte' is no option. Did you mean: rate?"),
        ("poll_interval: 20", "Did you mean: poll-interval?"),
        ("Results-Column: 20", "Did you mean: results-columns?"),
        ("zzz: 1", "'zzz' is no option. The options are those of: batch-import config"),
        ("config: x.yaml", "'config' is no option."),
        ("<<: {rate: 1}", "'<<' is no option."),
        ("rate: fast", "line 1: rate: 'fast' is not a number above 0."),
        ("rate: 0", "rate: '0' is not a number above 0."),
        ("seed: 1\nworkers: x", "line 2: workers: 'x' is not"),
        ("workers: 1\nrate: 2\nworkers: 3", "line 3: this key stands on line 1 already."),
        ("rate:", "rate: exactly one value belongs here."),
        ("rate: [1, 2]", "rate: exactly one value belongs here."),
        ("rate: {a: b}", "rate: exactly one value belongs here."),
        ("preflight: maybe", "preflight: 'maybe' is neither true nor false."),
        ("when-unsure: guess", "when-unsure: 'guess' is not one of hold, retry."),
        ("format: [csv, pdf]", "format: 'pdf' is not one of csv, xlsx, html."),
        ("format: []", "format: '' is not one of"),
        ("map: sourceUrl", "map: 'sourceUrl' is not of the form NAME=VALUE."),
        ("map: {sourceUrl: ''}", "map: 'sourceUrl=' is not of the form"),
        ("map: {sourceUrl: ~}", "map: exactly one value belongs here."),
        ("map: {a=b: c}", "map: 'a=b' has an = in it."),
        ("map: {a: b, a: c}", "this key stands on line 1 already."),
        ("map: [[a]]", "map: exactly one value belongs here."),
        ("map:", "map: exactly one value belongs here."),
        ('columns: "a\\nb"', "columns: 'a\\nb' has a line break in it."),
        ('job: "a\\0b"', "holds a character that is none."),
        ('job: "\\ud800"', "holds a character that is none."),
        ("api-base: http://h.test", "api-base: it would send your API key unencrypted"),
        ("credentials: {access-key: a}", "credentials: exactly one value belongs here."),
        ("- rate", "line 1: this is no mapping."),
        ("rate", "line 1: this is no mapping."),
        ("? [a]\n: b", "line 1: a key must be a text."),
        ("rate: 5\n\tworkers: 6", "is no YAML on line 2"),
        ("rate: 5\n---\nrate: 6", "is no YAML on line"),
        ("rate: *x", "is no YAML on line 1, column 7."),
        ("rate: \x07", "is no YAML"),
        ('sheet: "\\UFFFFFFFF"', "is no YAML"),
        ("%YAML " + "9" * 5000 + ".1\n--- x", "is no YAML"),
        ("a: " + "[" * 5000, "is no YAML"),
        ("a: &a [*a]", "'a' is no option."),
        ("rate: &a [*a]", "rate: exactly one value belongs here."),
    ],
)  # fmt: skip
def test_each_mistake_has_its_line_and_its_words(read: Callable, text: str, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        read(text)
    assert words in str(caught.value)
    assert "c.yaml" in str(caught.value)


@pytest.mark.parametrize(
    "key",
    ["access-key", "api-key", "API_KEY", "apikey", "VIOSTREAM_ACCESS_KEY", "password", "Token"],
)
def test_credentials_are_refused_and_not_shown(read: Callable, key: str) -> None:
    with pytest.raises(UsageError, match=r"line 2: credentials do not belong here") as caught:
        read(f"rate: 5\n{key}: s3cret\n")
    assert "s3cret" not in str(caught.value)
    assert "credentials: FILE" in caught.value.hint


def test_a_file_in_another_encoding_is_said(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("rate: 5", encoding="utf-16")
    with pytest.raises(UsageError, match=r"c.yaml is not in UTF-8\. Save it as UTF-8\."):
        read_config(path)
    path.write_text("rate: 5", encoding="utf-8-sig")
    assert read_config(path)["rate"].value == 5


def test_only_the_usual_file_may_be_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert read_config(None) == {}
    with pytest.raises(UsageError, match=r"batch-import.yaml cannot be read: No such file"):
        read_config(config.CONFIG)
    config.CONFIG.mkdir()
    with pytest.raises(UsageError, match=r"batch-import.yaml cannot be read: Is a directory"):
        read_config(None)


def test_flags_win_over_the_environment_over_the_file_over_the_default() -> None:
    option = BY_NAME["embed-base"]
    layers: list[tuple[str, dict[str, Any]]] = [
        (FLAG, {"flags": {"embed_base": "flag"}}),
        ("VIOSTREAM_EMBED_BASE", {"environ": {"VIOSTREAM_EMBED_BASE": "https://e.test/"}}),
        ("c.yaml, line 1", {"in_file": {"embed-base": Told("file", "c.yaml, line 1")}}),
        (DEFAULT, {}),
    ]
    for strongest, (origin, _) in enumerate(layers):
        given_: dict[str, Any] = {"flags": {}, "environ": {}, "in_file": {}}
        for _, layer in layers[strongest:]:
            given_ |= layer
        assert in_force([option], **given_)["embed-base"].origin == origin


def test_a_variable_that_is_wrong_or_empty() -> None:
    option = BY_NAME["api-base"]
    told = in_force([option], {}, {}, {"VIOSTREAM_API_BASE": ""})["api-base"]
    assert told.origin == DEFAULT
    with pytest.raises(UsageError, match="VIOSTREAM_API_BASE: it is no base URL: 'nonsense'"):
        in_force([option], {}, {}, {"VIOSTREAM_API_BASE": "nonsense"})


def test_a_flag_replaces_all_that_the_file_says_of_its_option() -> None:
    in_file = {"map": Told(["sourceUrl=A", "filename=B"], "c.yaml, line 1")}
    told = in_force([BY_NAME["map"]], {"map": ["sourceUrl=C"]}, in_file, {})
    assert told["map"].value == ["sourceUrl=C"]


yaml_like = st.text(st.sampled_from(list("rate: map-{}[],&*!|>'\"#%@\n\t\\x0u?=~<\x85\ufeff")))


beginning = st.sampled_from(["", *(f"{name}: " for name in BY_NAME)])


@given(st.builds(str.__add__, beginning, yaml_like | st.text()))
def test_no_text_gives_a_traceback(text: str) -> None:
    with contextlib.suppress(UsageError):
        for entry in read_entries("c.yaml", text.encode("utf-8", "surrogatepass")):
            config._value("c.yaml", entry)  # noqa: SLF001
