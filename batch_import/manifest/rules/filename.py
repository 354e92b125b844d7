"""The rules for `filename`, the title. This module must not know other fields."""

from collections.abc import Iterator, Sequence
from typing import Final

from batch_import.manifest.rules.cell_errors import find_error_values
from batch_import.manifest.rules.characters import find_control_characters, join_lines
from batch_import.manifest.rules.garbled import find_garbled_cells
from batch_import.manifest.rules.violation import Violation, warning

#: Maximum length of a title, in characters. The platform's limit is not known; databases and
#: players cut longer titles.
_LONGEST: Final = 255

_MISSING = Violation("filename-missing", "the title is missing", "Give the video a title.")
_CHARACTERS = Violation(
    "filename-characters",
    "the title has control characters, or � where a character was lost",
    "Take line breaks and tabs out, and retype the missing characters.",
)
_LONG = warning(
    "filename-length",
    f"the title is longer than {_LONGEST} characters, and may be truncated",
    "Shorten it; the description can be filled in on the platform.",
)
_ERROR = Violation(
    "filename-damaged",
    "the title is an error of a spreadsheet",
    "Correct the formula in the spreadsheet, or type the title.",
)
_GARBLED = warning(
    "filename-garbled", "the title was read in a wrong encoding before it came here", ""
)


def violations(names: Sequence[str]) -> Iterator[tuple[int, Violation]]:
    """Validate a column of titles without surrounding white space. Yields index and violation."""
    if "" in names:
        yield from ((at, _MISSING) for at, name in enumerate(names) if not name)
    if max(map(len, names), default=0) > _LONGEST:
        yield from ((at, _LONG) for at, name in enumerate(names) if len(name) > _LONGEST)
    for at in find_control_characters(names):
        yield at, _CHARACTERS._replace(fix=join_lines(names[at]))
    yield from ((at, _ERROR) for at in find_error_values(names))
    for at, fixed in find_garbled_cells(names):
        yield at, _GARBLED._replace(hint=f"Was it “{fixed}”? Then write that.", fix=fixed)
