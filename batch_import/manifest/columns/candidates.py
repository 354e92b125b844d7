"""The columns that are not assigned to a field yet, and the error if two are equally good. No I/O.

A field is one of the four values of a video that the platform takes: URL, title, extension, ID.
"""

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
_MAX_NAME_LENGTH: Final = 40
_MAX_VALUE_LENGTH: Final = 60


@dataclass(frozen=True, slots=True)
class ColumnChoice:
    """The column that was assigned to a field.

    Attributes:
        position: position of the column, from 0.
        evidence: why the column was chosen, for the user; empty if its name is the reason.
    """

    position: int
    evidence: str = ""


class Candidates:
    """All columns of a manifest, and the fields that are assigned so far.

    Attributes:
        columns: all columns.
        taken: field → its column.
    """

    def __init__(self, columns: Sequence[SampleColumn]) -> None:
        self.columns = columns
        self.taken: dict[str, ColumnChoice] = {}

    @property
    def free_columns(self) -> list[SampleColumn]:
        """The columns that are not assigned to a field."""
        used = {choice.position for choice in self.taken.values()}
        return [column for column in self.columns if column.position not in used]

    @property
    def is_empty(self) -> bool:
        """Whether all cells are blank."""
        return not any(column.filled_cells for column in self.columns)

    def take(self, field: str, choice: ColumnChoice | None) -> None:
        """Assign a column to a field, unless the field has one already or `choice` is None."""
        if choice is not None:
            self.taken.setdefault(field, choice)

    def with_name(self, name: str) -> list[SampleColumn]:
        """Return the free columns with a name.

        If there are none, returns the free columns whose name has several parts, and whose last
        part is the name: `text.title` for the name `title`.
        """
        folded_name = fold(name)
        same_name = [column for column in self.free_columns if fold(column.name) == folded_name]
        return same_name or [
            column for column in self.free_columns if fold(last_part(column.name)) == folded_name
        ]

    def with_usual_name(self, field: str) -> list[SampleColumn]:
        """Return the free columns with a usual name of a field, the most frequent name first."""
        # A dict removes duplicates, and keeps the order: a column may have several of the names.
        by_position = {
            column.position: column for alias in ALIASES[field] for column in self.with_name(alias)
        }
        return list(by_position.values())

    def with_field_name(self, field: str) -> list[SampleColumn]:
        """Return the free columns that have the field's own name."""
        return [column for column in self.free_columns if fold(column.name) == fold(field)]

    def choose_by_field_name(self, field: str) -> ColumnChoice | None:
        """Choose the column that has the field's own name; None if there is none."""
        return self.choose(field, self.with_field_name(field))

    def choose_by_usual_name(self, field: str) -> ColumnChoice | None:
        """Choose the column with the most frequent usual name of a field; None if there is none."""
        columns = self.with_usual_name(field)
        return ColumnChoice(columns[0].position) if columns else None

    def choose(
        self, field: str, columns: Sequence[SampleColumn], evidence: str = ""
    ) -> ColumnChoice | None:
        """Choose one of several equally good columns.

        If the names of the columns are equal, or differ only in a number, the first column is
        chosen.

        Args:
            field: the field for which a column is chosen.
            columns: the equally good columns.
            evidence: why they are good; see `ColumnChoice`.

        Returns:
            None if there is no column.

        Raises:
            ColumnUnclear: there are several columns with different names.
        """
        if not columns:
            return None
        names = [column.name for column in columns]
        has_several_names = len({fold(name) for name in names}) > 1
        # Names like `column 3` differ only in a number, but say nothing about the columns.
        has_generated_name = any(map(COLUMN_BY_NUMBER.fullmatch, names))
        is_numbered_series = differ_only_in_number(names) and not has_generated_name
        if has_several_names and not is_numbered_series:
            raise self._unclear_error(field, columns)
        return ColumnChoice(min(column.position for column in columns), evidence)

    def label(self, column: SampleColumn) -> str:
        """Return the name of a column, or `column 3` if its name is blank or not unique."""
        names = [fold(other.name) for other in self.columns]
        is_unique = names.count(fold(column.name)) == 1
        return heading_of(column.name if is_unique else "", column.position)

    def _unclear_error(self, field: str, columns: Sequence[SampleColumn]) -> ColumnUnclear:
        examples = ", ".join(
            f"“{shorten(self.label(column))}”{_example(column)}"
            for column in columns[:_MAX_LISTED_NAMES]
        )
        settings = [
            setting_ref("map", f"{field}={self.label(column)}")
            for column in columns[:_MAX_LISTED_NAMES]
        ]
        return ColumnUnclear(
            f"More than one column could be {field}: {examples}.",
            f"Choose one: {' or '.join(settings)}.",
            field=field,
            labels=[self.label(column) for column in columns],
        )


def _example(column: SampleColumn) -> str:
    """Return the first value of a column in parentheses; empty if the column is blank."""
    if not column.filled_cells:
        return ""
    value = shorten(mask(column.filled_cells[0]), _MAX_VALUE_LENGTH)
    return f" ({without_control_characters(value)})"


def heading_of(name: str, position: int) -> str:
    """Return the name of a column; `column 3` for the position 2 if the name is blank."""
    return name if name.strip() else f"column {position + 1}"


def join_column_names(header: Sequence[str]) -> str:
    """Join the names of the first few columns for an error message."""
    return join_names(heading_of(name, position) for position, name in enumerate(header))


def shorten(text: str, max_length: int = _MAX_NAME_LENGTH) -> str:
    """Cut a text to a maximum length, in characters."""
    return text if len(text) <= max_length else f"{text[:max_length]}…"


def join_names(names: Iterable[str]) -> str:
    """Join the first few names for an error message."""
    shortened = [shorten(name) for name in names]
    listed = ", ".join(f"“{name}”" for name in shortened[:_MAX_LISTED_NAMES])
    further_count = len(shortened) - _MAX_LISTED_NAMES
    return f"{listed}, and {further_count} more" if further_count > 0 else listed


def did_you_mean(word: str, known_words: Iterable[str]) -> str:
    """Return a suggestion of the most similar known word; empty if no word is similar."""
    by_folded = {fold(known_word): known_word for known_word in known_words}
    similar = find_similar(fold(word), by_folded)
    return f"Did you mean “{by_folded[similar]}”?" if similar else ""
