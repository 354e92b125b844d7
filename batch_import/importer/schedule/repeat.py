"""Decide whether a POST may be repeated. Everything that this depends on is in this file. No I/O.

1. What the answer to the POST proves (`create_outcome`). The POST is repeated at once only if the
answer proves that no media was created: after a 429, or if there was no connection. It is never
repeated if the platform refused the row. Otherwise the row becomes `Unknown`.
2. Whether lists prove that the media of an unknown row does not exist (`ListConsistency`). If a
list covers the time of the POST and does not show the media, this is an absence. Absences are a
proof only under these conditions, which are learned from media that are known to exist:

   - no list ever lacked a media that an earlier list had shown;
   - lists have shown at least `MIN_SAMPLE_SIZE` media, and this media is older than any of those
     was when a list still lacked it, by a margin that shrinks with their number;
   - there are enough absences in a row, in case lists lack media at random.

A row whose media is proven absent is sent again, at most `MAX_ATTEMPTS` times in a run.
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

#: Maximum number of POSTs of one row in a run, and of refused lookups of one row. The delays
#: between them add up to 15 s (1 + 2 + 4 + 8). If a disturbance lasts longer, the row is left to
#: the next run.
MAX_ATTEMPTS: Final = 5
#: Accepted probability that lists which lack media at random lacked a media every time.
_MAX_ERROR_PROBABILITY: Final = 1e-4
_CONFLICT_STATUS: Final = 409
_BAD_REQUEST_STATUS: Final = 400


class CreateOutcome(Enum):
    """What an answer proves about a POST."""

    #: The platform creates the media.
    CREATED = auto()
    #: No media was created. The POST may be repeated.
    NOT_CARRIED_OUT = auto()
    #: No media was created, and a repeated POST would be refused, too. The row has failed.
    REFUSED = auto()
    #: A media with this reference ID exists, perhaps created by an earlier POST of this row.
    CONFLICT = auto()
    #: It is not known. The media must be searched for before the row may be sent again.
    UNCLEAR = auto()


def create_outcome(answer: Answer) -> CreateOutcome:
    """Returns what an answer to a POST proves."""
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
    """Whether a request failed before the platform's API responded to it.

    These are timeouts, lost connections, server errors and redirects. The API never redirects, but
    captive portals and gateways do.
    """
    if isinstance(answer, RequestRejected):
        return answer.status is not None and answer.status < _BAD_REQUEST_STATUS
    return isinstance(answer, RequestFailed) and not isinstance(
        answer, Throttled | AuthenticationFailed
    )


@dataclass(slots=True)
class _ListStatistics:
    """What lists have shown. It is stored with the job, under the names of these attributes.

    Attributes:
        shows_processing: whether lists show media before they are online.
        inconsistent: whether a list lacked a media that an earlier list had shown.
        first: number of media that lists have shown.
        shown: how often lists showed a media that they had to show.
        hidden: greatest age at which a list lacked a media that existed.
        closely: number of media that were requested shortly before a list first showed them.
        perhaps_hidden: greatest age at which a list first showed a media that had not been
            requested shortly before. Lists may have lacked it until then.
        latest: the greatest ages at which lists lacked a media that they showed later; at most
            `MIN_SAMPLE_SIZE` ages.
        youngest: the lowest ages at which lists first showed a media; at most `MIN_SAMPLE_SIZE`
            ages.
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
    """From which age lists show every media, learned from media that are known to exist."""

    def __init__(self) -> None:
        self._statistics = _ListStatistics()

    @classmethod
    def restore(cls, text: str | None) -> Self:
        """Returns what a previous run learned; a new object if the text is not one of `dump`."""
        consistency = cls()
        try:
            consistency._statistics = _ListStatistics(**json.loads(text or "{}"))
        except (ValueError, TypeError):
            consistency._statistics = _ListStatistics()
        return consistency

    def dump(self) -> str:
        """Returns everything that was learned as text."""
        return json.dumps(asdict(self._statistics))

    @property
    def shows_processing(self) -> bool:
        """Whether lists show media before they are online."""
        return self._statistics.shows_processing

    def record_shown(self, age: float, *, hidden_age: float, is_first: bool, is_done: bool) -> None:
        """Record that a list showed a media that is known to exist.

        Args:
            age: greatest possible age of the media in seconds.
            hidden_age: greatest age at which a list that covers its creation lacked it.
            is_first: whether no earlier list has shown it.
            is_done: whether it is online.
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
                # No list was read for long: lists may have lacked it until now.
                statistics.perhaps_hidden = max(statistics.perhaps_hidden, age)

    def record_shown_again(self) -> None:
        """Record that a list showed a media that an earlier list had shown."""
        self._statistics.shown += 1

    def record_hidden(self, age: float) -> None:
        """Record that a list lacked an existing media of this age, whose creation it covers."""
        self._statistics.hidden = max(self._statistics.hidden, min(age, 1e9))

    def mark_inconsistent(self) -> None:
        """Record that a list lacked a media that an earlier list had shown.

        From then on, absences prove nothing.
        """
        self._statistics.inconsistent = True

    def visible_age(self, unseen_age: float) -> float | None:
        """Returns the age from which lists have shown every media so far; None if not known.

        Args:
            unseen_age: greatest age at which an existing media was searched for and not found, of
                the media that no list has shown yet.
        """
        if self._statistics.inconsistent or len(self._statistics.youngest) < MIN_SAMPLE_SIZE:
            return None
        return max(self._statistics.hidden, unseen_age, self._statistics.youngest[-1])

    def proof_age(self, unseen_age: float) -> float | None:
        """Returns the age from which an absence may prove that a media does not exist.

        None if not known. `unseen_age` is the same as in `visible_age`.
        """
        visible_age = self.visible_age(unseen_age)
        if visible_age is None:
            return None
        hidden_age = max(self._statistics.hidden, unseen_age)
        # Lists may have lacked a media until shortly before they first showed it. A media that was
        # never requested before may have been lacking at any lower age.
        known_age = max(hidden_age * (1 + RECHECK_SHARE), self._statistics.youngest[-1])
        # The next media may appear even later. The maximum of n values is exceeded by the next one
        # with a probability of 1 / (n + 1); therefore the margin is wider for few media. It is also
        # wider if the latest ages differ more.
        spread = self._statistics.latest[-1] - self._statistics.latest[0]
        oldest_hidden_age = known_age * (1 + MIN_SAMPLE_SIZE / self._statistics.first) + spread
        # Ages of media that were not requested for long are used only if there are few others.
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
        """Whether a media does not exist if lists lacked it at these ages."""
        visible_age, proof_age = self.visible_age(unseen_age), self.proof_age(unseen_age)
        if visible_age is None or proof_age is None:
            return False
        absence_count, last_age, age = 0, -math.inf, -math.inf
        for age in sorted(ages):
            if age >= visible_age and age - last_age >= MIN_POLL_INTERVAL:
                absence_count, last_age = absence_count + 1, age
        return age >= proof_age and absence_count >= self.absences_needed()

    def absences_needed(self) -> int:
        """Returns how many absences in a row are needed, in case lists lack media at random."""
        # Rule of succession: what never happened in n cases has a probability of 1 / (n + 2).
        return math.ceil(math.log(_MAX_ERROR_PROBABILITY) / -math.log(self._statistics.shown + 2))
