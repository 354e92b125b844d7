"""All tables of a state, from one database to another.

This file must not know what a table is for.
"""

from importlib import resources
from typing import Final

from batch_import.state import dialect
from batch_import.state.connection import Connection
from batch_import.state.sqlite import SqliteConnection

TABLES: Final = dialect.tables(
    resources.files(__package__).joinpath("schema.sql").read_text(encoding="utf-8")
)


def copy(source: Connection, target: Connection) -> None:
    """Replace all that a state holds by what another one holds at this moment."""
    if isinstance(source, SqliteConnection) and isinstance(target, SqliteConnection):
        source.copy_to(target)
        return
    with source.snapshot(), target.transaction() as db:
        for table in TABLES:
            db.execute(f"DELETE FROM {table}")
            db.insert(table, source.stream(f"SELECT * FROM {table}"))
            # A number that no row has any more is not given to another one.
            target.continue_after(table, source.last_number(table))
