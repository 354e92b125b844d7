"""Which rows one run may take up: a table that lives as long as its connection.

A trigger keeps each chosen row's status beside it, so that the next row to claim is found in one
step, however many are not chosen. This file must not know who chose, nor what a run does.
"""

import difflib
import sqlite3
from collections.abc import Iterable
from typing import Final

from batch_import.errors import UsageError
from batch_import.models import LineRange

#: The queue of all rows, and that of the chosen ones; their columns below have the same names.
ALL, CHOSEN = "row", "chosen"

_QUEUED: Final = "number, status, expires, position"
_TABLES: Final = (
    """
    CREATE TEMP TABLE IF NOT EXISTS chosen (
        number INTEGER PRIMARY KEY, status TEXT, expires REAL, position INTEGER
    )
    """,
    "CREATE INDEX IF NOT EXISTS temp.chosen_by_status ON chosen (status, expires, position)",
    """
    CREATE TEMP TRIGGER IF NOT EXISTS chosen_follows AFTER UPDATE OF status ON main.row
    BEGIN UPDATE chosen SET status = new.status WHERE number = new.number; END
    """,
)
_FIRST: Final = "WHERE status = 'pending' ORDER BY expires, position LIMIT ?"
#: Names that are compared with one that is in no row.
_COMPARED: Final = 20_000


def choose(db: sqlite3.Connection, wanted: Iterable[LineRange | str]) -> None:
    """Choose the rows of the manifest that begin in these lines, or bear these reference IDs.

    Raises:
        UsageError: one of them is no row.
    """
    _begin(db)
    # Where the rows begin: the state has no index by line.
    db.execute(
        "CREATE TEMP TABLE place (line INTEGER, number INTEGER, PRIMARY KEY (line, number))"
        " WITHOUT ROWID"
    )
    db.execute("INSERT INTO place SELECT line, number FROM row WHERE position IS NOT NULL")
    for which in wanted:
        if isinstance(which, LineRange):
            _choose_lines(db, which)
        else:
            _choose_reference(db, which)
    db.execute("DROP TABLE place")


def choose_first(db: sqlite3.Connection, queue: str, limit: int) -> None:
    """Choose the pending rows of a queue that are claimed first, and no other."""
    if queue == CHOSEN:
        first = f"SELECT number FROM chosen {_FIRST}"
        db.execute(f"DELETE FROM chosen WHERE number NOT IN ({first})", (limit,))
        return
    _begin(db)
    db.execute(f"INSERT INTO chosen SELECT {_QUEUED} FROM row {_FIRST}", (limit,))


def _begin(db: sqlite3.Connection) -> None:
    for statement in _TABLES:
        db.execute(statement)
    db.execute("DELETE FROM chosen")


def _choose_lines(db: sqlite3.Connection, lines: LineRange) -> None:
    span = (lines.first, lines.last)
    found = "SELECT number FROM place WHERE line BETWEEN ? AND ?"
    if not db.execute(f"{found} LIMIT 1", span).fetchone():
        first, last = db.execute("SELECT min(line), max(line) FROM place").fetchone()
        where = f"The rows begin in lines {first} to {last}. " if first else ""
        raise UsageError(f"--only: no row begins in {lines}.", f"{where}Nothing was sent.")
    db.execute(
        f"INSERT OR IGNORE INTO chosen SELECT {_QUEUED} FROM row WHERE number IN ({found})", span
    )


def _choose_reference(db: sqlite3.Connection, name: str) -> None:
    found = "FROM row WHERE identity = ? AND position IS NOT NULL"
    if not db.execute(f"SELECT 1 {found}", (name,)).fetchone():
        near = _nearest(db, name)
        hint = f"Did you mean {near!r}? " if near else ""
        raise UsageError(
            f"--only: no row has the reference ID {name!r}.", f"{hint}Nothing was sent."
        )
    db.execute(f"INSERT OR IGNORE INTO chosen SELECT {_QUEUED} {found}", (name,))


def _nearest(db: sqlite3.Connection, name: str) -> str:
    """The reference ID that reads most like a name; empty where none does."""
    found = db.execute(
        "SELECT identity FROM row WHERE position IS NOT NULL"
        " AND length(identity) BETWEEN ? AND ? LIMIT ?",
        (len(name) - 2, len(name) + 2, _COMPARED),
    )
    near = difflib.get_close_matches(name, [identity for (identity,) in found], n=1)
    return near[0] if near else ""
