"""The configuration file that `configure` writes."""

from pathlib import Path

from batch_import.cli.configuration_file import read_config
from batch_import.cli.template import config_template


def test_the_template_sets_nothing_and_names_the_command_that_lists_all_options(
    tmp_path: Path,
) -> None:
    path = tmp_path / "batch-import.yaml"
    path.write_text(config_template(), encoding="utf-8")
    assert read_config(path) == {}
    assert "batch-import config" in config_template()
    assert max(map(len, config_template().splitlines())) <= 100


def test_the_example_in_the_template_is_a_valid_option(tmp_path: Path) -> None:
    path = tmp_path / "batch-import.yaml"
    path.write_text(config_template().replace("\n#rate:", "\nrate:"), encoding="utf-8")
    assert read_config(path)["rate"].value == "20"


def test_values_in_the_template_are_read_unchanged(tmp_path: Path) -> None:
    path = tmp_path / "batch-import.yaml"
    values = {
        "map": {"sourceUrl": "Video: Link #1", "referenceId": ""},
        "columns": ["a", "b,c"],
        "sheet": "true",
        "strict": True,
        "allow": ["url-page"],
        "rate": "20",
    }
    path.write_text(config_template(values), encoding="utf-8")
    found = {name: entry.value for name, entry in read_config(path).items()}
    assert found == {
        **values,
        "map": ["sourceUrl=Video: Link #1", "referenceId="],
        "columns": 'a,"b,c"',
    }
    keys = [line for line in config_template(values).splitlines() if line[:1] not in ("#", " ", "")]
    assert len([line for line in keys if not line.startswith("-")]) == len(values)
