"""The codes of problems."""

from typing import Final

from batch_import.problem_codes import CODES
from generate.markdown import literal, plain

#: Characters of an example that are shown.
_LONGEST_EXAMPLE: Final = 70


def problems() -> str:
    """A section for each code, so that each has an address."""
    return "\n\n".join(
        _problem_section(
            name,
            str(code.severity),
            code.meaning,
            code.hint,
            f"{_PLACES.get(code.example_kind, f'`{code.example_kind}`')}: {_example(code.example)}",
            "`--allow`" if code.overrulable else "",
        )
        for name, code in CODES.items()
    )


#: What an example is, where it is no cell of a field.
_PLACES: Final = {
    "answer": "the answer of the source host",
    "workbook": "a workbook",
    "line": "a line",
    "job": "the job",
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


def _example(text: str) -> str:
    if not text:
        return "(empty)"
    safe = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    return literal(safe if len(safe) <= _LONGEST_EXAMPLE else f"{safe[:_LONGEST_EXAMPLE]}…")
