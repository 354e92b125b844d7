"""The rules for `filename`, the title. This file must not know other fields."""

from collections.abc import Iterator, Sequence
from typing import Final

from batch_import.manifest.rules.characters import with_control
from batch_import.manifest.rules.flaw import Flaw, warning

#: Characters. The platform's own limit is not known; beyond this, databases and players cut.
_LONGEST: Final = 255

_MISSING = Flaw("filename-missing", "the title is missing", "Give the video a title.")
_CHARACTERS = Flaw(
    "filename-characters",
    "the title has control characters, or � where a character was lost",
    "Take line breaks and tabs out, and write anew what was lost.",
)
_LONG = warning(
    "filename-length",
    f"the title is longer than {_LONGEST} characters, and may be cut",
    "Shorten it; the description can be filled in on the platform.",
)


def flaws(names: Sequence[str]) -> Iterator[tuple[int, Flaw]]:
    """Judge a column whose cells have no white space around them; yields index and flaw."""
    if "" in names:
        yield from ((at, _MISSING) for at, name in enumerate(names) if not name)
    if max(map(len, names), default=0) > _LONGEST:
        yield from ((at, _LONG) for at, name in enumerate(names) if len(name) > _LONGEST)
    yield from ((at, _CHARACTERS) for at in with_control(names))
