"""The rules for a single reference ID. `identities.py` checks that the IDs are unique.

The ID of an existing video cannot be changed by the platform's API. Therefore an ID that is
certainly wrong is an error: its row is not imported. An ID that may be wrong is a warning. This
module must not know other fields.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from batch_import.manifest.rules.characters import INVISIBLE_RANGES, find_control_characters
from batch_import.manifest.rules.violation import Violation, warning

#: Placeholders of databases, programs and people for a missing value. Case is ignored.
PLACEHOLDERS: Final = frozenset(
    """
    null (null) \\n <null> nil none (none) nan <na> na n/a n.a. n.a true false undefined blank
    (blank) empty (empty) unknown missing tbd tba tbc - -- --- \u2013 \u2014 ? ?? . .. … _
    """.split()
)
_LONGEST_PLACEHOLDER: Final = max(map(len, PLACEHOLDERS))
#: The notation with an exponent to which spreadsheet programs change long numbers, and IDs like
#: `1E5`: always with a plus sign and at least two digits after it. IDs that people choose, such as
#: `12E5` or `3E-10`, look different.
_EXPONENT = re.compile(r"-?[0-9](?:[.,][0-9]+)?[Ee]\+[0-9]{2,3}")
#: The text that spreadsheet programs show for an ID that they took for a formula, for a failed
#: lookup, and in a column that is too narrow.
_ERROR_VALUE = re.compile(
    r"#(?:NAME\?|N/A|REF!|VALUE!|DIV/0!|NUM!|NULL!|SPILL!|CALC!|ERROR!|BLOCKED!|CONNECT!|FIELD!"
    r"|GETTING_DATA|UNKNOWN!|BUSY!|##+)"
)
_INVISIBLE = re.compile(f"[{INVISIBLE_RANGES}\u00ad\u034f\u061c\u180e\u2061-\u2064\u2066-\u206f]")
_DECIMAL = re.compile(r"[0-9]+[.,]0+")
#: Spreadsheet programs store 15 digits of a number, and replace the others by zeros.
_MANY_DIGITS = re.compile(r"[0-9]{16,}")
_MONTH: Final = (
    "(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    "|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
_DATE = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[ T][0-9:.]+)?|[0-9]{1,2}[/.][0-9]{1,2}[/.][0-9]{2,4}"
    rf"|(?:[0-9]{{1,2}}-)?{_MONTH}-[0-9]{{1,4}}|[0-9]{{1,2}}-{_MONTH}",
    re.IGNORECASE,
)
#: Matches IDs of frequent forms that break none of these rules, such as `123` and `hr-video-00123`.
#: For them, the other patterns need not be tried.
_ORDINARY = re.compile(r"[0-9]{1,15}|(?:[A-Za-z]+[-_]){1,8}[0-9]{5,}")

_CHARACTERS = Violation(
    "reference-characters",
    "the reference id has control characters, or � where a character was lost",
    "Take line breaks and tabs out of it, and retype the missing characters.",
)
_DAMAGED = Violation(
    "reference-damaged",
    "the reference id was damaged by a spreadsheet",
    "Format the column as text there, then enter the ids again from where they come from.",
)
_SPACES = warning(
    "reference-spaces",
    "there are spaces around the reference id; it is sent without them",
    "Take them out, so that it is the same everywhere.",
)
_PLACEHOLDER = warning(
    "reference-placeholder",
    "the reference id stands for no value; the row is imported like a row without an id",
    "Leave the cell blank, or give the row a reference id of its own.",
)
_CHANGED_HINT = "Compare it with where it comes from; format the column as text in a spreadsheet."


def _changed(description: str) -> Violation:
    reason = f"the reference id {description}; it is sent as it is"
    return warning("reference-changed", reason, _CHANGED_HINT)


#: Patterns of IDs that a spreadsheet program has probably changed, with their violations.
_CHANGED: Final = (
    (_DECIMAL, _changed("looks like a whole number that a program changed to a decimal number")),
    (_MANY_DIGITS, _changed("has more digits than a spreadsheet keeps, which rounds the last")),
    (_DATE, _changed("looks like a date, to which a spreadsheet may have changed it")),
)


def without_placeholders(references: Sequence[str]) -> list[str]:
    """Replace placeholders for a missing value by blank IDs."""
    return ["" if is_placeholder(reference) else reference for reference in references]


def is_placeholder(reference: str) -> bool:
    """Whether an ID is a placeholder for a missing value."""
    return len(reference) <= _LONGEST_PLACEHOLDER and reference.casefold() in PLACEHOLDERS


def violations(cells: Sequence[str], references: Sequence[str]) -> Iterator[tuple[int, Violation]]:
    """Validate a column of IDs. Yields row index and violation.

    Args:
        cells: the unchanged cells.
        references: the cells without surrounding white space.
    """
    yield from ((index, _CHARACTERS) for index in find_control_characters(references))
    for index, reference in enumerate(references):
        if reference and not _ORDINARY.fullmatch(reference):
            yield from ((index, violation) for violation in _violations_of(reference))
    if cells != references:
        for index, (cell, reference) in enumerate(zip(cells, references, strict=True)):
            if reference and cell != reference:
                yield index, _SPACES


def _violations_of(reference: str) -> Iterator[Violation]:
    if is_placeholder(reference):
        yield _PLACEHOLDER
        return
    if _EXPONENT.fullmatch(reference) or _ERROR_VALUE.fullmatch(reference):
        yield _DAMAGED
        return
    if not reference.isascii() and _INVISIBLE.search(reference):
        visible = _INVISIBLE.sub("", reference).strip()
        hint = "Give the row a reference id that can be seen."
        if visible:
            hint = f"Write it as {visible}."
        yield Violation(
            "reference-invisible", "the reference id has invisible characters inside", hint
        )
    yield from (violation for pattern, violation in _CHANGED if pattern.fullmatch(reference))
