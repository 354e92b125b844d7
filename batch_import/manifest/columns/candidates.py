"""The columns that are not assigned to a field yet, and the error if two are equal. No I/O."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from batch_import.addresses.masking import mask, without_control_characters
from batch_import.errors import ColumnUnclear, find_similar, setting_ref
from batch_import.manifest.columns.aliases import ALIASES, fold
from batch_import.manifest.columns.headings import differ_only_in_number, last_part
from batch_import.manifest.columns.values import SampleColumn

#: The name `column 3` identifies a column by its position, if its name is empty or not unique.
COLUMN_BY_NUMBER: Final = re.compile(r"column (\d{1,5})")
#: Maximum number of column names in an error message.
_MAX_LISTED_NAMES: Final = 8
#: Maximum lengths of a name and of a value in an error message, in characters.
_LONGEST_NAME: Final = 40
_LONGEST_VALUE: Final = 60


@dataclass(frozen=True, slots=True)
class ColumnChoice:
    """The column that was assigned to a field.

    Attributes:
        position: of the column, from 0.
        evidence: why it was chosen; empty if its name is the reason.
    """

    position: int
    evidence: str = ""


class Candidates:
    """All columns of a manifest, and the fields that are assigned so far.

    Attributes:
        taken: field → its column.
    """

    def __init__(self, columns: Sequence[SampleColumn]) -> None:
        self.columns = columns
        self.taken: dict[str, ColumnChoice] = {}

    @property
    def free(self) -> list[SampleColumn]:
        """The columns that are not assigned to a field."""
        used = {choice.position for choice in self.taken.values()}
        return [column for column in self.columns if column.position not in used]

    @property
    def is_empty(self) -> bool:
        """Whether all cells are blank."""
        return not any(column.filled for column in self.columns)

    def take(self, field: str, choice: ColumnChoice | None) -> None:
        """Assign a column to a field, unless the field has one already or `choice` is None."""
        if choice is not None:
            self.taken.setdefault(field, choice)

    def named(self, name: str) -> list[SampleColumn]:
        """The free columns with a name, or else with that last part of a name like `text.title`."""
        wanted = fold(name)
        return [column for column in self.free if fold(column.name) == wanted] or [
            column for column in self.free if fold(last_part(column.name)) == wanted
        ]

    def all_known(self, field: str) -> list[SampleColumn]:
        """The free columns with a usual name of a field, the most frequent names first."""
        found = [column for alias in ALIASES[field] for column in self.named(alias)]
        return list({column.position: column for column in found}.values())

    def own(self, field: str) -> ColumnChoice | None:
        """The column that has the field's own name."""
        return self.choose(field, [c for c in self.free if fold(c.name) == fold(field)])

    def known(self, field: str) -> ColumnChoice | None:
        """The column with the most usual name."""
        return next((ColumnChoice(column.position) for column in self.all_known(field)), None)

    def choose(
        self, field: str, columns: Sequence[SampleColumn], evidence: str = ""
    ) -> ColumnChoice | None:
        """Choose one of several equally good columns; None if there is no column.

        If the columns have the same name, or differ only in a number, the first one is chosen.

        Raises:
            ColumnUnclear: there are several columns with different names.
        """
        if not columns:
            return None
        names = [column.name for column in columns]
        are_places = any(map(COLUMN_BY_NUMBER.fullmatch, names))
        if len({fold(name) for name in names}) > 1 and (
            are_places or not differ_only_in_number(names)
        ):
            raise self._alike(field, columns)
        return ColumnChoice(min(column.position for column in columns), evidence)

    def label(self, column: SampleColumn) -> str:
        """The name of a column, or its position (`column 3`) if the name is blank or not unique."""
        names = [fold(other.name) for other in self.columns]
        is_unique = names.count(fold(column.name)) == 1
        return heading_of(column.name if is_unique else "", column.position)

    def _alike(self, field: str, columns: Sequence[SampleColumn]) -> ColumnUnclear:
        shown = ", ".join(
            f"“{shorten(self.label(column))}”{_example(column)}"
            for column in columns[:_MAX_LISTED_NAMES]
        )
        settings = [
            setting_ref("map", f"{field}={self.label(column)}")
            for column in columns[:_MAX_LISTED_NAMES]
        ]
        return ColumnUnclear(
            f"More than one column could be {field}: {shown}.",
            f"Choose one: {' or '.join(settings)}.",
            field=field,
            labels=[self.label(column) for column in columns],
        )


def _example(column: SampleColumn) -> str:
    return (
        f" ({without_control_characters(shorten(mask(column.filled[0]), _LONGEST_VALUE))})"
        if column.filled
        else ""
    )


def heading_of(name: str, position: int) -> str:
    """The name of a column; `column 3` for the position 2 if the name is blank."""
    return name if name.strip() else f"column {position + 1}"


def join_column_names(header: Sequence[str]) -> str:
    """Join the names of the first few columns for an error message."""
    return join_names(heading_of(name, position) for position, name in enumerate(header))


def shorten(text: str, longest: int = _LONGEST_NAME) -> str:
    """Cut a text to a maximum length."""
    return text if len(text) <= longest else f"{text[:longest]}…"


def join_names(names: Iterable[str]) -> str:
    """Join the first few names for an error message."""
    every = [shorten(name) for name in names]
    more = f", and {len(every) - _MAX_LISTED_NAMES} more" if len(every) > _MAX_LISTED_NAMES else ""
    return ", ".join(f"“{name}”" for name in every[:_MAX_LISTED_NAMES]) + more


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A suggestion of the most similar known word; empty if no word is similar."""
    by_folded = {fold(name): name for name in known}
    near = find_similar(fold(word), by_folded)
    return f"Did you mean “{by_folded[near]}”?" if near else ""
