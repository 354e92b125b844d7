"""Other users of the account, who add and delete media. Pure: the clock is passed in."""

from collections.abc import Iterator
from random import Random

from batch_import.sandbox.knobs import Knobs
from batch_import.sandbox.media import Catalogue


class OtherUsers:
    """When others add media, and which of theirs they delete.

    Args:
        random: draws the pauses between two additions.
        seed: of a random stream of the deletions' own, so that they change nothing else.
    """

    def __init__(
        self, knobs: Knobs, catalogue: Catalogue, start: float, random: Random, seed: int
    ) -> None:
        self._knobs = knobs
        self._catalogue = catalogue
        self._additions = random
        self._deletions = Random(f"{seed}/deletions")
        self._next_addition = start + _pause(random, knobs.foreign_rate)
        self._next_deletion: float | None = None

    def additions(self, now: float) -> Iterator[float]:
        """The moments up to now at which they add a media, each once."""
        while self._next_addition <= now:
            yield self._next_addition
            self._next_addition += _pause(self._additions, self._knobs.foreign_rate)

    def begin_deletions(self, now: float) -> None:
        """Delete from now on, if not before."""
        if self._next_deletion is None:
            self._next_deletion = now + _pause(self._deletions, self._knobs.deletion_rate)

    def delete(self, now: float) -> None:
        """Delete what they delete up to now."""
        while self._next_deletion is not None and self._next_deletion <= now:
            self._delete_some()
            self._next_deletion += _pause(self._deletions, self._knobs.deletion_rate)

    def _delete_some(self) -> None:
        media = self._catalogue.media
        theirs = [each for each in media if each.foreign and not each.deleted]
        if theirs:
            first = self._deletions.randrange(len(theirs))
            for each in theirs[first : first + self._knobs.deletion_size]:
                self._catalogue.delete(each)


def _pause(random: Random, rate: float) -> float:
    return random.expovariate(rate) if rate else float("inf")
