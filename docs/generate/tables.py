"""Tables of the program: statuses, codes, verdicts, columns, knobs, and the Python API."""

from collections.abc import Iterator
from dataclasses import fields
from typing import Any, Literal, get_args, get_origin, get_type_hints

import batch_import
from batch_import.cli import exits
from batch_import.errors import RunFault
from batch_import.failure_codes import FailureCode
from batch_import.models import EMPTY_COLUMNS, Counts
from batch_import.reports.labels import STATUSES
from batch_import.reports.table import results_table
from batch_import.sandbox.knobs import Knobs
from batch_import.verification.verdict import FAULT_VERDICTS, Verdict
from generate.markdown import block, comments, first_line, literal, sentence, table


def statuses() -> str:
    """Return the table of the statuses of rows that are shown to users."""
    counted_names = {field.name for field in fields(Counts)}
    return table(
        ("status", "in the workbook and the page", "meaning", "what to do"),
        (
            (literal(str(status)), texts.label, texts.meaning, texts.advice)
            for status, texts in STATUSES.items()
            # A row is `creating` only while its POST is in progress: it is counted as processing.
            if str(status) in counted_names
        ),
    )


def failure_codes() -> str:
    """Return the table of the codes of failures: the reasons why a valid row can fail."""
    meanings = comments(FailureCode)
    return table(
        ("code", "meaning"), ((literal(str(code)), meanings[code.name]) for code in FailureCode)
    )


def verdicts() -> str:
    """Return the table of the verdicts: the results of `verify` for one row."""
    meanings = comments(Verdict)
    return table(
        ("verdict", "as it should be", "meaning"),
        (
            (
                literal(str(verdict)),
                "no" if verdict in FAULT_VERDICTS else "yes",
                meanings[verdict.name],
            )
            for verdict in Verdict
        ),
    )


def exit_codes() -> str:
    """Return the table of the exit codes, and of the exceptions that cause them."""
    meanings: dict[int, list[str]] = {}
    names: dict[int, list[str]] = {}
    exit_comments = comments(exits)
    for name, code in vars(exits).items():
        if isinstance(code, int):
            meanings.setdefault(code, []).append(exit_comments[name])
    for fault in _with_subclasses(RunFault):
        if fault is not RunFault:
            meanings.setdefault(fault.exit_code, []).append(first_line(fault))
            names.setdefault(fault.exit_code, []).append(f"`{fault.__name__}`")
    return table(
        ("exit code", "meaning", "exceptions in Python"),
        (
            (str(code), " ".join(meanings[code]), " ".join(names.get(code, ())))
            for code in sorted(meanings)
        ),
    )


def _with_subclasses(fault: type[RunFault]) -> Iterator[type[RunFault]]:
    yield fault
    for subclass in fault.__subclasses__():
        yield from _with_subclasses(subclass)


def results_columns() -> str:
    """Return the table of the columns of the results, without the columns of a manifest."""
    columns = results_table(EMPTY_COLUMNS).columns
    return table(
        ("column", "what it holds"),
        ((literal(column.name), sentence(column.meaning)) for column in columns),
    )


def knobs() -> str:
    """Return the table of the knobs: the settings of the sandbox."""
    meanings, hints = comments(Knobs), get_type_hints(Knobs, include_extras=True)
    defaults = Knobs()
    return table(
        ("knob", "default", "values", "meaning"),
        (
            (
                literal(field.name),
                literal(_default_text(getattr(defaults, field.name))),
                _allowed_values(hints[field.name]),
                meanings[field.name],
            )
            for field in fields(Knobs)
        ),
    )


def _allowed_values(hint: Any) -> str:
    if get_origin(hint) is Literal:
        return " ".join(literal(str(choice)) for choice in get_args(hint))
    return str(get_args(hint)[1])


def _default_text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return f"[{', '.join(map(_default_text, value))}]"
    return f"{value:g}" if isinstance(value, float) else str(value)


def python() -> str:
    """Return Sphinx directives that document the public names of `batch_import`."""
    directives: dict[str, list[str]] = {"Functions": [], "Classes": [], "Exceptions": []}
    for name in batch_import.__all__:
        public = getattr(batch_import, name)
        if not isinstance(public, type):
            if callable(public):
                directives["Functions"].append(f".. autofunction:: batch_import.{name}")
        elif issubclass(public, Exception):
            directives["Exceptions"].append(
                f".. autoexception:: batch_import.{name}\n   :show-inheritance:"
            )
        else:
            members = "" if issubclass(public, tuple) else "\n   :members:"
            directives["Classes"].append(f".. autoclass:: batch_import.{name}{members}")
    return "\n\n".join(
        f"## {heading}\n\n" + block("\n\n".join(entries), "{eval-rst}")
        for heading, entries in directives.items()
    )
