"""POSTs that the simulated platform carries out some time after it has answered with an error."""

from typing import Any

#: A media to create: the time in epoch seconds, and its fields.
DueMedia = tuple[float, dict[str, Any]]


class LatePosts:
    """The POSTs that are answered and not carried out yet."""

    def __init__(self) -> None:
        self._waiting: list[DueMedia] = []

    def add(self, due_at: float, fields: dict[str, Any]) -> None:
        """Add a POST that is carried out at `due_at`; `fields` are those of its media."""
        self._waiting.append((due_at, fields))

    def take_due(self, now: float) -> list[DueMedia]:
        """Returns the media of all POSTs that are due until now, each of them once."""
        due = [post for post in self._waiting if post[0] <= now]
        self._waiting = [post for post in self._waiting if post[0] > now]
        return due
