"""Which rows a run may import. This module must not know who chose them, nor what a run does."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from batch_import.errors import UsageError, find_similar
from batch_import.models import LineRange
from batch_import.state import choice_statements as statements
from batch_import.state.connection import Database

#: Maximum number of reference IDs among which a similar one is searched for a suggestion.
_MAX_COMPARED_IDS: Final = 20_000


@dataclass(frozen=True, slots=True)
class PendingRow:
    """A row that may be chosen for a pilot, which is an import of a few rows as a test.

    Attributes:
        size_cell: the manifest's cell with the size of the file; empty if there is none.
    """

    row_number: int
    line: int
    title: str
    url: str
    extension: str
    size_cell: str


def choose(db: Database, wanted: Iterable[LineRange | str]) -> None:
    """Choose the rows that start on these lines of the manifest, or have these reference IDs.

    Raises:
        UsageError: there is no such row.
    """
    _run(db, statements.CREATE_CHOICE)
    _run(db, statements.CREATE_PLACES)
    for which in wanted:
        if isinstance(which, LineRange):
            _choose_lines(db, which)
        else:
            _choose_reference(db, which)
    db.execute(statements.DROP_PLACES)


def choose_first(db: Database, table: str, limit: int) -> None:
    """Choose only the pending rows of a table that are claimed first."""
    if table == statements.CHOSEN_ROWS:
        db.execute(statements.KEEP_FIRST_CHOSEN, (limit,))
        return
    _run(db, statements.CREATE_CHOICE)
    db.execute(statements.CHOOSE_FIRST, (limit,))


def choose_numbers(db: Database, numbers: Sequence[int]) -> None:
    """Choose only the rows with these numbers."""
    _run(db, statements.CREATE_CHOICE)
    db.executemany(statements.CHOOSE_NUMBER, [(number,) for number in numbers])


def _run(db: Database, batch: Iterable[str]) -> None:
    for statement in batch:
        db.execute(statement)


def _choose_lines(db: Database, lines: LineRange) -> None:
    span = (lines.first, lines.last)
    if not db.execute(statements.ANY_ON_LINES, span).fetchone():
        first, last = db.execute(statements.LINE_SPAN).fetchone()
        where = f"The rows begin in lines {first} to {last}. " if first else ""
        raise UsageError(
            f"{lines}: no row begins there.", f"{where}Nothing was sent.", setting="only"
        )
    db.execute(statements.CHOOSE_LINES, span)


def _choose_reference(db: Database, name: str) -> None:
    if not db.execute(statements.ANY_WITH_REFERENCE, (name, name)).fetchone():
        near = _nearest(db, name)
        hint = f"Did you mean {near!r}? " if near else ""
        raise UsageError(
            f"{name!r} is not the reference ID of any row.",
            f"{hint}Nothing was sent.",
            setting="only",
        )
    db.execute(statements.CHOOSE_REFERENCE, (name, name))


def _nearest(db: Database, name: str) -> str:
    """Returns the reference ID that is most similar to a name; empty if there is none."""
    lengths = (len(name) - 2, len(name) + 2)
    found = db.execute(statements.REFERENCES_OF_LENGTH, (*lengths, _MAX_COMPARED_IDS))
    return find_similar(name, (identity for (identity,) in found))
