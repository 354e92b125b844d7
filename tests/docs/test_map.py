"""The map in CONTRIBUTING.md is that of the tree."""

import re
from pathlib import Path

from pages import ROOT, Page

PACKAGE = ROOT / "batch_import"


def mapped() -> set[str]:
    """The names of files in the map."""
    blocks = Page(ROOT / "CONTRIBUTING.md").blocks
    (shown,) = (block.text for block in blocks if block.text.startswith("batch_import/\n"))
    return set(re.findall(r"\w+\.(?:py|sql|html|css|js)\b", shown))


def names(paths: list[Path]) -> set[str]:
    return {path.name for path in paths} - {"__init__.py"}


def test_every_module_stands_in_the_map() -> None:
    # `rules/` has a line for the whole of it: its files are named after the fields.
    modules = [path for path in PACKAGE.rglob("*.py") if path.parent.name != "rules"]
    assert names(modules) <= mapped()


def test_every_file_in_the_map_exists() -> None:
    assert mapped() <= names(list(PACKAGE.rglob("*.*")))
