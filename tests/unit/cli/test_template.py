"""The configuration file that is there to be filled in."""

import re
from pathlib import Path

import pytest

from batch_import.cli.configuration_file import read_config
from batch_import.cli.options import OPTIONS
from batch_import.cli.template import config_template
from batch_import.configuration.declaration import Setting
from batch_import.errors import UsageError

KEY = re.compile(r"^#([a-z-]+):", re.MULTILINE)
KEYS = [option for option in OPTIONS.values() if option.name != "config"]


def test_it_sets_nothing_and_lists_every_option(tmp_path: Path) -> None:
    path = tmp_path / "batch-import.yaml"
    path.write_text(config_template(), encoding="utf-8")
    assert read_config(path) == {}
    assert sorted(KEY.findall(config_template())) == sorted(option.key for option in KEYS)
    assert max(map(len, config_template().splitlines())) <= 100


@pytest.mark.parametrize("option", KEYS, ids=lambda option: option.name)
def test_a_key_without_its_mark_is_the_default_or_asks_for_a_value(
    option: Setting, tmp_path: Path
) -> None:
    path = tmp_path / "batch-import.yaml"
    text = config_template().replace(f"\n#{option.key}:", f"\n{option.key}:")
    if option.multiple:
        # Its example is no value of its own.
        text = text.replace(f"\n{option.key}:\n# ", f"\n{option.key}:\n ")
    path.write_text(text, encoding="utf-8")
    if option.default is None and not option.multiple:
        with pytest.raises(UsageError, match="exactly one value belongs here"):
            read_config(path)
        return
    if option.name == "allow":
        with pytest.raises(UsageError, match="'CODE' is not the code of a problem"):
            read_config(path)
        return
    value = read_config(path)[option.name].value
    if option.multiple:
        assert value == [option.value_type.metavar]
    elif isinstance(value, str):
        assert option.value_type.parse(value) == option.default
    else:
        assert value == option.default


def test_what_is_set_is_read_again_as_it_was(tmp_path: Path) -> None:
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
    assert KEY.findall(path.read_text(encoding="utf-8")).count("rate") == 0
