"""Compares texts with committed files. `python tests/golden/update.py` writes the files again."""

import os
from pathlib import Path
from typing import Final

_FOLDER = Path(__file__).parent
#: Environment variable that update.py sets: the texts are written instead of compared.
UPDATE = "UPDATE_GOLDEN"


def compare(name: str, text: str) -> None:
    """Fail unless a text equals the committed one.

    Args:
        name: path of the committed file in this folder, such as `commands/run.txt`.
    """
    path = _FOLDER / name
    if os.environ.get(UPDATE):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    committed = path.read_text(encoding="utf-8") if path.is_file() else ""
    # As lists of lines, so that pytest shows the first line that differs.
    assert text.splitlines() == committed.splitlines(), (
        f"{name} differs; if this is intended: python tests/golden/update.py"
    )


def shape(value: object) -> list[str]:
    """Return the paths of a JSON value with the types of their values, as sorted lines.

    All items of an array have the same path, `[]`. A key is followed by `?` if not all objects of
    the array have it. Objects and arrays that are not empty have no line of their own.
    """
    types: dict[tuple[str, ...], set[str]] = {}
    _collect_types(value, (), types)
    return [
        f"{'.'.join(path) or '.'}: {' or '.join(sorted(path_types))}"
        for path, path_types in sorted(types.items())
        if not path_types <= {"object", "array"} or not _has_children(path, types)
    ]


def _has_children(path: tuple[str, ...], types: dict[tuple[str, ...], set[str]]) -> bool:
    return any(len(other) > len(path) and other[: len(path)] == path for other in types)


def _collect_types(
    value: object, path: tuple[str, ...], types: dict[tuple[str, ...], set[str]]
) -> None:
    """Add the types of a value, and of all values inside of it, to `types`."""
    types.setdefault(path, set()).add(_TYPE_NAMES[type(value)])
    if isinstance(value, dict):
        for key, inner in value.items():
            _collect_types(inner, (*path, key), types)
    elif isinstance(value, list):
        objects = [item for item in value if isinstance(item, dict)]
        for item in value:
            marked = _mark_optional_keys(item, objects) if isinstance(item, dict) else item
            _collect_types(marked, (*path, "[]"), types)


def _mark_optional_keys(
    item: dict[str, object], objects: list[dict[str, object]]
) -> dict[str, object]:
    """Return an object in which `?` follows each key that not all of the objects have."""
    common_keys = {key for key in item if all(key in other for other in objects)}
    return {key if key in common_keys else f"{key}?": inner for key, inner in item.items()}


_TYPE_NAMES: Final = {
    dict: "object",
    list: "array",
    str: "text",
    int: "integer",
    float: "number",
    bool: "boolean",
    type(None): "null",
}
