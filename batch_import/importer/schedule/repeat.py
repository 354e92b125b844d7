"""May this POST be repeated? All of the answer is in this file. Pure.

1. What the platform answered (`outcome_of`). Repeated at once: only where the answer proves that
   nothing was made, which is 429 and no connection. Never: where the platform refused the row.
   Otherwise nobody knows, and the row is `Unknown`.
2. Whether lists prove that an unknown row's media does not exist (`ListConsistency`). A list that
   covers the moment of the POST, and does not show the media, is one absence. Absences prove
   something only as far as lists proved reliable for media that are known to be there:

   - no list ever lost a media that a list had shown before;
   - at least `ENOUGH` media were seen, and the media is older than any of those was when lists
     still did not show it, by a factor that shrinks with their number;
   - enough absences in a row, so that lists that lose a media at random are not believed.

A row proven absent is sent again, `ATTEMPTS` times a run at most.
"""

import json
import math
from bisect import insort
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from enum import Enum, auto
from typing import Final, Self

from batch_import.errors import (
    AuthenticationFailed,
    NotSent,
    RequestFailed,
    RequestRejected,
    Throttled,
)
from batch_import.importer.calls import Answer
from batch_import.importer.schedule.observations import ENOUGH
from batch_import.importer.schedule.ownership import LATE_ARRIVAL
from batch_import.importer.schedule.polling import RECHECK_SHARE, SHORTEST

#: POSTs of one row in a run, and refused lookups of it. Weather that lasts longer than their
#: growing delays (1 + 2 + 4 + 8 s) is better waited for between two runs.
ATTEMPTS: Final = 5
#: The probability left that lists which lose media at random lost this one every time.
_DOUBT: Final = 1e-4
_CONFLICT: Final = 409
_BAD_REQUEST: Final = 400


class CreateOutcome(Enum):
    """What an answer proves about a POST."""

    #: The media is being made.
    CREATED = auto()
    #: Nothing was made: the POST may be repeated as it is.
    NOT_CARRIED_OUT = auto()
    #: Nothing was made, and nothing will be: the row has failed.
    REFUSED = auto()
    #: A media with this reference ID exists: perhaps from an earlier POST of this row.
    CONFLICT = auto()
    #: Nobody knows: the row must be looked for, and not be sent before.
    UNCLEAR = auto()


def outcome_of(answer: Answer) -> CreateOutcome:
    """What an answer to a POST proves."""
    match answer:
        case str():
            return CreateOutcome.CREATED
        case Throttled() | NotSent():
            return CreateOutcome.NOT_CARRIED_OUT
        case _ if is_weather(answer):
            return CreateOutcome.UNCLEAR
        case RequestRejected(status=status) if status == _CONFLICT:
            return CreateOutcome.CONFLICT
        case RequestRejected() | AuthenticationFailed():
            return CreateOutcome.REFUSED
    return CreateOutcome.UNCLEAR


def is_weather(answer: Answer) -> bool:
    """Whether an answer tells of the way to the platform, not of the call: it is no answer.

    A redirect is one: the API redirects nobody, captive portals and gateways do.
    """
    if isinstance(answer, RequestRejected):
        return answer.status is not None and answer.status < _BAD_REQUEST
    return isinstance(answer, RequestFailed) and not isinstance(
        answer, Throttled | AuthenticationFailed
    )


@dataclass(slots=True)
class _Seen:
    """What lists have shown, as it is kept with the job.

    Attributes:
        shows_processing: media are shown before they are online.
        inconsistent: a media that had been shown was missing.
        first: how many media were seen for the first time.
        shown: how often a media that had to be shown was.
        hidden: the greatest age of a media that was there and not shown.
        closely: how many of them were looked at until shortly before.
        perhaps_hidden: the greatest age up to which one may not have been, for nobody looked.
        latest: the greatest ages up to which single media, since shown, were not: `ENOUGH` of them.
        youngest: the lowest ages at which media were shown, `ENOUGH` of them.
    """

    shows_processing: bool = False
    inconsistent: bool = False
    first: int = 0
    closely: int = 0
    shown: int = 0
    hidden: float = 0.0
    perhaps_hidden: float = 0.0
    latest: list[float] = field(default_factory=list)
    youngest: list[float] = field(default_factory=list)


class ListConsistency:
    """From which age on lists show every media, learned from media that are known to be there."""

    def __init__(self) -> None:
        self._seen = _Seen()

    @classmethod
    def restore(cls, text: str | None) -> Self:
        """What an earlier run of the job learned; nothing where the text is none of `dump`."""
        made = cls()
        try:
            made._seen = _Seen(**json.loads(text or "{}"))
        except (ValueError, TypeError):
            made._seen = _Seen()
        return made

    def dump(self) -> str:
        """All of it as text."""
        return json.dumps(asdict(self._seen))

    @property
    def shows_processing(self) -> bool:
        """Whether lists show media before they are online."""
        return self._seen.shows_processing

    def seen(self, age: float, *, hidden: float, first: bool, done: bool) -> None:
        """A media that is known to be there was in a list, at this age at the most.

        Args:
            hidden: the greatest age at which a list that covers it did not show it.
        """
        seen = self._seen
        seen.shown += 1
        seen.shows_processing = seen.shows_processing or not done
        if first:
            seen.first += 1
            insort(seen.youngest, age)
            del seen.youngest[ENOUGH:]
            insort(seen.latest, hidden)
            del seen.latest[:-ENOUGH]
            if age - hidden <= 2 * max(SHORTEST, RECHECK_SHARE * age):
                seen.closely += 1
            elif hidden:
                # Nobody looked for long: it may have been hidden until this look.
                seen.perhaps_hidden = max(seen.perhaps_hidden, age)

    def seen_again(self) -> None:
        """A media that had been shown before was in a list that must show it."""
        self._seen.shown += 1

    def hidden(self, age: float) -> None:
        """A media that is known to be there was not in a list that covers it, at this age."""
        self._seen.hidden = max(self._seen.hidden, min(age, 1e9))

    def mark_inconsistent(self) -> None:
        """A media that had been shown was missing: such lists prove nothing by an absence."""
        self._seen.inconsistent = True

    def visible_from(self, unseen: float) -> float | None:
        """The age from which lists have shown every media so far; None where nobody can know.

        Args:
            unseen: the greatest age at which a media that is there was looked for in vain, of
                those that no list has shown yet.
        """
        if self._seen.inconsistent or len(self._seen.youngest) < ENOUGH:
            return None
        return max(self._seen.hidden, unseen, self._seen.youngest[-1])

    def proof_age(self, unseen: float) -> float | None:
        """The age at which an absence may prove that there is no media; None as above."""
        visible = self.visible_from(unseen)
        if visible is None:
            return None
        hidden = max(self._seen.hidden, unseen)
        # A media may have been hidden until shortly before the look that showed it; and one that
        # nobody looked for before, at any lower age.
        known = max(hidden * (1 + RECHECK_SHARE), self._seen.youngest[-1])
        # How far the latest media are apart tells how much later the next one may be; the latest
        # of n is exceeded by the next one once in n + 1 times: the fewer, the wider the margin.
        apart = self._seen.latest[-1] - self._seen.latest[0]
        late = known * (1 + ENOUGH / self._seen.first) + apart
        # What nobody looked at for long tells nothing that many others do not tell better.
        few = self._seen.closely < ENOUGH * ENOUGH
        return max(visible, late, self._seen.perhaps_hidden if few else 0.0) + LATE_ARRIVAL

    def proves_absence(self, ages: Iterable[float], unseen: float) -> bool:
        """Whether a media that lists did not show at these ages does not exist."""
        visible, proof = self.visible_from(unseen), self.proof_age(unseen)
        if visible is None or proof is None:
            return False
        looks, last, age = 0, -math.inf, -math.inf
        for age in sorted(ages):
            if age >= visible and age - last >= SHORTEST:
                looks, last = looks + 1, age
        return age >= proof and looks >= self.looks_needed()

    def looks_needed(self) -> int:
        """How many absences in a row leave no doubt, where lists may lose media at random."""
        # Laplace: what never happened in n looks happens once in n + 1, at worst.
        return math.ceil(math.log(_DOUBT) / -math.log(self._seen.shown + 2))
