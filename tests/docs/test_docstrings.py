"""The names under `Attributes:` and `Args:` in docstrings exist in the code."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from pages import ROOT

PACKAGE = ROOT / "batch_import"
NAMES = re.compile(r"(\w+(?:, \w+)*):(?: |$)")
INDENT = 4
#: Methods whose parameters the docstring of their class describes.
CONSTRUCTORS = {"__init__", "__new__"}


def documented(node: ast.AST, heading: str) -> set[str]:
    """The names under a heading of a docstring."""
    doc = ast.get_docstring(node) or ""  # type: ignore[arg-type]
    _, _, section = f"\n{doc}\n".partition(f"\n{heading}:\n")
    names: set[str] = set()
    for line in filter(None, section.split("\n")):
        indent = len(line) - len(line.lstrip())
        if not indent:
            break
        if indent == INDENT and (found := NAMES.match(line.strip())):
            names.update(found[1].split(", "))
    return names


def parameters(node: ast.FunctionDef) -> set[str]:
    given = node.args
    every = [*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg]
    return {each.arg for each in every if each}


def attributes(node: ast.ClassDef) -> Iterator[str]:
    """The fields, class constants, properties, and what methods assign to `self`."""
    for each in ast.walk(node):
        match each:
            case ast.FunctionDef(name=name) | ast.AnnAssign(target=ast.Name(id=name)):
                yield name
            case ast.Attribute(value=ast.Name(id="self"), attr=name, ctx=ast.Store()):
                yield name


def wrong_names(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        wrong: set[str] = set()
        if isinstance(node, ast.FunctionDef):
            wrong = documented(node, "Args") - parameters(node)
        elif isinstance(node, ast.ClassDef):
            known = set(attributes(node))
            accepted = {
                name
                for each in node.body
                if isinstance(each, ast.FunctionDef) and each.name in CONSTRUCTORS
                for name in parameters(each)
            }
            wrong = documented(node, "Attributes") - known
            wrong |= documented(node, "Args") - (accepted or known)
        yield from (f"{path.name}, {node.name}: {name}" for name in sorted(wrong))  # type: ignore[attr-defined]


def test_every_documented_name_exists() -> None:
    assert [name for path in PACKAGE.rglob("*.py") for name in wrong_names(path)] == []


def test_a_name_that_does_not_exist_is_found(tmp_path: Path) -> None:
    path = tmp_path / "module.py"
    path.write_text(
        'class Thing:\n    """One.\n\n    Attributes:\n        size, old: both.\n    """\n\n'
        '    size: int = 0\n\n    def cut(self, at: int) -> None:\n        """Cut.\n\n'
        '        Args:\n            at: where.\n            place: where.\n        """\n'
    )
    assert list(wrong_names(path)) == ["module.py, Thing: old", "module.py, cut: place"]
