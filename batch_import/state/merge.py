"""Combine the rows of several jobs in one database, each video once, to write results.

This module must not know what the results are.
"""

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from batch_import.state import merge_statements as statements
from batch_import.state.sqlite import SqliteConnection

#: Name of the column with the manifest that a row is from.
MANIFEST_COLUMN: Final = "manifest"


def add_job(
    connection: SqliteConnection, path: Path, account: str, manifest: str, ignored: str
) -> None:
    """Add all rows of another job after the existing ones.

    Args:
        path: the job database file, which is only read.
        account: the account of the job. Reference IDs are compared only within an account.
        manifest: value of its rows in the column `MANIFEST_COLUMN`.
        ignored: name of a last column that is left out.
    """
    with connection.errors_mapped(), _attach(connection.db, path) as db:
        db.execute(statements.CREATE_ORIGINS)
        (first,) = db.execute(statements.LAST_NUMBER).fetchone()
        for number, names, fields in db.execute(statements.HEADERS).fetchall():
            kept = json.loads(names)
            if kept[-1:] == [ignored] and len(kept) - 1 not in json.loads(fields):
                kept.pop()
            widen = _cell_appender(len(kept), manifest)
            db.create_function("with_manifest", 1, widen, deterministic=True)
            values = json.dumps([*kept, MANIFEST_COLUMN], ensure_ascii=False), fields
            db.execute(statements.ADD_HEADER, values)
            (header,) = db.execute(statements.HEADER_NUMBER, values).fetchone()
            rows = {"first": first, "header": header, "number": number}
            db.execute(statements.ADD_ROWS, rows)
        db.execute(statements.ADD_ORIGINS, {"first": first, "account": account})
        db.execute(statements.ADD_PICTURES)


def keep_each_video_once(connection: SqliteConnection) -> int:
    """Of rows with the same reference ID or the same media key, keep the most recent row.

    An imported row is preferred to any other. Returns the number of rows that were left out.
    """
    with connection.transaction() as db:
        db.execute(statements.SHARE_PLACES)
        left_out = sum(db.execute(statement).rowcount for statement in statements.LEAVE_OUT)
        for statement in statements.FINISH:
            db.execute(statement)
    return left_out


@contextmanager
def _attach(db: sqlite3.Connection, path: Path) -> Iterator[sqlite3.Connection]:
    db.execute("ATTACH DATABASE ? AS job", (str(path),))
    db.execute("BEGIN")
    try:
        yield db
        db.execute("COMMIT")
    finally:
        if db.in_transaction:
            db.execute("ROLLBACK")
        db.execute("DETACH DATABASE job")


def _cell_appender(width: int, manifest: str) -> Callable[[str], str]:
    """Returns a function that adds a cell to a row's cells at a fixed position."""

    def widen(text: str) -> str:
        cells = json.loads(text)
        cells = [*cells, *[""] * (width - len(cells))][:width]
        return json.dumps([*cells, manifest], ensure_ascii=False)

    return widen
