"""Texts that are committed and compared. `python tests/golden/update.py` writes them anew."""

import os
from pathlib import Path
from typing import Final

_FOLDER = Path(__file__).parent
#: Set by update.py: write the texts instead of comparing them.
UPDATE = "UPDATE_GOLDEN"


def compare(name: str, text: str) -> None:
    """Fail unless a text equals the committed one.

    Args:
        name: of the committed file, from this folder on, e.g. `commands/run.txt`.
    """
    path = _FOLDER / name
    if os.environ.get(UPDATE):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    committed = path.read_text(encoding="utf-8") if path.is_file() else ""
    # Lists, so that pytest names the first line that differs.
    assert text.splitlines() == committed.splitlines(), (
        f"{name} differs; if that is meant: python tests/golden/update.py"
    )


def shape(value: object) -> list[str]:
    """The paths of a JSON value, each with the types found there, sorted; no values.

    The items of an array have one path, `[]`; `?` follows a key that not all objects there have.
    An object or array that holds something has no line of its own.
    """
    types: dict[tuple[str, ...], set[str]] = {}
    _note(value, (), types)
    return [
        f"{'.'.join(path) or '.'}: {' or '.join(sorted(found))}"
        for path, found in sorted(types.items())
        if not found <= {"object", "array"} or not _holds(path, types)
    ]


def _holds(path: tuple[str, ...], types: dict[tuple[str, ...], set[str]]) -> bool:
    return any(len(other) > len(path) and other[: len(path)] == path for other in types)


def _note(value: object, path: tuple[str, ...], types: dict[tuple[str, ...], set[str]]) -> None:
    types.setdefault(path, set()).add(_NAMES[type(value)])
    if isinstance(value, dict):
        for key, inner in value.items():
            _note(inner, (*path, key), types)
    elif isinstance(value, list):
        objects = [item for item in value if isinstance(item, dict)]
        for item in value:
            known = _marked(item, objects) if isinstance(item, dict) else item
            _note(known, (*path, "[]"), types)


def _marked(item: dict[str, object], objects: list[dict[str, object]]) -> dict[str, object]:
    everywhere = {key for key in item if all(key in other for other in objects)}
    return {key if key in everywhere else f"{key}?": inner for key, inner in item.items()}


_NAMES: Final = {
    dict: "object",
    list: "array",
    str: "text",
    int: "integer",
    float: "number",
    bool: "boolean",
    type(None): "null",
}
