"""Decide whether a POST may be repeated. All rules for this decision are in this file. No I/O.

1. `create_outcome` decides what the answer to the POST proves. The POST is repeated at once only if
the answer proves that no media was created: after a 429, or if there was no connection. If the
platform answers that the endpoint does not exist, the POST is repeated later. The POST is never
repeated if the platform refused the row. Otherwise the row becomes `Unknown`.
2. `ListConsistency` decides whether lists prove that the media of an unknown row does not exist. An
absence is a list that covers the time of the POST and does not show the media. New media may appear
in lists with a delay, therefore absences are a proof only under these conditions:

   - no list ever lacked a media that an earlier list had shown;
   - lists have shown at least `MIN_SAMPLE_SIZE` media that are known to exist, and the row is older
     than each of these media was when a list lacked it for the last time, plus a margin that
     shrinks with their number;
   - there are enough consecutive absences, because lists may also lack media at random;
   - the POST can no longer be carried out. This takes `MAX_LATE_ARRIVAL_SECONDS` after its unclear
     answer, and longer if a media was created late. For POSTs that have probably ended with this
     answer (see `PostEnd`), this time becomes shorter with each media of such a POST that was
     created in time.

If the absence of the media is proven, the row is sent again, at most `MAX_ATTEMPTS` times in a run.
All ages are in seconds since the POST.
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
    NoAnswer,
    NotSent,
    RequestFailed,
    RequestRejected,
    Throttled,
    TimedOut,
)
from batch_import.importer.schedule.observations import MIN_SAMPLE_SIZE
from batch_import.importer.schedule.ownership import LATE_ARRIVAL_SECONDS
from batch_import.importer.schedule.polling import MIN_POLL_INTERVAL, RECHECK_SHARE
from batch_import.importer.scheduled_request import Answer

#: Maximum number of POSTs of one row in a run, and of refused lookups of one row. The delays
#: between them add up to 15 s (1 + 2 + 4 + 8). If a fault of the platform lasts longer, only the
#: next run tries again.
MAX_ATTEMPTS: Final = 5
#: Longest time, in seconds, after which a POST without a clear answer may still be carried out,
#: because a gateway or a queue of the platform still has it. Common gateways give up a request
#: after this time (Amazon API Gateway, Heroku). The Viostream API guide does not mention it.
MAX_LATE_ARRIVAL_SECONDS: Final = 30.0
#: Accepted probability that a row is sent twice because lists, which lack media at random, lacked
#: its media each time.
_MAX_ERROR_PROBABILITY: Final = 1e-4
_CONFLICT_STATUS: Final = 409
#: Statuses of a POST that are about its endpoint and not about its row: Not Found, Method Not
#: Allowed, Gone and Not Implemented. A web server answers so while the API is being deployed.
_NO_ENDPOINT_STATUSES: Final = frozenset({404, 405, 410, 501})
#: Statuses with which a server answers that it has failed, or that it refuses the request because
#: it has too much to do: Internal Server Error and Service Unavailable. Other errors with a status
#: of 5xx are answers of gateways that have lost their own connection to the server.
_SERVER_STATUSES: Final = frozenset({500, 503})
_SUCCESS_STATUSES: Final = range(200, 300)
#: If an unclear answer took this number of seconds, it may be the time-out of a gateway, whose
#: server may still carry out the request. It is a third of the shortest usual time-out: Fastly
#: waits for 15 s, Amazon API Gateway and Heroku for 30 s.
_MIN_GATEWAY_TIMEOUT: Final = 5.0
#: Lowest HTTP status with which the platform's API refuses a request.
_BAD_REQUEST_STATUS: Final = 400
#: Upper limit of ages that are stored, in seconds (32 years), because JSON has no infinity.
_MAX_STORED_AGE: Final = 1e9


class CreateOutcome(Enum):
    """What an answer proves about a POST."""

    #: The platform creates the media.
    CREATED = auto()
    #: No media was created. The POST may be repeated.
    NOT_CARRIED_OUT = auto()
    #: No media was created, because the endpoint does not exist now. The POST may be repeated.
    NO_ENDPOINT = auto()
    #: No media was created, and a repeated POST would be refused, too. The row has failed.
    REFUSED = auto()
    #: A media with this reference ID exists, perhaps created by an earlier POST of this row.
    CONFLICT = auto()
    #: Not known. The media must be searched for before the row may be sent again.
    UNCLEAR = auto()


def create_outcome(answer: Answer) -> CreateOutcome:
    """Returns what an answer to a POST proves."""
    match answer:
        case str():
            return CreateOutcome.CREATED
        case Throttled() | NotSent():
            return CreateOutcome.NOT_CARRIED_OUT
        case RequestRejected(status=status) | NoAnswer(status=status) if (
            status in _NO_ENDPOINT_STATUSES
        ):
            return CreateOutcome.NO_ENDPOINT
        case RequestRejected(status=status) if status == _CONFLICT_STATUS:
            return CreateOutcome.CONFLICT
        case RequestRejected() | AuthenticationFailed() if not is_transport_failure(answer):
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


class PostEnd(Enum):
    """Whether the platform may still carry out a POST after its unclear answer."""

    #: Perhaps, and perhaps much later: after a time-out of this program or of a gateway, after an
    #: answer of a gateway that lost its own connection to the server (for example 502 and 504), and
    #: after an interim response (1xx) without a final one.
    OPEN = auto()
    #: Probably not: the connection was lost soon, or a server answered soon with an error. Other
    #: such POSTs show when the platform carries them out.
    PROBABLY_ENDED = auto()
    #: No: the platform began to send the answer to a POST that it has carried out, or something
    #: else answered in its place. Such a POST shows nothing about others.
    ENDED = auto()


def post_end(answer: Answer, seconds: float) -> PostEnd:
    """Returns whether the platform may still carry out a POST after its unclear answer.

    Args:
        answer: the answer.
        seconds: time from the POST to this answer.
    """
    if isinstance(answer, TimedOut) or seconds >= _MIN_GATEWAY_TIMEOUT:
        return PostEnd.OPEN
    match answer:
        case NoAnswer(status=None):
            return PostEnd.PROBABLY_ENDED
        case NoAnswer(status=status) if status in _SERVER_STATUSES:
            return PostEnd.PROBABLY_ENDED
        case NoAnswer(status=status) if status not in _SUCCESS_STATUSES:
            return PostEnd.OPEN
    return PostEnd.ENDED


@dataclass(slots=True)
class _ListStatistics:
    """What lists have shown about media that are known to exist.

    It is stored in the job database as JSON, under the names of these attributes.

    Attributes:
        shows_processing: whether lists show media before they are online.
        inconsistent: whether a list lacked a media that an earlier list had shown.
        first: number of different media that lists have shown.
        shown: how often lists showed a media, also counting media that were shown before.
        hidden: greatest age at which a list lacked a media.
        closely: number of media for which a list was read shortly before a list first showed them.
            Therefore it is exactly known how long lists lacked them.
        perhaps_hidden: greatest age at which a list first showed a media, of the other media. Lists
            may have lacked them until then.
        latest: for the media that lists lacked longest, the greatest age at which a list lacked
            them; at most `MIN_SAMPLE_SIZE` ages, in ascending order.
        youngest: the lowest ages at which lists first showed a media; at most `MIN_SAMPLE_SIZE`
            ages, in ascending order.
        in_time: number of POSTs without a clear answer whose media was created before their end,
            if the POST had probably ended (see `PostEnd`).
        late: longest time from the end of a POST without a clear answer to the creation of its
            media.
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
    in_time: int = 0
    late: float = 0.0


class ListConsistency:
    """Learns from which age lists show every media, from media that are known to exist."""

    def __init__(self) -> None:
        self._statistics = _ListStatistics()

    @classmethod
    def restore(cls, text: str | None) -> Self:
        """Returns an object with the statistics of a previous run.

        Args:
            text: the result of `dump` in the previous run. If it is None, or from a version with
                other statistics, the object has no statistics yet.
        """
        consistency = cls()
        try:
            consistency._statistics = _ListStatistics(**json.loads(text or "{}"))
        except (ValueError, TypeError):
            consistency._statistics = _ListStatistics()
        return consistency

    def dump(self) -> str:
        """Returns the statistics as JSON."""
        return json.dumps(asdict(self._statistics))

    @property
    def shows_processing(self) -> bool:
        """Whether lists show media before they are online."""
        return self._statistics.shows_processing

    def record_shown(self, age: float, *, hidden_age: float, is_first: bool, is_done: bool) -> None:
        """Record that a list showed a media that is known to exist.

        Args:
            age: greatest possible age of the media.
            hidden_age: greatest age at which a list that covers the media's creation lacked the
                media; 0 if no list lacked it.
            is_first: whether no earlier list has shown the media.
            is_done: whether the media is online.
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
                # No list was read for a long time: lists may have lacked the media until now.
                statistics.perhaps_hidden = max(statistics.perhaps_hidden, age)

    def record_shown_again(self) -> None:
        """Record that a list showed a media that an earlier list had shown."""
        self._statistics.shown += 1

    def record_hidden(self, age: float) -> None:
        """Record that a list lacked a media of this age that exists and that it had to show."""
        self._statistics.hidden = max(self._statistics.hidden, min(age, _MAX_STORED_AGE))

    def record_arrival(self, seconds_late: float, end: PostEnd) -> None:
        """Record that a list showed the media of a POST that got no clear answer.

        Args:
            seconds_late: the time from the end of the POST to the creation of its media; 0 if the
                media was created before.
            end: the result of `post_end` for the POST.
        """
        if seconds_late:
            self._statistics.late = max(self._statistics.late, min(seconds_late, _MAX_STORED_AGE))
        elif end is PostEnd.PROBABLY_ENDED:
            self._statistics.in_time += 1

    def _max_seconds_late(self, end: PostEnd) -> float:
        """Returns how long after the end of a POST its media may still be created."""
        late = self._statistics.late
        if end is PostEnd.OPEN or late:
            return late + MAX_LATE_ARRIVAL_SECONDS
        # If the platform created half of these media late, it would create n media in time with a
        # probability of 1 / 2^n.
        seconds = MAX_LATE_ARRIVAL_SECONDS * 0.5**self._statistics.in_time
        return max(LATE_ARRIVAL_SECONDS, seconds)

    def mark_inconsistent(self) -> None:
        """Record that a list lacked a media that an earlier list had shown.

        From then on, absences prove nothing, also in later runs of the job.
        """
        self._statistics.inconsistent = True

    def visible_age(self, unseen_age: float | None) -> float | None:
        """Returns the age from which lists have shown every media so far; None if not known.

        Args:
            unseen_age: greatest age at which lists lacked a media that exists although no list has
                shown it yet; 0 if there is no such media, None if the age is not known.
        """
        if unseen_age is None or self._statistics.inconsistent:
            return None
        if len(self._statistics.youngest) < MIN_SAMPLE_SIZE:
            return None
        return max(self._statistics.hidden, unseen_age, self._statistics.youngest[-1])

    def proof_age(self, unseen_age: float | None, end: PostEnd) -> float | None:
        """Returns the age from which an absence may prove that a media does not exist.

        Args:
            unseen_age: the same as in `visible_age`.
            end: the result of `post_end` for the row's POST.

        Returns:
            the age in seconds; None if not known.
        """
        visible_age = self.visible_age(unseen_age)
        if unseen_age is None or visible_age is None:
            return None
        hidden_age = max(self._statistics.hidden, unseen_age)
        # After a list lacked a media, the next list was read when the media's age had grown by
        # `RECHECK_SHARE`; until then, lists may have lacked the media. If a media was on the first
        # list that was read, lists may have lacked it at any lower age.
        seen_hidden_age = max(hidden_age * (1 + RECHECK_SHARE), self._statistics.youngest[-1])
        # Lists may lack the next media even longer. The greatest of n values is exceeded by the
        # next value with a probability of 1 / (n + 1). Therefore the margin is wider if fewer media
        # were seen. It is also wider if the greatest ages differ more.
        spread = self._statistics.latest[-1] - self._statistics.latest[0]
        max_hidden_age = seen_hidden_age * (1 + MIN_SAMPLE_SIZE / self._statistics.first) + spread
        # Inexact ages are used only while there are few exact ones.
        has_few_exact_ages = self._statistics.closely < MIN_SAMPLE_SIZE * MIN_SAMPLE_SIZE
        inexact_age = self._statistics.perhaps_hidden if has_few_exact_ages else 0.0
        listed_age = max(visible_age, max_hidden_age, inexact_age)
        return listed_age + self._max_seconds_late(end)

    def proves_absence(self, ages: Iterable[float], unseen_age: float | None, end: PostEnd) -> bool:
        """Whether absences at these ages prove that a media does not exist.

        Args:
            ages: ages at which a list that covers the media's creation lacked the media.
            unseen_age: the same as in `visible_age`.
            end: the same as in `proof_age`.
        """
        visible_age = self.visible_age(unseen_age)
        proof_age = self.proof_age(unseen_age, end)
        if visible_age is None or proof_age is None:
            return False
        absence_count = 0
        last_counted_age = greatest_age = -math.inf
        for age in sorted(ages):
            greatest_age = age
            # Lists that are read at nearly the same time may lack a media for the same reason.
            if age >= visible_age and age - last_counted_age >= MIN_POLL_INTERVAL:
                absence_count += 1
                last_counted_age = age
        return greatest_age >= proof_age and absence_count >= self.absences_needed()

    def absences_needed(self) -> int:
        """Returns the number of absences that are a proof even if lists lack media at random."""
        # An event that did not happen in n cases happens in the next case with the probability
        # 1 / (n + 2) (rule of succession). Here the event is that a list lacks a media.
        return math.ceil(math.log(_MAX_ERROR_PROBABILITY) / -math.log(self._statistics.shown + 2))
