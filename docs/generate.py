"""The generated parts of the pages: tables and lists made from the program's own tables.

A page has a line `<!-- generated: NAME -->` where a part belongs. Nothing here knows what is
expected of a part: what a table of the program says is what the page says.
"""

import ast
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import fields
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, Literal, get_args, get_origin, get_type_hints

import click
import yaml
from sphinx.pycode import ModuleAnalyzer

import batch_import
from batch_import.cli import exits
from batch_import.cli.application import load, users_of
from batch_import.cli.names import COMMANDS
from batch_import.cli.options import OPTIONS, default_of
from batch_import.configuration.kinds import Number
from batch_import.errors import RunFault
from batch_import.models import NO_COLUMNS, Counts, FailureCode
from batch_import.reports.labels import STATUSES
from batch_import.reports.table import results_table
from batch_import.sandbox.knobs import Knobs
from batch_import.verification.verdict import FAULTS, Verdict

try:
    from batch_import.manifest.rules.codes import CODES
except ImportError:  # there is no table of codes yet
    CODES = {}

_DOCS: Final = Path(__file__).parent
_ROOT: Final = _DOCS.parent
_MARK: Final = re.compile(r"<!-- generated: ([\w-]+) -->")
#: Characters of an example that a table shows.
_LONGEST_EXAMPLE: Final = 70


def filled(page: str) -> str:
    """A page with its generated parts.

    Raises:
        KeyError: there is no such part.
    """
    return _MARK.sub(lambda mark: PARTS[mark[1]](), page)


# Commands and options -------------------------------------------------------------------------


def _commands() -> str:
    return "\n\n".join(_command_groups())


def _command_groups() -> Iterator[str]:
    yield "```{program} batch-import\n```"
    for heading, names in COMMANDS.items():
        yield f"## {heading}"
        for name in names:
            yield from _command(name)


def _command(name: str) -> Iterator[str]:
    found = load(name)
    ctx = click.Context(found, info_name=f"batch-import {name}")
    usage = " ".join([f"batch-import {name}", *found.collect_usage_pieces(ctx)])
    yield f"### {name}"
    yield str(found.help)
    yield _block(usage, "text")
    for heading, params in found.grouped(ctx).items():
        arguments = [param for param in params if isinstance(param, click.Argument)]
        options = [param.name for param in params if param.name in OPTIONS]
        if arguments:
            yield "\n\n".join(map(_argument, arguments))
        if options:
            links = " · ".join(f"{{option}}`--{OPTIONS[str(each)].key}`" for each in options)
            yield f"{heading} options\n: {links}"
    if found.examples:
        yield "Examples:"
        yield _block("\n".join(found.examples), "text")


def _argument(argument: click.Argument) -> str:
    help_text: str = argument.help  # type: ignore[attr-defined]  (new in click 8.5)
    return f"`{argument.human_readable_name.upper()}`\n: {_sentence(help_text)}"


def _options() -> str:
    return "\n\n".join(_option_groups())


def _option_groups() -> Iterator[str]:
    yield "```{program} batch-import\n```"
    groups = dict.fromkeys(str(each.group) for each in OPTIONS.values())
    for group in groups:
        yield f"## {group}"
        yield from (_option(each) for each in OPTIONS.values() if str(each.group) == group)


def _option(option: Any) -> str:
    takes = "|".join(option.kind.choices) or option.kind.metavar
    names = [f"-{option.short}"] if option.short else []
    names.append(f"--{option.key} {takes}".strip())
    links = ", ".join(f"[{name}](commands.md#{name})" for name in users_of(option.name))
    facts = [
        f"Default: {_code(default)}." if (default := default_of(option)) else "",
        f"Range: {_range(option.kind)}." if isinstance(option.kind, Number) else "",
        "It may be given several times." if option.multiple else "",
        f"Environment variable: `{option.variable}`." if option.variable else "",
        f"Commands: {links}.",
    ]
    text = "\n\n".join([_sentence(option.help), " ".join(filter(None, facts))])
    return f"````{{option}} {', '.join(names)}\n\n{text}\n````"


def _range(kind: Number) -> str:
    return f"{kind.least:,g} to {kind.most:,.0f}"


# Statuses and codes ---------------------------------------------------------------------------


def _statuses() -> str:
    shown = {field.name for field in fields(Counts)}
    return _table(
        ("status", "in the workbook and the page", "meaning", "what to do"),
        (
            (_code(str(status)), words.label, words.meaning, words.advice)
            for status, words in STATUSES.items()
            # A row is `creating` only while its POST is in progress: it is counted as processing.
            if str(status) in shown
        ),
    )


def _failure_codes() -> str:
    meanings = _comments(FailureCode)
    return _table(
        ("code", "meaning"), ((_code(str(code)), meanings[code.name]) for code in FailureCode)
    )


def _verdicts() -> str:
    meanings = _comments(Verdict)
    return _table(
        ("verdict", "as it should be", "meaning"),
        (
            (_code(str(verdict)), "no" if verdict in FAULTS else "yes", meanings[verdict.name])
            for verdict in Verdict
        ),
    )


def _exit_codes() -> str:
    meanings: dict[int, list[str]] = {}
    names: dict[int, list[str]] = {}
    comments = _comments(exits)
    for name, code in vars(exits).items():
        if isinstance(code, int):
            meanings.setdefault(code, []).append(comments[name])
    for fault in _family(RunFault):
        if fault is not RunFault:
            meanings.setdefault(fault.exit_code, []).append(_first_line(fault))
            names.setdefault(fault.exit_code, []).append(f"`{fault.__name__}`")
    return _table(
        ("exit code", "meaning", "exceptions in Python"),
        (
            (str(code), " ".join(meanings[code]), " ".join(names.get(code, ())))
            for code in sorted(meanings)
        ),
    )


def _family(fault: type[RunFault]) -> Iterator[type[RunFault]]:
    yield fault
    for child in fault.__subclasses__():
        yield from _family(child)


# Problems -------------------------------------------------------------------------------------


def _problems() -> str:
    """A section for each code, so that each has an address."""
    if not CODES:
        return "\n\n".join(_problems_in_the_code())
    return "\n\n".join(
        _problem_section(
            name,
            str(code.severity),
            code.meaning,
            code.hint + (" `--allow` turns the check off." if code.overrulable else ""),
            f"{_PLACES.get(code.where, f'`{code.where}`')}: {_example(code.example)}",
        )
        for name, code in CODES.items()
    )


#: What an example is, where it is no cell of a field.
_PLACES: Final = {
    "answer": "the answer of the source host",
    "workbook": "a workbook",
    "line": "a line",
}


def _problem_section(code: str, severity: str, meaning: str, hint: str, example: str = "") -> str:
    facts = {"Severity": severity, "Example": example, "What to do": hint}
    lines = [f"- {name}: {fact}" for name, fact in facts.items() if fact]
    return "\n\n".join(filter(None, [f"## {code}", meaning, "\n".join(lines)]))


def _problems_in_the_code() -> Iterator[str]:
    """The same from the places where problems arise; there is no table of codes yet."""
    found: dict[str, list[str]] = {}
    for folder in ("manifest", "sources"):
        for path in sorted((_ROOT / "batch_import" / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if problem := _problem(node):
                    code, severity, reason, hint = problem
                    texts = found.setdefault(code, [severity, "", ""])
                    texts[1], texts[2] = texts[1] or reason, texts[2] or hint
    for code, texts in sorted(found.items()):
        yield _problem_section(code, *texts)


def _problem(node: ast.AST) -> tuple[str, str, str, str] | None:
    first = {"Flaw": 0, "Violation": 0, "Fault": 0, "warning": 0, "Problem": 2}
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
        return None
    arguments = [_text(each) for each in node.args]
    at = first.get(node.func.id, len(arguments))
    if at >= len(arguments) or not arguments[at]:
        return None
    code, reason, hint = (*arguments[at:], "", "", "")[:3]
    warns = node.func.id == "warning" or "WARNING" in ast.unparse(node)
    return code, "warning" if warns else "error", _sentence(reason) if reason else "", hint


def _text(node: ast.AST) -> str:
    """A text of the code; `…` in the place of each value."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(part) or "…" for part in node.values)
    return ""


def _example(text: str) -> str:
    if not text:
        return "(empty)"
    safe = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    return _code(safe if len(safe) <= _LONGEST_EXAMPLE else f"{safe[:_LONGEST_EXAMPLE]}…")


# Results, sandbox, Python ---------------------------------------------------------------------


def _results_columns() -> str:
    columns = results_table(NO_COLUMNS).columns
    return _table(
        ("column", "what it holds"),
        ((_code(column.name), _sentence(column.meaning)) for column in columns),
    )


def _knobs() -> str:
    meanings, hints = _comments(Knobs), get_type_hints(Knobs, include_extras=True)
    defaults = Knobs()
    return _table(
        ("knob", "default", "values", "meaning"),
        (
            (
                _code(field.name),
                _code(_written(getattr(defaults, field.name))),
                _form(hints[field.name]),
                meanings[field.name],
            )
            for field in fields(Knobs)
        ),
    )


def _form(hint: Any) -> str:
    if get_origin(hint) is Literal:
        return " ".join(_code(str(choice)) for choice in get_args(hint))
    return str(get_args(hint)[1])


def _written(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return f"[{', '.join(map(_written, value))}]"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _python() -> str:
    """Everything that `batch_import` hands out, documented from its docstrings."""
    kinds: dict[str, list[str]] = {"Functions": [], "Classes": [], "Exceptions": []}
    for name in batch_import.__all__:
        found = getattr(batch_import, name)
        if not isinstance(found, type):
            if callable(found):
                kinds["Functions"].append(f".. autofunction:: batch_import.{name}")
        elif issubclass(found, Exception):
            kinds["Exceptions"].append(
                f".. autoexception:: batch_import.{name}\n   :show-inheritance:"
            )
        else:
            members = "" if issubclass(found, tuple) else "\n   :members:"
            kinds["Classes"].append(f".. autoclass:: batch_import.{name}{members}")
    return "\n\n".join(
        f"## {heading}\n\n" + _block("\n\n".join(entries), "{eval-rst}")
        for heading, entries in kinds.items()
    )


# JSON -----------------------------------------------------------------------------------------

_GOLDEN: Final = _ROOT / "tests/golden/commands"


def _json() -> str:
    """The shapes that tests/golden holds the program to, with the meanings of json_keys.yaml."""
    meanings = yaml.safe_load((_DOCS / "json_keys.yaml").read_text(encoding="utf-8"))
    shapes = _shapes()
    if set(shapes) != set(meanings):
        raise ValueError(f"json_keys.yaml: {set(shapes) ^ set(meanings)} is not in both.")
    return "\n\n".join(
        f"## {name}\n\n{described['about']}\n\n" + _shape(name, shapes[name], described["keys"])
        for name, described in meanings.items()
    )


def _shapes() -> dict[str, dict[str, set[str]]]:
    """Name of an output → path of a key → its types; the same output in several tests is one."""
    found: dict[str, dict[str, set[str]]] = {}
    for path in sorted(_GOLDEN.glob("*.txt")):
        for section in path.read_text(encoding="utf-8").split("\n\n"):
            title, *lines = section.removeprefix("# ").splitlines()
            if not title.endswith(", its shape"):
                continue
            command = re.match(r"(\w+(?: ROW)?)\b.* --json|(\w+ ROW --json)", title)
            name = f"{command[1] or command[2]} --json" if command else title.split(",")[0]
            shape = found.setdefault(name, {})
            for line in lines:
                key, _, types = line.rpartition(": ")
                shape.setdefault(key, set()).update(types.split(" or "))
    return found


def _shape(name: str, shape: dict[str, set[str]], meanings: dict[str, str]) -> str:
    rows: dict[str, set[str]] = {}
    for path, types in shape.items():
        key = path.replace("?", "")
        matching = [key] if key in meanings else [each for each in meanings if _fits(each, key)]
        if not matching:
            raise ValueError(f"json_keys.yaml: {name}: {key} has no meaning.")
        rows.setdefault(matching[0], set()).update(types)
    if unused := set(meanings) - set(rows):
        raise ValueError(f"json_keys.yaml: {name}: there is no key {unused}.")
    return _table(
        ("key", "type", "meaning"),
        (
            (_code(key.replace(".[]", "[]")), " or ".join(sorted(rows[key])), meanings[key])
            for key in meanings
        ),
    )


def _fits(pattern: str, key: str) -> bool:
    """Whether a described key is this one; `<…>` stands for any name."""
    parts = re.split(r"<[^>]*>", pattern)
    return bool(re.fullmatch("[^.]+".join(map(re.escape, parts)), key))


# Markdown -------------------------------------------------------------------------------------


def _comments(owner: Any) -> dict[str, str]:
    """The `#:` comments of a module's or class's names, each as one line."""
    is_class = isinstance(owner, type)
    module, prefix = (owner.__module__, owner.__name__) if is_class else (owner.__name__, "")
    found = ModuleAnalyzer.for_module(module).find_attr_docs()
    comments = {
        name: " ".join(lines).strip() for (at, name), lines in found.items() if at == prefix
    }
    names = [each.name for each in owner] if is_class and issubclass(owner, StrEnum) else []
    if missing := set(names) - set(comments):
        raise ValueError(f"{module}: {missing} has no comment.")
    return comments


def _first_line(owner: type) -> str:
    return str(owner.__doc__).partition("\n")[0].strip()


def _sentence(text: str) -> str:
    """With a capital and a full stop."""
    return f"{text[0].upper()}{text[1:]}".rstrip(".") + "."


def _code(text: str) -> str:
    return f"`` {text} ``" if "`" in text else f"`{text}`"


def _block(text: str, language: str) -> str:
    return f"```{language}\n{text}\n```"


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(
        "| " + " | ".join(cell.replace("|", r"\|") for cell in line) + " |" for line in lines
    )


PARTS: Final[dict[str, Callable[[], str]]] = {
    "commands": _commands,
    "options": _options,
    "statuses": _statuses,
    "failure-codes": _failure_codes,
    "verdicts": _verdicts,
    "exit-codes": _exit_codes,
    "problems": _problems,
    "results-columns": _results_columns,
    "knobs": _knobs,
    "json": _json,
    "python": _python,
}
