"""Makes one small change in a module, a mutant, and checks that at least one test fails with it.

python tests/mutants/run.py --sample 100     runs a hundred mutants, the same number of each group
python tests/mutants/run.py --sample 20 --only addresses
python tests/mutants/run.py --survivors      runs only those again that no test has killed so far

Only a copy of the project is changed. The outcomes are stored in build/mutants, by the text of the
changed module. Therefore the next call continues, and only changed modules are tested again. If no
test fails, the mutant survives: a test is missing, or `equivalent.txt` has the reason why the
change has no effect that matters.
"""

import argparse
import ast
import hashlib
import importlib.util
import json
import multiprocessing
import os
import random
import shutil
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from itertools import takewhile, zip_longest
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
OUTCOMES = ROOT / "build" / "mutants" / "outcomes.jsonl"
EQUIVALENT = Path(__file__).with_name("equivalent.txt")
#: Group of modules that make decisions → its tests, in steps. The fastest step is the first,
#: because the steps after a failed one are not needed.
MODULES: dict[str, tuple[str, ...]] = {
    "state": (
        "tests/unit/state",
        "tests/golden/test_states.py tests/simulation/test_editions.py",
        "tests/unit/importer tests/unit/workflows/test_editions.py",
        "tests/database/test_state.py",
    ),
    "importer/schedule": (
        "tests/unit/importer",
        "tests/simulation/test_adoption.py tests/simulation/test_editions.py",
        "tests/simulation/test_import.py::test_every_row_becomes_exactly_one_video[0]",
        "tests/simulation/test_import.py::test_a_fixed_fault_does_not_return",
    ),
    "manifest/rules": (
        "tests/unit/manifest/rules",
        "tests/unit/manifest/test_validate.py tests/unit/manifest/test_blemishes.py",
        "tests/hostile/test_linear.py",
    ),
    "addresses": ("tests/unit/addresses", "tests/unit/manifest/rules"),
    "viostream/responses": (
        "tests/unit/viostream/test_client.py tests/fuzz/test_parsing.py",
        "tests/unit/viostream",
    ),
    "csv_escaping": ("tests/unit/test_csv_escaping.py", "tests/unit/manifest/test_round_trip.py"),
}
#: Libraries that most tests need. They are loaded once; each step runs in a fork of this process.
PRELOADED = ("hypothesis", "pandas", "pytest", "requests", "xlsxwriter")
#: Seconds for one step; a mutant with an endless loop counts as killed.
TIMEOUT_SECONDS = 900
#: Percentage of the mutants that matter; below it, the exit code is 1.
REQUIRED_SHARE = 97.0
#: Characters before and after a change in the name of a mutant: enough to recognize the expression.
_CONTEXT_CHARACTERS = 40
_SWAPS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.And: ast.Or, ast.Or: ast.And,
}  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """One change of a module.

    Attributes:
        group: key of `MODULES`.
        module: path below `batch_import`.
        change: what is changed, in words that do not depend on line numbers.
        text: the whole module with the change.
    """

    group: str
    module: str
    change: str
    text: str

    @property
    def name(self) -> str:
        return f"{self.module}: {self.change}"

    @property
    def key(self) -> str:
        """The name, and a digest of the changed module."""
        return f"{self.name} [{hashlib.sha256(self.text.encode()).hexdigest()[:10]}]"


class _Changer(ast.NodeTransformer):
    """Makes the possible change with a number; -1 makes none. `count` is the number of changes."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.count = 0

    def _is_next_chosen(self) -> bool:
        """Count a possible change; returns whether it is the one to make."""
        self.count += 1
        return self.count - 1 == self.number

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        # Whether a data class is frozen or has slots changes nothing that it computes.
        decorators, node.decorator_list = node.decorator_list, []
        self.generic_visit(node)
        node.decorator_list = decorators
        return node

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        self.generic_visit(node)
        for position, operator in enumerate(node.ops):
            if self._is_next_chosen():
                node.ops[position] = _SWAPS[type(operator)]()  # type: ignore[call-overload]
        return node

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.AST:
        self.generic_visit(node)
        if self._is_next_chosen():
            node.op = _SWAPS[type(node.op)]()  # type: ignore[assignment]
        return node

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        other = _SWAPS.get(type(node.op))
        if other and self._is_next_chosen():
            node.op = other()  # type: ignore[assignment]
        return node

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.op, ast.Not) and self._is_next_chosen():
            return node.operand
        return node

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        if isinstance(node.value, bool):
            if self._is_next_chosen():
                return ast.copy_location(ast.Constant(not node.value), node)
        elif isinstance(node.value, int | float) and self._is_next_chosen():
            return ast.copy_location(ast.Constant(node.value + 1), node)
        elif isinstance(node.value, str) and " NOT " in node.value:  # noqa: SIM102
            if self._is_next_chosen():
                changed = node.value.replace(" NOT ", " ", 1)
                return ast.copy_location(ast.Constant(changed), node)
        return node

    def visit_Return(self, node: ast.Return) -> ast.AST:
        self.generic_visit(node)
        is_none = isinstance(node.value, ast.Constant) and node.value.value is None
        if node.value and not is_none and self._is_next_chosen():
            return ast.copy_location(ast.Return(ast.Constant(None)), node)
        return node

    def visit_If(self, node: ast.If) -> ast.AST:
        self.generic_visit(node)
        if self._is_next_chosen():
            node.test = ast.copy_location(ast.Constant(value=False), node.test)
        return node


def modules(group: str) -> Iterator[Path]:
    """Yield the files of a group: those of a folder, or the modules whose names begin with it."""
    path = ROOT / "batch_import" / group
    if path.is_dir():
        yield from sorted(path.glob("*.py"))
    yield from sorted(path.parent.glob(f"{path.name}*.py"))


def mutants(group: str) -> Iterator[Mutant]:
    """Yield all mutants of a group."""
    for path in modules(group):
        change_counts = Counter[str]()
        module = path.relative_to(ROOT / "batch_import").as_posix()
        statements = ast.parse(path.read_text(encoding="utf-8")).body
        texts = [ast.unparse(statement) for statement in statements]
        for position, statement in enumerate(statements):
            for changed in _changes(statement):
                change = _describe(texts[position], changed)
                change_counts[change] += 1
                occurrence = f" ({change_counts[change]})" if change_counts[change] > 1 else ""
                text = "\n".join([*texts[:position], changed, *texts[position + 1 :]])
                yield Mutant(group, module, change + occurrence, text)


def _changes(statement: ast.stmt) -> Iterator[str]:
    """Yield the text of a statement with each of its possible changes."""
    counter = _Changer(-1)
    counter.visit(deepcopy(statement))
    for number in range(counter.count):
        changed = _Changer(number).visit(deepcopy(statement))
        yield ast.unparse(ast.fix_missing_locations(changed))


def _describe(original: str, changed: str) -> str:
    """Name a change: the function, the expression and what replaces it."""
    before, after, scope = original.splitlines(), changed.splitlines(), "module"
    for number, line in enumerate(before):
        if line.lstrip().startswith(("def ", "class ", "async def ")):
            scope = line.split("(")[0].removesuffix(":").split()[-1]
        if number >= len(after) or line != after[number]:
            break
    old, new = before[number].strip(), after[number].strip()
    start = _common_length(old, new)
    end = _common_length(old[start:][::-1], new[start:][::-1])
    first, last = max(0, start - _CONTEXT_CHARACTERS), max(0, end - _CONTEXT_CHARACTERS)
    return f"{scope}: {old[first : len(old) - last]} → {new[first : len(new) - last]}"


def _common_length(one: str, other: str) -> int:
    """Number of equal characters at the start."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def steps_of(mutant: Mutant) -> list[str]:
    """Return the test files named after the mutant's module, and the steps of its group."""
    steps = MODULES[mutant.group]
    paths = [ROOT / test.partition("::")[0] for step in steps for test in step.split()]
    folders = {path.parent if path.suffix else path for path in paths}
    file_name = f"test_{Path(mutant.module).stem}.py"
    own_tests = sorted(
        {path for folder in folders for path in folder.rglob(file_name)}, reverse=True
    )
    return [*(path.relative_to(ROOT).as_posix() for path in own_tests), *steps]


class ProjectCopy:
    """A copy of the project whose modules are changed and tested."""

    def __init__(self, folder: str) -> None:
        for library in PRELOADED:
            importlib.import_module(library)
        self._path = Path(folder) / "project"
        skipped = shutil.ignore_patterns(".*", "build", "output", "*.egg-info", "__pycache__")
        shutil.copytree(ROOT, self._path, ignore=skipped)
        self._passing_steps: set[str] = set()

    def is_killed(self, mutant: Mutant) -> bool:
        """Whether a test fails with the mutant instead of its module.

        Raises:
            SystemExit: the test fails without the mutant, too.
        """
        failed = self._failed_step(mutant)
        if failed is None:
            return False
        # A test file that is named after a module belongs to the first step.
        step = failed if failed in MODULES[mutant.group] else MODULES[mutant.group][0]
        if step not in self._passing_steps:
            if not self._passes(step):
                sys.exit(f"{step} fails without a mutant.")
            self._passing_steps.add(step)
        return True

    def _failed_step(self, mutant: Mutant) -> str | None:
        path = self._path / "batch_import" / mutant.module
        before = path.read_text(encoding="utf-8")
        self._write(path, mutant.text)
        try:
            return next((step for step in steps_of(mutant) if not self._passes(step)), None)
        finally:
            self._write(path, before)

    def _write(self, path: Path, text: str) -> None:
        """Write a module, and delete its bytecode.

        Python would use old bytecode for a module that was changed within the same second.
        """
        path.write_text(text, encoding="utf-8")
        Path(importlib.util.cache_from_source(str(path))).unlink(missing_ok=True)

    def _passes(self, step: str) -> bool:
        """Whether all tests of a step pass within `TIMEOUT_SECONDS`."""
        process = multiprocessing.get_context("fork").Process(target=self._test, args=(step,))
        process.start()
        process.join(TIMEOUT_SECONDS)
        if process.exitcode is None:
            os.killpg(process.pid or 0, signal.SIGKILL)
            process.join()
        return process.exitcode == 0

    def _test(self, step: str) -> None:
        """Run pytest in this process, which ends with its exit code."""
        os.setsid()
        null = os.open(os.devnull, os.O_RDWR)
        for standard_stream in range(3):
            os.dup2(null, standard_stream)
        os.chdir(self._path)
        os.environ["PYTHONPATH"] = sys.path[0] = str(self._path)
        sys.argv = ["pytest"]
        options = ["-q", "-x", "-p", "no:cacheprovider"]
        # pytest warns because one of its plugins is already loaded.
        options += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]
        os._exit(pytest.main([*options, *step.split()]))


def run(chosen: list[Mutant], outcomes: dict[str, bool]) -> None:
    """Test each mutant, and add its outcome to `outcomes` and to the file: whether it is killed."""
    with tempfile.TemporaryDirectory() as folder, OUTCOMES.open("a") as file:
        copy = ProjectCopy(folder)
        for mutant in chosen:
            outcomes[mutant.key] = copy.is_killed(mutant)
            file.write(json.dumps({"key": mutant.key, "killed": outcomes[mutant.key]}) + "\n")
            file.flush()
            if not outcomes[mutant.key]:
                print(f"survives: {mutant.name}", flush=True)


def shuffled(seed: int) -> list[Mutant]:
    """Return all mutants in random order, one of each group in turns."""
    dice = random.Random(seed)
    groups = [list(mutants(group)) for group in MODULES]
    queues = [dice.sample(group, len(group)) for group in groups]
    return [mutant for turn in zip_longest(*queues) for mutant in turn if mutant]


def main() -> int:
    parser = argparse.ArgumentParser(description="Mutants of the deciding modules.")
    parser.add_argument("--sample", type=int, default=100, help="number of mutants to run now")
    parser.add_argument("--seed", type=int, default=1, help="determines the order of the mutants")
    parser.add_argument("--only", choices=MODULES, help="run mutants of this group only")
    parser.add_argument("--survivors", action="store_true", help="run only the survivors again")
    options = parser.parse_args()
    all_mutants = shuffled(options.seed)
    equivalent = equivalent_names(all_mutants)
    selected = [each for each in all_mutants if options.only in {None, each.group}]
    relevant = [each for each in selected if each.name not in equivalent]
    OUTCOMES.parent.mkdir(parents=True, exist_ok=True)
    lines = OUTCOMES.read_text().splitlines() if OUTCOMES.exists() else []
    outcomes = {each["key"]: each["killed"] for each in map(json.loads, lines)}
    if options.survivors:
        run([each for each in relevant if not outcomes.get(each.key, True)], outcomes)
    else:
        run([each for each in relevant if each.key not in outcomes][: options.sample], outcomes)
    return summary(selected, outcomes, equivalent)


def equivalent_names(all_mutants: list[Mutant]) -> set[str]:
    """Return the names of the mutants in `equivalent.txt`.

    Raises:
        SystemExit: a line is without a reason, or names no mutant.
    """
    lines = EQUIVALENT.read_text(encoding="utf-8").splitlines()
    names = {each.name for each in all_mutants}
    listed = set()
    for line in lines:
        if line and not line.startswith("#"):
            name, _, reason = line.partition("  # ")
            if name not in names or not reason:
                sys.exit(f"{EQUIVALENT.name}: no such mutant, or no reason: {line}")
            listed.add(name)
    return listed


def summary(selected: list[Mutant], outcomes: dict[str, bool], equivalent: set[str]) -> int:
    """Print the numbers of mutants per group, and of all; returns the exit code."""
    print("group                mutants  equivalent   run  killed  survived   share")
    for group in dict.fromkeys(each.group for each in selected):
        of_group = [each for each in selected if each.group == group]
        _print_line(group, of_group, outcomes, equivalent)
    share = _print_line("all", selected, outcomes, equivalent)
    return 0 if share >= REQUIRED_SHARE else 1


def _print_line(
    title: str, counted: list[Mutant], outcomes: dict[str, bool], equivalent: set[str]
) -> float:
    """Print one line of the summary; returns the percentage of killed mutants."""
    relevant = [each for each in counted if each.name not in equivalent]
    done = [outcomes[each.key] for each in relevant if each.key in outcomes]
    killed = sum(done)
    share = 100 * killed / len(done) if done else 100.0
    print(
        f"{title:20} {len(counted):7} {len(counted) - len(relevant):11} {len(done):5} {killed:7}"
        f" {len(done) - killed:9} {share:6.1f}%"
    )
    return share


if __name__ == "__main__":
    sys.exit(main())
