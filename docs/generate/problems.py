"""Generates the reference of the problem codes, such as `url-several`."""

from typing import Final

from batch_import.problem_codes import CODES
from generate.markdown import literal, plain

#: Maximum number of characters of a shown example; the rest is replaced by an ellipsis.
_MAX_EXAMPLE_LENGTH: Final = 70


def problems() -> str:
    """Return a section for each code: a section has an anchor, so that links can name it."""
    return "\n\n".join(
        _problem_section(
            name,
            str(code.severity),
            code.meaning,
            code.hint,
            f"{_example_description(code.example_kind)}: {_example(code.example)}",
            "`--allow`" if code.overrulable else "",
        )
        for name, code in CODES.items()
    )


#: Kind of an example → its description, if the example is not the value of a manifest's field.
_EXAMPLE_DESCRIPTIONS: Final = {
    "answer": "the answer of the source host",
    "workbook": "a workbook",
    "line": "a line",
    "job": "the job",
}


def _problem_section(
    code: str, severity: str, meaning: str, hint: str, example: str = "", off_option: str = ""
) -> str:
    facts = {
        "Severity": severity,
        "Example": example,
        "What to do": plain(hint),
        "To turn the check off": off_option,
    }
    lines = [f"- {name}: {fact}" for name, fact in facts.items() if fact]
    return "\n\n".join(filter(None, [f"## {code}", plain(meaning), "\n".join(lines)]))


def _example_description(kind: str) -> str:
    return _EXAMPLE_DESCRIPTIONS.get(kind, f"`{kind}`")


def _example(text: str) -> str:
    if not text:
        return "(empty)"
    safe = "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in text
    )
    return literal(safe if len(safe) <= _MAX_EXAMPLE_LENGTH else f"{safe[:_MAX_EXAMPLE_LENGTH]}…")
