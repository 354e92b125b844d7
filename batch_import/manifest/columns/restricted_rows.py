"""Count the rows that may not be wanted: private, expired or deleted ones, for example. No I/O.

Such rows are imported like all others, because the user decides which rows to import. New media are
public by default; therefore the user must know of private rows before the first run. Only rows that
are going to be imported are counted.
"""

from array import array
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime
from typing import Final

import numpy as np
import pandas as pd

from batch_import.manifest.columns.candidates import heading_of, shorten
from batch_import.manifest.columns.restrictions import (
    RESTRICTIONS,
    ColumnRule,
    Mark,
    Restriction,
)

#: Maximum number of values of a column that a note lists.
_MAX_LISTED_VALUES: Final = 3
#: Maximum number of columns that a note lists.
_MAX_LISTED_COLUMNS: Final = 5
#: Maximum number of line numbers in a note.
_MAX_LISTED_LINES: Final = 5
#: Type code of 8-byte integers in `array`. They take less memory than a list.
_INTEGER: Final = "q"


def _new_array() -> "array[int]":
    return array(_INTEGER)


class RestrictedRows:
    """Counts the rows of a manifest that may not be wanted, by restriction, column and value.

    Args:
        header: names of all columns.
        positions: positions, from 0, of the columns to search.
        now: the current time, in epoch seconds.
    """

    def __init__(self, header: Sequence[str], positions: Sequence[int], now: float) -> None:
        self._header = header
        today = datetime.fromtimestamp(now, UTC).date()
        self._rules = {
            position: ColumnRule(header[position], today) for position in sorted(positions)
        }
        #: Restriction → the line number of each row that has it.
        self._rows: defaultdict[Restriction, array[int]] = defaultdict(_new_array)
        #: Position of a column and mark → the line numbers of the rows with this value.
        self._values: defaultdict[tuple[int, Mark], array[int]] = defaultdict(_new_array)
        self._row_count = 0

    def add(self, frame: pd.DataFrame, lines: Sequence[int], invalid: Collection[int]) -> None:
        """Count the valid rows of a chunk.

        Args:
            frame: the cells; its columns are labelled by position.
            lines: line number of each row.
            invalid: indexes of rows that must not be sent.
        """
        self._row_count += len(frame) - len(invalid)
        restricted_indexes: defaultdict[Restriction, set[int]] = defaultdict(set)
        for position, rule in self._rules.items():
            cells: list[str] = frame[position].tolist()
            if marks := rule.find_marks(cells):
                for index, cell in enumerate(cells):
                    if cell in marks and index not in invalid:
                        mark = marks[cell]
                        self._values[position, mark].append(lines[index])
                        restricted_indexes[mark[0]].add(index)
        for restriction, indexes in restricted_indexes.items():
            self._rows[restriction].extend(lines[index] for index in sorted(indexes))

    def keep(self, lines: Iterable[int]) -> None:
        """Count no other rows than those on these lines, one row per line.

        The lines are not read if no row was counted.
        """
        if not self._rows:
            return
        kept_lines = np.fromiter(lines, np.int64)
        self._row_count = len(kept_lines)
        self._filter(kept_lines, is_kept=True)

    def remove(self, lines: Collection[int]) -> None:
        """Do not count the rows on these lines, one row per line."""
        self._row_count -= len(lines)
        self._filter(np.fromiter(lines, np.int64), is_kept=False)

    def _filter(
        self, lines: "np.ndarray[tuple[int], np.dtype[np.int64]]", *, is_kept: bool
    ) -> None:
        for counted in (*self._rows.values(), *self._values.values()):
            restricted = np.array(counted, np.int64)
            is_counted = np.isin(restricted, lines, invert=not is_kept)
            counted[:] = array(_INTEGER, restricted[is_counted].tolist())

    def notes(self, *, is_sample: bool = False) -> list[str]:
        """Return a note for each restriction that rows have, private rows first.

        Args:
            is_sample: whether only the first rows of the manifest were counted.
        """
        total = f"{'the first ' if is_sample else ''}{self._row_count:,} rows to import"
        notes = (self._note(restriction, total) for restriction in RESTRICTIONS)
        return [note for note in notes if note]

    def _note(self, restriction: Restriction, total: str) -> str:
        """Return the note of one restriction; empty if no row has it.

        Args:
            restriction: the restriction.
            total: the number of all rows, as text.
        """
        rows = self._rows[restriction]
        if not rows:
            return ""
        counts: defaultdict[int, Counter[str]] = defaultdict(Counter)
        for (position, (found, value)), lines in self._values.items():
            if found is restriction and lines:
                counts[position][value] += len(lines)
        count = len(rows)
        more = ", …" if count > _MAX_LISTED_LINES else ""
        first_lines = ", ".join(map(str, rows[:_MAX_LISTED_LINES]))
        listed = f"{'line' if count == 1 else 'lines'} {first_lines}{more}"
        verb = "is" if count == 1 else "are"
        columns = [self._describe(position, counts[position]) for position in sorted(counts)]
        hidden = ", …" if len(columns) > _MAX_LISTED_COLUMNS else ""
        return (
            f"{count:,} of {total} {verb} {restriction.description} ({listed}):"
            f" {', '.join(columns[:_MAX_LISTED_COLUMNS])}{hidden}. {restriction.consequence}"
        )

    def _describe(self, position: int, counts: Counter[str]) -> str:
        """Return the name of a column with its most frequent restricting values."""
        heading = shorten(heading_of(self._header[position], position))
        values = [value for value, _ in counts.most_common(_MAX_LISTED_VALUES)]
        more = " or …" if len(counts) > len(values) else ""
        return f"“{heading}” has {' or '.join(values)}{more}"
