"""Every configuration file that a page shows can be read."""

from pathlib import Path

from pages import USERS_PAGES

from batch_import.cli.configuration_file import read_config
from batch_import.cli.options import OPTIONS

KEYS = tuple(f"{option.key}:" for option in OPTIONS.values())


def test_every_configuration_shown_is_read(tmp_path: Path) -> None:
    blocks = [block for page in USERS_PAGES for block in page.blocks]
    shown = [block.text for block in blocks if block.text.startswith(KEYS)]
    assert shown
    for number, text in enumerate(shown):
        path = tmp_path / f"{number}.yaml"
        path.write_text(text, encoding="utf-8")
        assert read_config(path), text
