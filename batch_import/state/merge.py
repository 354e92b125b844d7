"""The rows of several jobs in one state, each video once. It is for results alone.

This file must not know what the results are.
"""

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from batch_import.state import merge_statements as statements
from batch_import.state.sqlite import SqliteConnection

#: The column that says which manifest a row is from.
MANIFEST: Final = "manifest"


def add_job(
    connection: SqliteConnection, path: Path, account: str, manifest: str, ignored: str
) -> None:
    """Add all rows of another job, after those that are there.

    Args:
        path: of its state, which is only read.
        account: whose videos these are: reference IDs are compared within an account.
        manifest: what its rows have in the column `MANIFEST`.
        ignored: the name of a last column that is left out.
    """
    with connection.errors_mapped(), _attached(connection.db, path) as db:
        db.execute(statements.CREATE_ORIGINS)
        (first,) = db.execute(statements.LAST_NUMBER).fetchone()
        for number, names, fields in db.execute(statements.HEADERS).fetchall():
            kept = json.loads(names)
            if kept[-1:] == [ignored] and len(kept) - 1 not in json.loads(fields):
                kept.pop()
            widen = _widened(len(kept), manifest)
            db.create_function("with_manifest", 1, widen, deterministic=True)
            values = json.dumps([*kept, MANIFEST], ensure_ascii=False), fields
            db.execute(statements.ADD_HEADER, values)
            (header,) = db.execute(statements.HEADER_NUMBER, values).fetchone()
            rows = {"first": first, "header": header, "number": number}
            db.execute(statements.ADD_ROWS, rows)
        db.execute(statements.ADD_ORIGINS, {"first": first, "account": account})
        db.execute(statements.ADD_PICTURES)


def keep_each_video_once(connection: SqliteConnection) -> int:
    """Of rows with one reference ID, and of rows with one key, keep the newest truth.

    An imported row is truer than any other. Returns how many rows were left out.
    """
    with connection.transaction() as db:
        db.execute(statements.SHARE_PLACES)
        left_out = sum(db.execute(statement).rowcount for statement in statements.LEAVE_OUT)
        for statement in statements.FINISH:
            db.execute(statement)
    return left_out


@contextmanager
def _attached(db: sqlite3.Connection, path: Path) -> Iterator[sqlite3.Connection]:
    db.execute("ATTACH DATABASE ? AS job", (str(path),))
    db.execute("BEGIN")
    try:
        yield db
        db.execute("COMMIT")
    finally:
        if db.in_transaction:
            db.execute("ROLLBACK")
        db.execute("DETACH DATABASE job")


def _widened(width: int, manifest: str) -> Callable[[str], str]:
    """Puts a cell behind those of a row, which may have more or fewer than its header."""

    def widen(text: str) -> str:
        cells = json.loads(text)
        cells = [*cells, *[""] * (width - len(cells))][:width]
        return json.dumps([*cells, manifest], ensure_ascii=False)

    return widen
