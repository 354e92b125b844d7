"""The ledger of an account in a PostgreSQL database. The runs on all machines use the same ledger.

A ledger stores a text, called the record, by which the runs of an account share its rate limit.
This module must not know the content of the record.
"""

from collections.abc import Callable
from typing import Final, TypeVar

from batch_import.state.postgres import Session, connect, map_postgres_errors, url_without_password

_T = TypeVar("_T")

_ADD: Final = """
    INSERT INTO batch_import.budget (account, record) VALUES (%s, '') ON CONFLICT DO NOTHING
"""
_LOCK: Final = "SELECT record FROM batch_import.budget WHERE account = %s FOR UPDATE"
#: The time is read after the record is locked. Otherwise it could be earlier than the time that
#: another run has just written into the record.
_CLOCK: Final = "SELECT extract(epoch FROM clock_timestamp())::float8"
_SAVE: Final = "UPDATE batch_import.budget SET record = %s WHERE account = %s"


class DatabaseLedger:
    """A ledger whose record is in a PostgreSQL database. Its clock is the clock of the server.

    Args:
        url: URL of the database.
        account: identifies the account.

    Raises:
        StateError: the database cannot be used.
    """

    def __init__(self, url: str, account: str) -> None:
        self._url, self._account = url, account
        self._name = url_without_password(url)
        self._db: Session = connect(url, self._name)
        with map_postgres_errors(self._name):
            self._db.execute(_ADD, (account,))

    def update(self, change: Callable[[str, float], tuple[str, _T]]) -> _T:
        """As in `shared_rate_limiter.Ledger`.

        Raises:
            StateUnavailable: the database cannot be reached, or the ledger is closed.
        """
        with map_postgres_errors(self._name), self._db.transaction():
            (record,) = self._db.execute(_LOCK, (self._account,)).fetchone() or ("",)
            (now,) = self._db.execute(_CLOCK).fetchone() or (0.0,)
            new_record, result = change(record, now)
            self._db.execute(_SAVE, (new_record, self._account))
        return result

    def close(self) -> None:
        """As in `shared_rate_limiter.Ledger`."""
        self._db.close()
