"""The map in CONTRIBUTING.md, its list of modules, has the same files as the package."""

import re
from pathlib import Path

from pages import ROOT, Page

PACKAGE = ROOT / "batch_import"


def names_in_map() -> set[str]:
    """Return the names of the files in the map."""
    blocks = Page(ROOT / "CONTRIBUTING.md").blocks
    (map_text,) = (block.text for block in blocks if block.text.startswith("batch_import/\n"))
    return set(re.findall(r"\w+\.(?:py|sql|html|css|js)\b", map_text))


def file_names(paths: list[Path]) -> set[str]:
    return {path.name for path in paths} - {"__init__.py"}


def test_every_module_is_in_the_map() -> None:
    # `rules/` has one line in the map: its files are named after the fields.
    modules = [path for path in PACKAGE.rglob("*.py") if path.parent.name != "rules"]
    assert file_names(modules) <= names_in_map()


def test_every_file_in_the_map_exists() -> None:
    assert names_in_map() <= file_names(list(PACKAGE.rglob("*.*")))
