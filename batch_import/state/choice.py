"""The choice of rows: restricts a run to some rows of the job.

A choice is a temporary table with the chosen rows. The user chooses rows by their lines or
reference IDs, or only the first rows. Rows can also be left out of the choice. This module must not
know who chose the rows, nor what a run does.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from batch_import.errors import UsageError, find_similar
from batch_import.models import LineRange
from batch_import.state import choice_statements as statements
from batch_import.state.connection import Database

#: Maximum number of reference IDs that are compared with a wrong one, to suggest a similar ID. This
#: takes less than a second.
_MAX_COMPARED_IDS: Final = 20_000


@dataclass(frozen=True, slots=True)
class PendingRow:
    """A row that may be chosen for a pilot, which is an import of a few rows as a test.

    Attributes:
        row_number: number of the row in the job database.
        line: number of its first line in the manifest.
        size_cell: the cell of the manifest with the size of the file; empty if there is none.
    """

    row_number: int
    line: int
    title: str
    url: str
    extension: str
    size_cell: str


def choose(db: Database, selectors: Iterable[LineRange | str]) -> None:
    """Choose only some rows.

    Args:
        db: the job database.
        selectors: lines of the manifest on which rows start, or reference IDs of rows.

    Raises:
        UsageError: no row matches one of the selectors.
    """
    _execute_all(db, statements.CREATE_CHOICE)
    for condition, parameters in _conditions(db, selectors, "only"):
        db.execute(statements.choose_where(condition), parameters)


def find_numbers(
    db: Database, selectors: Iterable[LineRange | str], setting: str
) -> Iterator[frozenset[int]]:
    """Yields the numbers of the rows that each selector selects.

    Args:
        db: the job database.
        selectors: as for `choose`.
        setting: name of the setting that has the selectors, for errors.

    Raises:
        UsageError: no row matches one of the selectors.
    """
    for condition, parameters in _conditions(db, selectors, setting):
        rows = db.execute(statements.numbers_where(condition), parameters)
        yield frozenset(number for (number,) in rows)


def leave_out(db: Database, table: str, numbers: Iterable[int]) -> None:
    """Choose the rows of a table without some rows.

    Args:
        db: the job database.
        table: the rows to choose from: all rows, or the rows that were chosen before.
        numbers: numbers of the rows that are not chosen.
    """
    if table == statements.ALL_ROWS:
        _execute_all(db, statements.CREATE_CHOICE)
        db.execute(statements.CHOOSE_ALL)
    db.executemany(statements.REMOVE_CHOSEN, [(number,) for number in numbers])


def choose_first(db: Database, table: str, limit: int) -> None:
    """Choose only the pending rows that are claimed first.

    Args:
        db: the job database.
        table: the rows to choose from: all rows, or the rows that were chosen before.
        limit: maximum number of rows.
    """
    if table == statements.CHOSEN_ROWS:
        db.execute(statements.KEEP_FIRST_CHOSEN, (limit,))
        return
    _execute_all(db, statements.CREATE_CHOICE)
    db.execute(statements.CHOOSE_FIRST, (limit,))


def choose_numbers(db: Database, numbers: Sequence[int]) -> None:
    """Choose only the rows with these numbers in the job database."""
    _execute_all(db, statements.CREATE_CHOICE)
    db.executemany(statements.CHOOSE_NUMBER, [(number,) for number in numbers])


def _execute_all(db: Database, batch: Iterable[str]) -> None:
    for statement in batch:
        db.execute(statement)


def _conditions(
    db: Database, selectors: Iterable[LineRange | str], setting: str
) -> Iterator[tuple[str, tuple[int | str, ...]]]:
    """Yields an SQL condition for `row`, and its parameters, for each selector."""
    _execute_all(db, statements.CREATE_PLACES)
    for selector in selectors:
        if isinstance(selector, LineRange):
            bounds = (selector.first, selector.last)
            _refuse_lines_without_rows(db, selector, bounds, setting)
            yield statements.ON_LINES, bounds
        else:
            parameters = (selector, selector)
            _refuse_unknown_id(db, selector, parameters, setting)
            yield statements.WITH_REFERENCE, parameters
    db.execute(statements.DROP_PLACES)


def _refuse_lines_without_rows(
    db: Database, lines: LineRange, bounds: tuple[int, int], setting: str
) -> None:
    if not db.execute(statements.ANY_ON_LINES, bounds).fetchone():
        first_line, last_line = db.execute(statements.LINE_SPAN).fetchone()
        hint = f"The rows begin in lines {first_line} to {last_line}. " if first_line else ""
        raise UsageError(
            f"{lines}: no row begins there.", f"{hint}Nothing was sent.", setting=setting
        )


def _refuse_unknown_id(
    db: Database, reference_id: str, parameters: tuple[str, str], setting: str
) -> None:
    if not db.execute(statements.ANY_WITH_REFERENCE, parameters).fetchone():
        similar_id = _most_similar_id(db, reference_id)
        hint = f"Did you mean {similar_id!r}? " if similar_id else ""
        raise UsageError(
            f"{reference_id!r} is not the reference ID of any row.",
            f"{hint}Nothing was sent.",
            setting=setting,
        )


def _most_similar_id(db: Database, reference_id: str) -> str:
    """Returns the reference ID of the job that is most similar to an ID; empty if none is."""
    # With a greater difference in length, two IDs are not similar.
    lengths = (len(reference_id) - 2, len(reference_id) + 2)
    rows = db.execute(statements.REFERENCES_OF_LENGTH, (*lengths, _MAX_COMPARED_IDS))
    return find_similar(reference_id, (identity for (identity,) in rows))
