"""Copy all tables of a job from one database to another.

This module must not know what a table is for.
"""

from importlib import resources
from typing import Final

from batch_import.state import dialect
from batch_import.state.connection import Connection
from batch_import.state.sqlite import SqliteConnection

TABLES: Final = dialect.table_names(
    resources.files(__package__).joinpath("schema.sql").read_text(encoding="utf-8")
)


def copy(source: Connection, target: Connection) -> None:
    """Replace the content of a job database with the current content of another one."""
    if isinstance(source, SqliteConnection) and isinstance(target, SqliteConnection):
        source.copy_to(target)
        return
    with source.snapshot(), target.transaction() as db:
        for table in TABLES:
            db.execute(f"DELETE FROM {table}")
            db.insert(table, source.stream(f"SELECT * FROM {table}"))
            # Numbers of deleted rows are not used again.
            target.continue_after(table, source.last_number(table))
