"""The pictures of imported media: which were asked for, and their sizes.

This file must not know what the sizes are for.
"""

from batch_import.state import statements
from batch_import.state.connection import Connection


class Pictures:
    """The pictures of one job."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def missing_count(self) -> int:
        """How many imported media's pictures were not asked for yet."""
        return self._connection.count(statements.MISSING_PICTURES_COUNT)

    def missing(self, limit: int) -> list[str]:
        """Keys of some of these media."""
        found = self._connection.rows(statements.MISSING_PICTURES, (limit,))
        return [key for (key,) in found]

    def save(self, key: str, size: tuple[int, int] | None) -> None:
        """Keep the size of a media's picture, in pixels; None: the platform has none."""
        with self._connection.transaction() as db:
            db.execute(statements.SAVE_PICTURE, (key, *(size or (None, None))))
