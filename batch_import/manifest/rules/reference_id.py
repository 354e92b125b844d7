"""The rules for `referenceId`, but for its being unique. This file must not know other fields."""

import re
from collections.abc import Iterator, Sequence

from batch_import.manifest.rules.characters import with_control
from batch_import.manifest.rules.flaw import Flaw, warning

#: What spreadsheets make of long numbers, and of ids like `1E5`: always with a plus, and at least
#: two digits behind it. People's own ids, like `12E5` or `3E-10`, look different.
_ROUNDED = re.compile(r"-?[0-9](?:[.,][0-9]+)?[Ee]\+[0-9]{2,3}")
#: What they show for an id that begins with `-` or `=` and was taken for a formula.
_ERROR = re.compile(r"#(?:NAME\?|N/A|REF!|VALUE!|DIV/0!|NUM!|NULL!)")

_CHARACTERS = Flaw(
    "reference-characters",
    "the reference id has control characters, or � where a character was lost",
    "Take line breaks and tabs out of it, and write anew what was lost.",
)
#: An error, and no warning: which id it was is lost, several may have become one, and the
#: platform has no call to correct an id once its video is there.
_DAMAGED = Flaw(
    "reference-damaged",
    "the reference id was damaged by a spreadsheet",
    "Format the column as text there, then enter the ids again from where they come from.",
)
_SPACES = warning(
    "reference-spaces",
    "there are spaces around the reference id; it is sent without them",
    "Take them out, so that it is the same everywhere.",
)


def flaws(cells: Sequence[str], references: Sequence[str]) -> Iterator[tuple[int, Flaw]]:
    """Judge a column; yields index and flaw, for every flaw.

    Args:
        cells: as they stand in the manifest.
        references: the same without white space around them.
    """
    yield from ((at, _CHARACTERS) for at in with_control(references))
    joined = "\n".join(references)
    if "#" in joined or "E+" in joined or "e+" in joined:
        for at, reference in enumerate(references):
            if _ROUNDED.fullmatch(reference) or _ERROR.fullmatch(reference):
                yield at, _DAMAGED
    if cells != references:
        for at, (cell, reference) in enumerate(zip(cells, references, strict=True)):
            if reference and cell != reference:
                yield at, _SPACES
