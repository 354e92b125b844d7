"""The account's media beside the rows of a job, for verification, which compares them.

An account may have hundreds of thousands of media. Therefore they are stored in temporary tables of
the job database's connection; the job database itself is not changed. The rows are read from a
snapshot: if a run changes them later, the comparison does not see this. This module must not know
what a difference means.
"""

from collections.abc import Iterable, Iterator

from batch_import.models import LookupTarget, Media
from batch_import.state import listing_statements as statements
from batch_import.state.sqlite import SqliteConnection


class AccountListing:
    """The media that the account's list shows, and the rows to which they belong.

    `Store.account_listing` creates it.

    Args:
        connection: connection to the job database. Until it is closed, it shows the rows as they
            are now.
    """

    def __init__(self, connection: SqliteConnection) -> None:
        self._connection = connection
        with connection.map_errors():
            connection.db.executescript(statements.CREATE_LISTING)

    def add(self, items: Iterable[Media]) -> int:
        """Add media of the list; returns the number of media that were not added before.

        A media without ID and key is ignored.
        """
        values = [
            (media.id, media.key, media.reference_id, media.status, media.title, media.created_date)
            for media in items
            if media.id or media.key
        ]
        earlier_count = self.count()
        with self._connection.map_errors():
            self._connection.db.executemany(statements.ADD_MEDIA, values)
        return self.count() - earlier_count

    def count(self) -> int:
        """Returns the number of media that were added."""
        return self._connection.count(statements.MEDIA_COUNT)

    # Media that are still to be requested -----------------------------------------------------

    def unlisted_count(self) -> int:
        """Returns the number of imported rows whose media is not in the list."""
        return self._connection.count(statements.UNLISTED_COUNT)

    def unlisted(self, after: int, limit: int) -> list[LookupTarget]:
        """Returns imported rows whose media is not in the list, in the order of their numbers.

        Args:
            after: only rows with a higher number are returned.
            limit: maximum number of rows.
        """
        return self._targets(statements.UNLISTED, after, limit)

    def playable_count(self) -> int:
        """Returns the number of rows that have an embed page."""
        return self._connection.count(statements.PLAYABLE_COUNT)

    def playable(self, after: int, limit: int) -> list[LookupTarget]:
        """Returns rows that have an embed page; arguments and order as for `unlisted`."""
        return self._targets(statements.PLAYABLE, after, limit)

    def _targets(self, statement: str, after: int, limit: int) -> list[LookupTarget]:
        return [
            LookupTarget(*values) for values in self._connection.rows(statement, (after, limit))
        ]

    def save_page_fault(self, key: str, fault: str) -> None:
        """Save why the embed page of a media does not play. `key` is the media key."""
        with self._connection.map_errors():
            self._connection.db.execute(statements.SAVE_PAGE_FAULT, (key, fault))

    # Which media belongs to which row ---------------------------------------------------------

    def page_fault(self, key: str) -> str:
        """Returns why an embed page does not play; empty if it plays or was not requested."""
        row = self._connection.row(statements.PAGE_FAULT, (key,))
        return row[0] if row else ""

    def media_of(self, reference_id: str, media_id: str, key: str) -> list[Media]:
        """Returns the media of a row, and media with its reference ID that belong to no other row.

        Args:
            reference_id: reference ID of the row.
            media_id: ID of the row's media.
            key: media key of the row's media.
        """
        parameters = {"id": media_id, "reference": reference_id, "key": key}
        rows = self._connection.rows(statements.MEDIA_OF_ROW, parameters)
        return [_media(row) for row in rows]

    def unmatched_media(self) -> Iterator[Media]:
        """Yields the media that belong to no row of the job, in the order of the list."""
        yield from map(_media, self._connection.rows(statements.UNMATCHED_MEDIA))


def _media(values: tuple[str, str, str, str, str, str]) -> Media:
    media_id, key, reference_id, status, title, created_date = values
    return Media(media_id, key, reference_id, status, title, created_date=created_date)
