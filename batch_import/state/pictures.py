"""The sizes of the pictures of imported media: width and height of each video.

The importer requests them from the platform after the import, if the user asks for it. This module
must not know what the sizes are for.
"""

from typing import Final

from batch_import.state.connection import Connection

#: Imported media whose picture size was not requested yet.
_MISSING_ROWS: Final = """
    row WHERE status = 'imported' AND key <> '' AND key NOT IN (SELECT key FROM picture)
"""
_MISSING_COUNT: Final = f"SELECT count(DISTINCT key) FROM {_MISSING_ROWS}"
_MISSING: Final = f"SELECT DISTINCT key FROM {_MISSING_ROWS} LIMIT ?"
_DELETE: Final = "DELETE FROM picture WHERE key = ?"
_ADD: Final = "INSERT INTO picture VALUES (?, ?, ?)"


class Pictures:
    """The pictures of one job."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def missing_count(self) -> int:
        """Returns the number of imported media whose picture size was not requested yet."""
        return self._connection.count(_MISSING_COUNT)

    def missing(self, limit: int) -> list[str]:
        """Returns the keys of at most `limit` media whose picture size was not requested yet."""
        rows = self._connection.rows(_MISSING, (limit,))
        return [key for (key,) in rows]

    def save(self, key: str, size: tuple[int, int] | None) -> None:
        """Save that the picture size of a media was requested.

        Args:
            key: the media key.
            size: width and height in pixels; None if the platform did not give them.
        """
        width, height = size or (None, None)
        with self._connection.transaction() as db:
            # Not ON CONFLICT: PostgreSQL needs an index for it that limits the length of the key.
            db.execute(_DELETE, (key,))
            db.execute(_ADD, (key, width, height))
