"""The media in the account's list, beside a snapshot of the job's rows, for verification.

An account may have hundreds of thousands of media. Therefore they are kept in temporary tables, and
the job database is not written to. The rows are those of one moment, however long verification
takes: later changes by a run are no part of the comparison. This module must not know what a
difference means.
"""

from collections.abc import Iterable, Iterator

from batch_import.models import LookupTarget, Media
from batch_import.state import listing_statements as statements
from batch_import.state.sqlite import SqliteConnection


class AccountListing:
    """The media that were listed, and which row each belongs to.

    `Store.account_listing` creates it.

    Args:
        connection: until it is closed, it shows the rows of this moment.
    """

    def __init__(self, connection: SqliteConnection) -> None:
        self._connection = connection
        with connection.errors_mapped():
            connection.db.executescript(statements.CREATE_LISTING)

    def add(self, items: Iterable[Media]) -> int:
        """Add media; returns how many of them are new."""
        values = [
            (m.id, m.key, m.reference_id, m.status, m.title, m.created_date)
            for m in items
            if m.id or m.key
        ]
        before = self.count()
        with self._connection.errors_mapped():
            self._connection.db.executemany(statements.ADD_MEDIA, values)
        return self.count() - before

    def count(self) -> int:
        """Returns the number of media that were added."""
        return self._connection.count(statements.MEDIA_COUNT)

    # Media that are still to be requested -----------------------------------------------------

    def unlisted_count(self) -> int:
        """Returns the number of imported rows whose media was not listed."""
        return self._connection.count(statements.UNLISTED_COUNT)

    def unlisted(self, after: int, limit: int) -> list[LookupTarget]:
        """Returns some of these rows, by number, after a number."""
        return self._targets(statements.UNLISTED, after, limit)

    def playable_count(self) -> int:
        """Returns the number of rows that have an embed page."""
        return self._connection.count(statements.PLAYABLE_COUNT)

    def playable(self, after: int, limit: int) -> list[LookupTarget]:
        """Returns some of these rows, by number, after a number."""
        return self._targets(statements.PLAYABLE, after, limit)

    def _targets(self, statement: str, after: int, limit: int) -> list[LookupTarget]:
        return [
            LookupTarget(*values) for values in self._connection.rows(statement, (after, limit))
        ]

    def save_page_fault(self, key: str, fault: str) -> None:
        """Save why the embed page of a media does not play."""
        with self._connection.errors_mapped():
            self._connection.db.execute(statements.SAVE_PAGE_FAULT, (key, fault))

    # Which media belongs to which row ---------------------------------------------------------

    def page_fault(self, key: str) -> str:
        """Returns why an embed page does not play; empty if it plays or was not requested."""
        found = self._connection.row(statements.PAGE_FAULT, (key,))
        return found[0] if found else ""

    def media_of(self, reference_id: str, media_id: str, key: str) -> list[Media]:
        """Returns a row's media, and those with its reference ID that belong to no other row."""
        values = {"id": media_id, "name": reference_id, "key": key}
        return [_media(found) for found in self._connection.rows(statements.MEDIA_OF_ROW, values)]

    def unmatched_media(self) -> Iterator[Media]:
        """Yields the media that belong to no row of the job, in the order of the list."""
        yield from map(_media, self._connection.rows(statements.UNMATCHED_MEDIA))


def _media(values: tuple[str, str, str, str, str, str]) -> Media:
    media_id, key, reference_id, status, title, created = values
    return Media(media_id, key, reference_id, status, title, created_date=created)
