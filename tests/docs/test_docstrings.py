"""The names under `Attributes:` and `Args:` in docstrings exist in the code."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from pages import ROOT

PACKAGE = ROOT / "batch_import"
#: The names before the colon in a line such as `size, form: description`.
NAMES = re.compile(r"(\w+(?:, \w+)*):(?: |$)")
#: Number of spaces before a documented name.
INDENT = 4
#: Methods whose parameters the docstring of their class describes.
CONSTRUCTORS = {"__init__", "__new__"}


def documented(node: ast.AST, heading: str) -> set[str]:
    """Return the names under a heading of a docstring."""
    doc = ast.get_docstring(node) or ""  # type: ignore[arg-type]
    _, _, section = f"\n{doc}\n".partition(f"\n{heading}:\n")
    names: set[str] = set()
    for line in filter(None, section.split("\n")):
        indent = len(line) - len(line.lstrip())
        if not indent:
            break
        match = NAMES.match(line.strip())
        if indent == INDENT and match:
            names.update(match[1].split(", "))
    return names


def parameters(node: ast.FunctionDef) -> set[str]:
    """Return the names of a function's parameters, with those of `*args` and `**kwargs`."""
    args = node.args
    all_args = [*args.posonlyargs, *args.args, *args.kwonlyargs, args.vararg, args.kwarg]
    return {arg.arg for arg in all_args if arg}


def attributes(node: ast.ClassDef) -> Iterator[str]:
    """Yield the names of fields, class constants, properties, and attributes set by methods."""
    for child in ast.walk(node):
        match child:
            case ast.FunctionDef(name=name) | ast.AnnAssign(target=ast.Name(id=name)):
                yield name
            case ast.Attribute(value=ast.Name(id="self"), attr=name, ctx=ast.Store()):
                yield name


def wrong_names(path: Path) -> Iterator[str]:
    """Yield the documented names of a module that do not exist in its code."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        wrong: set[str] = set()
        if isinstance(node, ast.FunctionDef):
            wrong = documented(node, "Args") - parameters(node)
        elif isinstance(node, ast.ClassDef):
            existing = set(attributes(node))
            constructor_parameters = {
                name
                for method in node.body
                if isinstance(method, ast.FunctionDef) and method.name in CONSTRUCTORS
                for name in parameters(method)
            }
            wrong = documented(node, "Attributes") - existing
            # The constructor of a dataclass or a NamedTuple takes the class's fields.
            wrong |= documented(node, "Args") - (constructor_parameters or existing)
        yield from (f"{path.name}, {node.name}: {name}" for name in sorted(wrong))  # type: ignore[attr-defined]


def test_every_documented_name_exists() -> None:
    assert [name for path in PACKAGE.rglob("*.py") for name in wrong_names(path)] == []


def test_a_documented_name_that_does_not_exist_is_found(tmp_path: Path) -> None:
    path = tmp_path / "module.py"
    path.write_text(
        'class Thing:\n    """One.\n\n    Attributes:\n        size, old: both.\n    """\n\n'
        '    size: int = 0\n\n    def cut(self, at: int) -> None:\n        """Cut.\n\n'
        '        Args:\n            at: where.\n            place: where.\n        """\n'
    )
    assert list(wrong_names(path)) == ["module.py, Thing: old", "module.py, cut: place"]
