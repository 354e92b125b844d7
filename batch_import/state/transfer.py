"""Copy all tables of a job from one job database to another, of the same or of another kind.

This module must not know what a table is for.
"""

from importlib import resources
from typing import Final

from batch_import.state import dialect
from batch_import.state.connection import Connection
from batch_import.state.sqlite import SqliteConnection

#: Names of the tables of a job database.
TABLES: Final = dialect.table_names(
    resources.files(__package__).joinpath("schema.sql").read_text(encoding="utf-8")
)


def copy(source: Connection, target: Connection) -> None:
    """Replace the content of `target` with the current content of `source`."""
    if isinstance(source, SqliteConnection) and isinstance(target, SqliteConnection):
        source.copy_to(target)
        return
    with source.snapshot(), target.transaction() as db:
        for table in TABLES:
            db.execute(f"DELETE FROM {table}")
            db.insert(table, source.stream(f"SELECT * FROM {table}"))
            # The numbers of deleted rows must not be used again, as in `source`.
            target.continue_after(table, source.last_number(table))
