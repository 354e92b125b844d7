"""The configuration file that is there to be filled in."""

import re
from pathlib import Path

import pytest
from batch_import.cli.config_template import config_template

from batch_import.cli.config import read_config
from batch_import.cli.options import OPTIONS
from batch_import.errors import UsageError

KEY = re.compile(r"^#([a-z-]+):", re.MULTILINE)
KEYS = [option for option in OPTIONS if option.name != "config"]


def test_it_sets_nothing_and_lists_every_option(tmp_path: Path) -> None:
    path = tmp_path / "batch-import.yaml"
    path.write_text(config_template(), encoding="utf-8")
    assert read_config(path) == {}
    assert KEY.findall(config_template()) == [option.name for option in KEYS]
    assert max(map(len, config_template().splitlines())) <= 100


@pytest.mark.parametrize("option", KEYS, ids=lambda option: option.name)
def test_a_key_without_its_mark_is_the_default_or_asks_for_a_value(
    option: object, tmp_path: Path
) -> None:
    (found,) = (each for each in KEYS if each is option)
    path = tmp_path / "batch-import.yaml"
    text = config_template().replace(f"\n#{found.name}:", f"\n{found.name}:")
    if found.kind == "list":
        # Its example is no value of its own.
        text = text.replace(f"\n{found.name}:\n# ", f"\n{found.name}:\n ")
    path.write_text(text, encoding="utf-8")
    if found.default is None and found.kind in ("value", "commas"):
        with pytest.raises(UsageError, match="exactly one value belongs here"):
            read_config(path)
        return
    value = read_config(path)[found.name].value
    if found.kind == "list":
        assert value == [found.parse(str(found.metavar))]
    else:
        assert (tuple(value) if isinstance(value, list) else value) == (found.default or value)
