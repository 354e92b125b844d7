"""The columns that may still become a field, and what is said where two are alike. Pure."""

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from batch_import.addresses.masking import mask, printable
from batch_import.errors import ColumnUnclear, named
from batch_import.manifest.columns.aliases import ALIASES, fold
from batch_import.manifest.columns.headings import last_part, numbered
from batch_import.manifest.columns.values import SampleColumn

#: What a column is called that has no name, or one that others have too.
PLACE: Final = re.compile(r"column (\d{1,5})")
#: Enough to show the idea; all of them would hide the hint behind them.
_NAMES_SHOWN: Final = 8
_LONGEST_NAME: Final = 40
_LONGEST_VALUE: Final = 60


@dataclass(frozen=True, slots=True)
class ColumnChoice:
    """The column of a field.

    Attributes:
        evidence: why it was taken; empty where its name tells.
    """

    position: int
    evidence: str = ""


class Candidates:
    """All columns of a manifest, and which of them fields have taken so far.

    Attributes:
        taken: field → its column.
    """

    def __init__(self, columns: Sequence[SampleColumn]) -> None:
        self.columns = columns
        self.taken: dict[str, ColumnChoice] = {}

    @property
    def free(self) -> list[SampleColumn]:
        """The columns that no field has taken."""
        used = {choice.position for choice in self.taken.values()}
        return [column for column in self.columns if column.position not in used]

    @property
    def is_empty(self) -> bool:
        """Whether there is no value to judge by."""
        return not any(column.filled for column in self.columns)

    def take(self, field: str, choice: ColumnChoice | None) -> None:
        """Give a column to a field, if there is one."""
        if choice is not None:
            self.taken.setdefault(field, choice)

    def named(self, name: str) -> list[SampleColumn]:
        """The free columns of a name: in full, else by the last part of `text.title`."""
        wanted = fold(name)
        return [column for column in self.free if fold(column.name) == wanted] or [
            column for column in self.free if fold(last_part(column.name)) == wanted
        ]

    def all_known(self, field: str) -> list[SampleColumn]:
        """The free columns with one of a field's usual names, the usual ones first."""
        found = [column for alias in ALIASES[field] for column in self.named(alias)]
        return list({column.position: column for column in found}.values())

    def own(self, field: str) -> ColumnChoice | None:
        """The column that is called as the field itself."""
        return self.one(field, [c for c in self.free if fold(c.name) == fold(field)])

    def known(self, field: str) -> ColumnChoice | None:
        """The column with the most usual name."""
        return next((ColumnChoice(column.position) for column in self.all_known(field)), None)

    def one(
        self, field: str, columns: Sequence[SampleColumn], evidence: str = ""
    ) -> ColumnChoice | None:
        """One column of those that are alike, or none.

        Of several with one name, or with one name and numbers, it is the first.

        Raises:
            ColumnUnclear: there are several with different names.
        """
        if not columns:
            return None
        names = [column.name for column in columns]
        are_places = any(map(PLACE.fullmatch, names))
        if len({fold(name) for name in names}) > 1 and (are_places or not numbered(names)):
            raise self._alike(field, columns)
        return ColumnChoice(min(column.position for column in columns), evidence)

    def label(self, column: SampleColumn) -> str:
        """A column's name, or its place where the name does not tell it from others."""
        names = [fold(other.name) for other in self.columns]
        is_clear = column.name.strip() and names.count(fold(column.name)) == 1
        return column.name if is_clear else f"column {column.position + 1}"

    def _alike(self, field: str, columns: Sequence[SampleColumn]) -> ColumnUnclear:
        shown = ", ".join(
            f"“{shortened(self.label(column))}”{_example(column)}"
            for column in columns[:_NAMES_SHOWN]
        )
        settings = [
            named("map", f"{field}={self.label(column)}") for column in columns[:_NAMES_SHOWN]
        ]
        return ColumnUnclear(
            f"More than one column could be {field}: {shown}.",
            f"Choose one: {' or '.join(settings)}.",
            field=field,
        )


def _example(column: SampleColumn) -> str:
    return (
        f" ({printable(shortened(mask(column.filled[0]), _LONGEST_VALUE))})"
        if column.filled
        else ""
    )


def shortened(text: str, longest: int = _LONGEST_NAME) -> str:
    """A text of no more than some characters."""
    return text if len(text) <= longest else f"{text[:longest]}…"


def listed(names: Iterable[str]) -> str:
    """As many names as can be taken in, and no more of each."""
    every = [shortened(name) for name in names]
    more = f", and {len(every) - _NAMES_SHOWN} more" if len(every) > _NAMES_SHOWN else ""
    return ", ".join(f"“{name}”" for name in every[:_NAMES_SHOWN]) + more


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The known word that is meant, as a question; empty where none is near."""
    by_folded = {fold(name): name for name in known}
    near = difflib.get_close_matches(fold(word), list(by_folded), 1)
    return f"Did you mean “{by_folded[near[0]]}”?" if near else ""
