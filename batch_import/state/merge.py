"""Combine the rows of several jobs in one database, to write their results together.

If several jobs have the same video, the combined database has it once. This module must not know
what the results are.
"""

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from batch_import.state import merge_statements as statements
from batch_import.state.sqlite import SqliteConnection

#: Name of the column that is added to the columns of each job. It names the manifest of a row.
MANIFEST_COLUMN: Final = "manifest"


def add_job(
    connection: SqliteConnection, path: Path, account: str, manifest: str, ignored: str
) -> None:
    """Add all rows of a job after the rows of the jobs that were added before.

    Args:
        connection: the combined database.
        path: the database file of the job, which is only read.
        account: the account of the job. Reference IDs are compared only within an account.
        manifest: value of its rows in the column `MANIFEST_COLUMN`.
        ignored: name of a column that is left out if it is the last column of the manifest and not
            used as a field.
    """
    with connection.map_errors(), _attach(connection.db, path) as db:
        db.execute(statements.CREATE_ORIGINS)
        (first,) = db.execute(statements.LAST_NUMBER).fetchone()
        for number, names_json, fields_json in db.execute(statements.HEADERS).fetchall():
            names = json.loads(names_json)
            if names[-1:] == [ignored] and len(names) - 1 not in json.loads(fields_json):
                names.pop()
            add_manifest_cell = _cell_adder(len(names), manifest)
            db.create_function("with_manifest", 1, add_manifest_cell, deterministic=True)
            header = json.dumps([*names, MANIFEST_COLUMN], ensure_ascii=False), fields_json
            db.execute(statements.ADD_HEADER, header)
            (new_number,) = db.execute(statements.HEADER_NUMBER, header).fetchone()
            db.execute(
                statements.ADD_ROWS, {"first": first, "header": new_number, "number": number}
            )
        db.execute(statements.ADD_ORIGINS, {"first": first, "account": account})
        db.execute(statements.ADD_PICTURES)


def keep_each_video_once(connection: SqliteConnection) -> int:
    """Of rows with the same reference ID or the same media key, keep one row and delete the others.

    An imported row is kept if there is one, and otherwise the row that changed last. Must be called
    once, after all jobs were added.

    Returns:
        the number of deleted rows.
    """
    with connection.transaction() as db:
        db.execute(statements.SHARE_PLACES)
        deleted_count = sum(db.execute(statement).rowcount for statement in statements.LEAVE_OUT)
        for statement in statements.FINISH:
            db.execute(statement)
    return deleted_count


@contextmanager
def _attach(db: sqlite3.Connection, path: Path) -> Iterator[sqlite3.Connection]:
    """Opens a transaction in which another database file can be read as `job`."""
    db.execute("ATTACH DATABASE ? AS job", (str(path),))
    db.execute("BEGIN")
    try:
        yield db
        db.execute("COMMIT")
    finally:
        if db.in_transaction:
            db.execute("ROLLBACK")
        db.execute("DETACH DATABASE job")


def _cell_adder(column_count: int, manifest: str) -> Callable[[str], str]:
    """Returns a function that adds the cell of the column `MANIFEST_COLUMN` to a row's cells.

    The cells are JSON. Before, cells are added or removed until there are as many as columns.
    """

    def add_manifest_cell(text: str) -> str:
        cells = json.loads(text)
        missing_cells = [""] * (column_count - len(cells))
        cells = [*cells, *missing_cells][:column_count]
        return json.dumps([*cells, manifest], ensure_ascii=False)

    return add_manifest_cell
