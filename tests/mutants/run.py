"""Mutants of the modules that decide: one small change each, and whether a test fails with it.

python tests/mutants/run.py --sample 100            a hundred, drawn by the seed, that were not run yet
python tests/mutants/run.py --sample 20 --only addresses

A copy of the project is changed, never the project. What was found is kept in build/mutants, by the
text of the changed module: another call goes on where the last one ended. A mutant that lives is a
missing test, or is named in `equivalent.txt`, with the reason why it changes nothing that matters.
"""  # noqa: E501

import argparse
import ast
import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
DONE = ROOT / "build" / "mutants" / "mutants.jsonl"
EQUIVALENT = Path(__file__).with_name("equivalent.txt")
SIMULATION = [f"tests/simulation/test_{name}.py" for name in ("editions", "adoption", "import")]
#: Modules that decide → the tests that must notice.
MODULES: dict[str, list[str]] = {
    "state": [
        *("tests/unit/state", "tests/golden/test_states.py", "tests/unit/importer"),
        *("tests/unit/workflows/test_editions.py", "tests/end_to_end/test_editions.py"),
    ],
    "importer/schedule": ["tests/unit/importer", *SIMULATION],
    "manifest/rules": ["tests/unit/manifest", "tests/hostile/test_linear.py"],
    "addresses": ["tests/unit/addresses", "tests/unit/manifest/rules"],
    "viostream/responses": ["tests/unit/viostream", "tests/fuzz/test_parsing.py"],
    "csv_escaping": ["tests/unit/test_csv_escaping.py", "tests/unit/manifest/test_round_trip.py"],
}
#: Seconds; a mutant that loops for ever is noticed, too.
PATIENCE = 900
_SWAPS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.And: ast.Or, ast.Or: ast.And,
}  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """One change: in a module, at a line, and the text of the module with it."""

    module: str
    line: int
    change: str
    text: str

    @property
    def name(self) -> str:
        digest = hashlib.sha256(self.text.encode()).hexdigest()[:10]
        return f"{self.module}:{self.line} {self.change} [{digest}]"


class _Changer(ast.NodeTransformer):
    """Makes the change of one number; counts all that there are."""

    def __init__(self, wanted: int) -> None:
        self.wanted = wanted
        self.seen = 0
        self.line = 0
        self.change = ""

    def _is_it(self, node: Any, change: str) -> bool:
        self.seen += 1
        if self.seen - 1 != self.wanted:
            return False
        self.line, self.change = node.lineno, change
        return True

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        self.generic_visit(node)
        for at, operator in enumerate(node.ops):
            other = _SWAPS[type(operator)]
            if self._is_it(node, f"{type(operator).__name__}→{other.__name__}"):
                node.ops[at] = other()  # type: ignore[call-overload]
        return node

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.AST:
        self.generic_visit(node)
        other = _SWAPS[type(node.op)]
        if self._is_it(node, f"{type(node.op).__name__}→{other.__name__}"):
            node.op = other()  # type: ignore[assignment]
        return node

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        other = _SWAPS.get(type(node.op))
        if other and self._is_it(node, f"{type(node.op).__name__}→{other.__name__}"):
            node.op = other()  # type: ignore[assignment]
        return node

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.op, ast.Not) and self._is_it(node, "not x→x"):
            return node.operand
        return node

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        if isinstance(node.value, bool):
            if self._is_it(node, f"{node.value}→{not node.value}"):
                return ast.copy_location(ast.Constant(not node.value), node)
        elif isinstance(node.value, int | float) and self._is_it(node, f"{node.value}→+1"):
            return ast.copy_location(ast.Constant(node.value + 1), node)
        elif isinstance(node.value, str) and " NOT " in node.value:  # noqa: SIM102
            if self._is_it(node, "NOT left out of a statement"):
                changed = node.value.replace(" NOT ", " ", 1)
                return ast.copy_location(ast.Constant(changed), node)
        return node

    def visit_Return(self, node: ast.Return) -> ast.AST:
        self.generic_visit(node)
        is_none = isinstance(node.value, ast.Constant) and node.value.value is None
        if node.value and not is_none and self._is_it(node, "return None"):
            return ast.copy_location(ast.Return(ast.Constant(None)), node)
        return node

    def visit_If(self, node: ast.If) -> ast.AST:
        self.generic_visit(node)
        if self._is_it(node, "if→never"):
            node.test = ast.copy_location(ast.Constant(value=False), node.test)
        return node


def modules(group: str) -> Iterator[Path]:
    """The files of a group: a folder, a module, or a package and the module of its name."""
    place = ROOT / "batch_import" / group
    if place.is_dir():
        yield from sorted(place.glob("*.py"))
    yield from sorted(place.parent.glob(f"{place.name}*.py"))


def mutants(group: str) -> Iterator[Mutant]:
    """All that there are of a group."""
    for path in modules(group):
        source = path.read_text(encoding="utf-8")
        counter = _Changer(-1)
        counter.visit(ast.parse(source))
        for number in range(counter.seen):
            changer = _Changer(number)
            tree = ast.fix_missing_locations(changer.visit(ast.parse(source)))
            name = path.relative_to(ROOT / "batch_import").as_posix()
            yield Mutant(name, changer.line, changer.change, ast.unparse(tree))


def is_killed(mutant: Mutant, tests: list[str], copy: Path) -> bool:
    """Whether a test fails with it."""
    path = copy / "batch_import" / mutant.module
    before = path.read_text(encoding="utf-8")
    path.write_text(mutant.text, encoding="utf-8")
    there = [test for test in tests if (copy / test).exists()]
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *there]
    environ = {**os.environ, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(
            command, cwd=copy, env=environ, capture_output=True, timeout=PATIENCE, check=False
        )
    except subprocess.TimeoutExpired:
        return True
    finally:
        path.write_text(before, encoding="utf-8")
    return done.returncode != 0


def main() -> int:
    parser = argparse.ArgumentParser(description="Mutants of the modules that decide.")
    parser.add_argument("--sample", type=int, default=100, help="how many to run now")
    parser.add_argument("--seed", type=int, default=1, help="which are drawn first")
    parser.add_argument("--only", choices=MODULES, help="of this group alone")
    options = parser.parse_args()
    groups = [options.only] if options.only else list(MODULES)
    everything = [(group, mutant) for group in groups for mutant in mutants(group)]
    random.Random(options.seed).shuffle(everything)
    DONE.parent.mkdir(parents=True, exist_ok=True)
    lines = DONE.read_text().splitlines() if DONE.exists() else []
    done = {each["name"]: each["killed"] for each in map(json.loads, lines)}
    todo = [(g, m) for g, m in everything if m.name not in done][: options.sample]
    with tempfile.TemporaryDirectory() as folder, DONE.open("a") as file:
        copy = Path(folder) / "project"
        skipped = shutil.ignore_patterns(".*", "build", "output", "*.egg-info", "__pycache__")
        shutil.copytree(ROOT, copy, ignore=skipped)
        for group, mutant in todo:
            done[mutant.name] = is_killed(mutant, MODULES[group], copy)
            file.write(json.dumps({"name": mutant.name, "killed": done[mutant.name]}) + "\n")
            file.flush()
            if not done[mutant.name]:
                print(f"lives: {mutant.name}", flush=True)
    return summary([mutant.name for _, mutant in everything], done)


def summary(names: list[str], done: dict[str, bool]) -> int:
    """Say how many live; returns the exit code."""
    equivalent = {
        line.partition("  #")[0].rstrip()
        for line in EQUIVALENT.read_text(encoding="utf-8").splitlines()
        if line and not line.startswith("#")
    }
    run = [name for name in names if name in done]
    matters = [name for name in run if name.rpartition(" [")[0] not in equivalent]
    killed = sum(done[name] for name in matters)
    share = 100 * killed / len(matters) if matters else 100.0
    print(
        f"{len(names)} mutants, {len(run)} run, {len(matters)} of them matter,"
        f" {killed} killed: {share:.1f} %"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
