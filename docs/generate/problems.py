"""The codes of problems."""

import ast
from pathlib import Path
from typing import Final

from generate.markdown import literal, plain, sentence

try:
    from batch_import.manifest.rules.codes import CODES
except ImportError:  # there is no table of codes yet
    CODES = {}

_PACKAGE: Final = Path(__file__).parents[2] / "batch_import"
#: Characters of an example that are shown.
_LONGEST_EXAMPLE: Final = 70


def problems() -> str:
    """A section for each code, so that each has an address."""
    if not CODES:
        found = sorted(problems_in_the_code().items())
        return "\n\n".join(_problem_section(code, *texts) for code, texts in found)
    return "\n\n".join(
        _problem_section(
            name,
            str(code.severity),
            code.meaning,
            code.hint,
            f"{_PLACES.get(code.where, f'`{code.where}`')}: {_example(code.example)}",
            "`--allow`" if code.overrulable else "",
        )
        for name, code in CODES.items()
    )


#: What an example is, where it is no cell of a field.
_PLACES: Final = {
    "answer": "the answer of the source host",
    "workbook": "a workbook",
    "line": "a line",
}


def _problem_section(
    code: str, severity: str, meaning: str, hint: str, example: str = "", off: str = ""
) -> str:
    facts = {
        "Severity": severity,
        "Example": example,
        "What to do": plain(hint),
        "To turn the check off": off,
    }
    lines = [f"- {name}: {fact}" for name, fact in facts.items() if fact]
    return "\n\n".join(filter(None, [f"## {code}", plain(meaning), "\n".join(lines)]))


def problems_in_the_code() -> dict[str, list[str]]:
    """Code → severity, meaning and hint, from the places where problems arise.

    Only until there is a table of codes.
    """
    found: dict[str, list[str]] = {}
    for folder in ("manifest", "sources"):
        for path in sorted((_PACKAGE / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if problem := _problem(node):
                    code, severity, reason, hint = problem
                    texts = found.setdefault(code, [severity, "", ""])
                    texts[1], texts[2] = texts[1] or reason, texts[2] or hint
    return found


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
    return code, "warning" if warns else "error", sentence(reason) if reason else "", hint


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
    return literal(safe if len(safe) <= _LONGEST_EXAMPLE else f"{safe[:_LONGEST_EXAMPLE]}…")
