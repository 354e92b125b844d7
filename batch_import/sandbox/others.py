"""Other users of the account, who add and delete media. The caller passes the time."""

from collections.abc import Iterator
from random import Random

from batch_import.sandbox.knobs import Knobs
from batch_import.sandbox.media import Catalogue


class OtherUsers:
    """Decides when other users add media, and which of their own media they delete.

    Args:
        additions_random: draws the time between two additions.
        seed: seed of a separate random number generator for deletions, so that they do not change
            the other random numbers.
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
        self._next_addition = start + _random_pause(additions_random, knobs.foreign_rate)
        self._next_deletion: float | None = None

    def additions(self, now: float) -> Iterator[float]:
        """Yields each time up to now at which they add a media, once."""
        while self._next_addition <= now:
            yield self._next_addition
            self._next_addition += _random_pause(self._additions_random, self._knobs.foreign_rate)

    def begin_deletions(self, now: float) -> None:
        """Begin the deletions, if they have not begun."""
        if self._next_deletion is None:
            self._next_deletion = now + _random_pause(
                self._deletions_random, self._knobs.deletion_rate
            )

    def delete(self, now: float) -> None:
        """Delete the media that they delete up to now."""
        while self._next_deletion is not None and self._next_deletion <= now:
            self._delete_adjacent()
            self._next_deletion += _random_pause(self._deletions_random, self._knobs.deletion_rate)

    def _delete_adjacent(self) -> None:
        media = self._catalogue.media
        deletable = [each for each in media if each.foreign and not each.deleted]
        if deletable:
            start_index = self._deletions_random.randrange(len(deletable))
            for each in deletable[start_index : start_index + self._knobs.deletion_size]:
                self._catalogue.delete(each)


def _random_pause(random: Random, rate: float) -> float:
    return random.expovariate(rate) if rate else float("inf")
