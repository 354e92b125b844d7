"""The pictures of imported media: whether their size was requested, and the sizes.

This module must not know what the sizes are for.
"""

from batch_import.state import statements
from batch_import.state.connection import Connection


class Pictures:
    """The pictures of one job."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def missing_count(self) -> int:
        """Returns the number of imported media whose picture size was not requested yet."""
        return self._connection.count(statements.MISSING_PICTURES_COUNT)

    def missing(self, limit: int) -> list[str]:
        """Returns the media keys of at most `limit` of these media."""
        found = self._connection.rows(statements.MISSING_PICTURES, (limit,))
        return [key for (key,) in found]

    def save(self, key: str, size: tuple[int, int] | None) -> None:
        """Save the width and height of a media's picture in pixels; None if there is no picture."""
        with self._connection.transaction() as db:
            db.execute(statements.SAVE_PICTURE, (key, *(size or (None, None))))
