"""The configuration file: what it may contain, and the error for each mistake."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_import.cli import configuration_file
from batch_import.cli.configuration_file import FileValue, read_config
from batch_import.cli.options import OPTIONS
from batch_import.configuration.yaml_settings import read_entries
from batch_import.errors import UsageError


@pytest.fixture
def read(tmp_path: Path) -> Callable[[str], dict[str, FileValue]]:
    def write(text: str) -> dict[str, FileValue]:
        path = tmp_path / "c.yaml"
        path.write_text(text, encoding="utf-8")
        return read_config(path)

    return write


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("rate: 20", "rate", "20"),
        ("workers: 3", "workers", "3"),
        ("poll-interval: 10 # s", "poll_interval", "10"),
        ("preflight: true", "preflight", True),
        ("strict: off", "strict", False),
        ("embed-titles: no", "embed_titles", False),
        ("sheet: 2024", "sheet", "2024"),
        ("sheet: 'no'", "sheet", "no"),
        ("job: jobs/a", "job", "jobs/a"),
        ("player-key: ''", "player_key", ""),
        ("when-unsure: retry", "when_unsure", "retry"),
        ("api-base: https://h.test/api/", "api_base", "https://h.test/api/"),
        ("map: {sourceUrl: Video Link, filename: 'A=B'}", "map",
         ["sourceUrl=Video Link", "filename=A=B"]),
        ("map:\n- sourceUrl=Link\n- filename: Name", "map", ["sourceUrl=Link", "filename=Name"]),
        ("map: sourceUrl=Link", "map", ["sourceUrl=Link"]),
        ("default:\n  extension: mp4", "default", ["extension=mp4"]),
        ("format: [csv, html]", "format", "csv,html"),
        ("format: csv, html", "format", "csv, html"),
        ("columns: [id, ~, sourceUrl]", "columns", "id,,sourceUrl"),
        ("results-columns: [embedCode, referenceId]", "results_columns", "embedCode,referenceId"),
        ("results-columns: ''", "results_columns", ""),
        ("results-columns: {embedCode: Embed code}", "results_columns", "embedCode=Embed code"),
        ("results-columns:\n- embedCode: Code, to paste\n- key", "results_columns",
         '"embedCode=Code, to paste",key'),
        ("knob: {processing: [5, 60], queued: true}", "knob",
         ["processing=[5, 60]", "queued=true"]),
    ],
)  # fmt: skip
def test_values_are_parsed_as_on_the_command_line(
    read: Callable, text: str, name: str, value: object
) -> None:
    found = read(f"# comment\n{text}\n")
    assert (list(found), found[name].value) == ([name], value)
    assert found[name].position.endswith("c.yaml, line 2")


def test_an_empty_file_has_no_values(read: Callable) -> None:
    assert read("") == read("# rate: 5\n---\n") == {}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("rte: 20", "line 1: 'rte' is not an option. Did you mean 'rate'?"),
        ("poll_interval: 20", "Did you mean 'poll-interval'?"),
        ("Results-Column: 20", "Did you mean 'results-columns'?"),
        ("zzz: 1", "'zzz' is not an option. batch-import config lists the options."),
        ("config: x.yaml", "'config' is not an option."),
        ("<<: {rate: 1}", "'<<' is not an option."),
        ("rate: fast", "line 1: rate: 'fast' is not a number from 0.001 to 10,000."),
        ("rate: 0", "rate: '0' is not a number from 0.001 to 10,000."),
        ("seed: 1\nworkers: x", "line 2: workers: 'x' is not"),
        ("workers: 1\nrate: 2\nworkers: 3", "line 3: this key is already on line 1."),
        ("rate:", "rate: exactly one value belongs here."),
        ("rate: [1, 2]", "rate: exactly one value belongs here."),
        ("rate: {a: b}", "rate: exactly one value belongs here."),
        ("preflight: maybe", "preflight: 'maybe' is neither true nor false."),
        ("when-unsure: guess", "when-unsure: 'guess' is not one of hold, retry."),
        ("format: [csv, pdf]", "format: 'pdf' is not one of csv, xlsx, html, cms."),
        ("format: []", "format: '' is not one of"),
        ("map: sourceUrl", "map: 'sourceUrl' is not of the form FIELD=COLUMN."),
        ("map: {'': Link}", "map: '=Link' is not of the form"),
        ("default: {filename: ''}", "default: 'filename=' is not of the form"),
        ("map: {sourceUrl: ~}", "map: exactly one value belongs here."),
        ("map: {a=b: c}", "map: 'a=b' has an = in it."),
        ("map: {a: b, a: c}", "this key is already on line 1."),
        ("map: [[a]]", "map: exactly one value belongs here."),
        ("map:", "map: exactly one value belongs here."),
        ('columns: "a\\nb"', "columns: 'a\\nb' has a line break in it."),
        ('job: "a\\0b"', "has a character that is not valid in a text."),
        ('job: "\\ud800"', "has a character that is not valid in a text."),
        ("api-base: http://h.test", "api-base: 'http://h.test' would send your"),
        ("credentials: {access-key: a}", "credentials: exactly one value belongs here."),
        ("- rate", "line 1: this is not a mapping."),
        ("rate", "line 1: this is not a mapping."),
        ("? [a]\n: b", "line 1: a key must be a text."),
        ("rate: 5\n\tworkers: 6", "is not valid YAML on line 2"),
        ("rate: 5\n---\nrate: 6", "is not valid YAML on line"),
        ("rate: *x", "is not valid YAML on line 1, column 7."),
        ("rate: \x07", "is not valid YAML"),
        ('sheet: "\\UFFFFFFFF"', "is not valid YAML"),
        ("%YAML " + "9" * 5000 + ".1\n--- x", "is not valid YAML"),
        ("a: " + "[" * 5000, "is not valid YAML"),
        ("a: &a [*a]", "'a' is not an option."),
        ("rate: &a [*a]", "rate: exactly one value belongs here."),
    ],
)  # fmt: skip
def test_each_mistake_gives_an_error_with_its_line(read: Callable, text: str, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        read(text)
    assert words in str(caught.value)
    assert "c.yaml" in str(caught.value)


@pytest.mark.parametrize(
    "key",
    ["access-key", "api-key", "API_KEY", "apikey", "VIOSTREAM_ACCESS_KEY", "password", "Token"],
)
def test_credentials_are_refused_and_not_shown(read: Callable, key: str) -> None:
    with pytest.raises(UsageError, match=r"line 2: credentials must not be in this file") as caught:
        read(f"rate: 5\n{key}: s3cret\n")
    assert "s3cret" not in str(caught.value)
    assert "credentials: FILE" in caught.value.hint


def test_the_error_for_another_encoding_names_utf_8(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("rate: 5", encoding="utf-16")
    with pytest.raises(UsageError, match=r"c.yaml is not in UTF-8\. Save it as UTF-8\."):
        read_config(path)
    path.write_text("rate: 5", encoding="utf-8-sig")
    assert read_config(path)["rate"].value == "5"


yaml_like = st.text(st.sampled_from(list("rate: map-{}[],&*!|>'\"#%@\n\t\\x0u?=~<\x85\ufeff")))


beginning = st.sampled_from(["", *(f"{option.key}: " for option in OPTIONS.values())])


@given(st.builds(str.__add__, beginning, yaml_like | st.text()))
def test_any_text_is_read_or_refused_with_a_usage_error(text: str) -> None:
    try:
        for entry in read_entries("c.yaml", text.encode("utf-8", "surrogatepass")):
            for option in OPTIONS.values():
                if option.key == entry.key:
                    configuration_file._validated_value(option, "c.yaml", "c.yaml", entry)  # noqa: SLF001
    except UsageError as refused:
        assert refused.message.startswith("c.yaml")  # noqa: PT017 - most texts are refused
