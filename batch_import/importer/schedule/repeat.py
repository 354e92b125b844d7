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
from batch_import.importer.schedule.observations import MIN_SAMPLE_SIZE
from batch_import.importer.schedule.ownership import LATE_ARRIVAL_SECONDS
from batch_import.importer.schedule.polling import MIN_POLL_INTERVAL, RECHECK_SHARE
from batch_import.importer.scheduled_request import Answer

#: POSTs of one row in a run, and refused lookups of it. Weather that lasts longer than their
#: growing delays (1 + 2 + 4 + 8 s) is better waited for between two runs.
MAX_ATTEMPTS: Final = 5
#: The probability left that lists which lose media at random lost this one every time.
_MAX_ERROR_PROBABILITY: Final = 1e-4
_CONFLICT_STATUS: Final = 409
_BAD_REQUEST_STATUS: Final = 400


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


def create_outcome(answer: Answer) -> CreateOutcome:
    """What an answer to a POST proves."""
    match answer:
        case str():
            return CreateOutcome.CREATED
        case Throttled() | NotSent():
            return CreateOutcome.NOT_CARRIED_OUT
        case _ if is_transport_failure(answer):
            return CreateOutcome.UNCLEAR
        case RequestRejected(status=status) if status == _CONFLICT_STATUS:
            return CreateOutcome.CONFLICT
        case RequestRejected() | AuthenticationFailed():
            return CreateOutcome.REFUSED
    return CreateOutcome.UNCLEAR


def is_transport_failure(answer: Answer) -> bool:
    """Whether an answer tells of the way to the platform, not of the call: it is no answer.

    A redirect is one: the API redirects nobody, captive portals and gateways do.
    """
    if isinstance(answer, RequestRejected):
        return answer.status is not None and answer.status < _BAD_REQUEST_STATUS
    return isinstance(answer, RequestFailed) and not isinstance(
        answer, Throttled | AuthenticationFailed
    )


@dataclass(slots=True)
class _ListStatistics:
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
        self._statistics = _ListStatistics()

    @classmethod
    def restore(cls, text: str | None) -> Self:
        """What an earlier run of the job learned; nothing where the text is none of `dump`."""
        consistency = cls()
        try:
            consistency._statistics = _ListStatistics(**json.loads(text or "{}"))
        except (ValueError, TypeError):
            consistency._statistics = _ListStatistics()
        return consistency

    def dump(self) -> str:
        """All of it as text."""
        return json.dumps(asdict(self._statistics))

    @property
    def shows_processing(self) -> bool:
        """Whether lists show media before they are online."""
        return self._statistics.shows_processing

    def record_shown(self, age: float, *, hidden_age: float, is_first: bool, is_done: bool) -> None:
        """A media that is known to be there was in a list, at this age at the most.

        Args:
            hidden: the greatest age at which a list that covers it did not show it.
        """
        statistics = self._statistics
        statistics.shown += 1
        statistics.shows_processing = statistics.shows_processing or not is_done
        if is_first:
            statistics.first += 1
            insort(statistics.youngest, age)
            del statistics.youngest[MIN_SAMPLE_SIZE:]
            insort(statistics.latest, hidden_age)
            del statistics.latest[:-MIN_SAMPLE_SIZE]
            if age - hidden_age <= 2 * max(MIN_POLL_INTERVAL, RECHECK_SHARE * age):
                statistics.closely += 1
            elif hidden_age:
                # Nobody looked for long: it may have been hidden until this look.
                statistics.perhaps_hidden = max(statistics.perhaps_hidden, age)

    def record_shown_again(self) -> None:
        """A media that had been shown before was in a list that must show it."""
        self._statistics.shown += 1

    def record_hidden(self, age: float) -> None:
        """A media that is known to be there was not in a list that covers it, at this age."""
        self._statistics.hidden = max(self._statistics.hidden, min(age, 1e9))

    def mark_inconsistent(self) -> None:
        """A media that had been shown was missing: such lists prove nothing by an absence."""
        self._statistics.inconsistent = True

    def visible_age(self, unseen_age: float) -> float | None:
        """The age from which lists have shown every media so far; None where nobody can know.

        Args:
            unseen: the greatest age at which a media that is there was looked for in vain, of
                those that no list has shown yet.
        """
        if self._statistics.inconsistent or len(self._statistics.youngest) < MIN_SAMPLE_SIZE:
            return None
        return max(self._statistics.hidden, unseen_age, self._statistics.youngest[-1])

    def proof_age(self, unseen_age: float) -> float | None:
        """The age at which an absence may prove that there is no media; None as above."""
        visible_age = self.visible_age(unseen_age)
        if visible_age is None:
            return None
        hidden_age = max(self._statistics.hidden, unseen_age)
        # A media may have been hidden until shortly before the look that showed it; and one that
        # nobody looked for before, at any lower age.
        known = max(hidden_age * (1 + RECHECK_SHARE), self._statistics.youngest[-1])
        # How far the latest media are apart tells how much later the next one may be; the latest
        # of n is exceeded by the next one once in n + 1 times: the fewer, the wider the margin.
        spread = self._statistics.latest[-1] - self._statistics.latest[0]
        oldest_hidden_age = known * (1 + MIN_SAMPLE_SIZE / self._statistics.first) + spread
        # What nobody looked at for long tells nothing that many others do not tell better.
        has_few_close = self._statistics.closely < MIN_SAMPLE_SIZE * MIN_SAMPLE_SIZE
        return (
            max(
                visible_age,
                oldest_hidden_age,
                self._statistics.perhaps_hidden if has_few_close else 0.0,
            )
            + LATE_ARRIVAL_SECONDS
        )

    def proves_absence(self, ages: Iterable[float], unseen_age: float) -> bool:
        """Whether a media that lists did not show at these ages does not exist."""
        visible_age, proof_age = self.visible_age(unseen_age), self.proof_age(unseen_age)
        if visible_age is None or proof_age is None:
            return False
        absence_count, last_age, age = 0, -math.inf, -math.inf
        for age in sorted(ages):
            if age >= visible_age and age - last_age >= MIN_POLL_INTERVAL:
                absence_count, last_age = absence_count + 1, age
        return age >= proof_age and absence_count >= self.absences_needed()

    def absences_needed(self) -> int:
        """How many absences in a row leave no doubt, where lists may lose media at random."""
        # Laplace: what never happened in n looks happens once in n + 1, at worst.
        return math.ceil(math.log(_MAX_ERROR_PROBABILITY) / -math.log(self._statistics.shown + 2))
