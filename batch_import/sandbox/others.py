"""Other users of the account, who add and delete media. The caller passes the time."""

from collections.abc import Iterator
from itertools import count
from random import Random

from batch_import.sandbox.knobs import Knobs
from batch_import.sandbox.late_posts import DueMedia
from batch_import.sandbox.media import Catalogue


class OtherUsers:
    """Decides when other users add media, and deletes media in their name.

    Args:
        knobs: how often other users add and delete media.
        catalogue: the media of the account.
        start: epoch seconds from which the first addition is counted.
        additions_random: random number generator for the time between two additions.
        seed: seed of a separate random number generator for deletions. The number of deletions
            therefore does not change the other random numbers.
    """

    def __init__(
        self,
        knobs: Knobs,
        catalogue: Catalogue,
        start: float,
        additions_random: Random,
        seed: int,
    ) -> None:
        self._knobs = knobs
        self._catalogue = catalogue
        self._additions_random = additions_random
        self._deletions_random = Random(f"{seed}/deletions")
        self._next_addition_at = start + _random_pause(additions_random, knobs.foreign_rate)
        self._next_deletion_at: float | None = None

    def take_additions(self, now: float) -> Iterator[DueMedia]:
        """Yields the media that other users add until now, the earliest first, each once."""
        for number in count(len(self._catalogue.media)):
            if self._next_addition_at > now:
                return
            fields = {"title": f"Added by others {number}", "foreign": True}
            yield self._next_addition_at, fields
            self._next_addition_at += _random_pause(
                self._additions_random, self._knobs.foreign_rate
            )

    def begin_deletions(self, now: float) -> None:
        """Begin the deletions, if they have not begun."""
        if self._next_deletion_at is None:
            self._next_deletion_at = now + _random_pause(
                self._deletions_random, self._knobs.deletion_rate
            )

    def delete_due_media(self, now: float) -> None:
        """Carry out all deletions that are due up to now."""
        while self._next_deletion_at is not None and self._next_deletion_at <= now:
            self._delete_adjacent()
            self._next_deletion_at += _random_pause(
                self._deletions_random, self._knobs.deletion_rate
            )

    def _delete_adjacent(self) -> None:
        """Delete some adjacent media that other users have added, from a random place on."""
        deletable = [
            media for media in self._catalogue.media if media.foreign and not media.deleted
        ]
        if deletable:
            start_index = self._deletions_random.randrange(len(deletable))
            for media in deletable[start_index : start_index + self._knobs.deletion_size]:
                self._catalogue.delete(media)


def _random_pause(random: Random, rate: float) -> float:
    """Returns random seconds between two events; infinity if there are no events (rate 0)."""
    return random.expovariate(rate) if rate else float("inf")
