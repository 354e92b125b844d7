"""Generates the reference of the JSON outputs: the type and the meaning of each key.

The types are read from the committed texts of `tests/golden/commands/`, which the tests compare
with the real outputs. The meanings are in `json_keys.yaml`, beside this module.
"""

import re
from pathlib import Path
from typing import Final

import yaml

from generate.markdown import literal, table

_MEANINGS: Final = Path(__file__).with_name("json_keys.yaml")
_GOLDEN: Final = Path(__file__).parents[2] / "tests/golden/commands"


def json_output() -> str:
    """Return the Markdown of a table of keys for each JSON output.

    Raises:
        ValueError: an output or a key has no meaning, or a meaning has no output or key.
    """
    meanings = yaml.safe_load(_MEANINGS.read_text(encoding="utf-8"))
    shapes = _shapes()
    if set(shapes) != set(meanings):
        raise ValueError(f"json_keys.yaml: {set(shapes) ^ set(meanings)} is not in both.")
    return "\n\n".join(
        f"## {name}\n\n{described['about']}\n\n" + _shape(name, shapes[name], described["keys"])
        for name, described in meanings.items()
    )


def _shapes() -> dict[str, dict[str, set[str]]]:
    """Return name of an output → path of a key → types of its values.

    If several tests have the same output, their keys and types are merged.
    """
    shapes: dict[str, dict[str, set[str]]] = {}
    for path in sorted(_GOLDEN.glob("*.txt")):
        for section in path.read_text(encoding="utf-8").split("\n\n"):
            title, *lines = section.removeprefix("# ").splitlines()
            if not title.endswith(", its shape"):
                continue
            command = re.match(r"(\w+(?: ROW)?)\b.* --json|(\w+ ROW --json)", title)
            name = f"{command[1] or command[2]} --json" if command else title.split(",")[0]
            shape = shapes.setdefault(name, {})
            for line in lines:
                key, _, types = line.rpartition(": ")
                shape.setdefault(key, set()).update(types.split(" or "))
    return shapes


def _shape(name: str, shape: dict[str, set[str]], meanings: dict[str, str]) -> str:
    rows: dict[str, set[str]] = {}
    for path, types in shape.items():
        key = path.replace("?", "")
        matching = [key]
        if key not in meanings:
            matching = [pattern for pattern in meanings if _matches(pattern, key)]
        if not matching:
            raise ValueError(f"json_keys.yaml: {name}: {key} has no meaning.")
        rows.setdefault(matching[0], set()).update(types)
    if unused := set(meanings) - set(rows):
        raise ValueError(f"json_keys.yaml: {name}: there is no key {unused}.")
    return table(
        ("key", "type", "meaning"),
        (
            (literal(key.replace(".[]", "[]")), " or ".join(sorted(rows[key])), meanings[key])
            for key in meanings
        ),
    )


def _matches(pattern: str, key: str) -> bool:
    """Whether a pattern of `json_keys.yaml` matches a key; `<…>` in the pattern is any name."""
    fixed_parts = re.split(r"<[^>]*>", pattern)
    return bool(re.fullmatch("[^.]+".join(map(re.escape, fixed_parts)), key))
