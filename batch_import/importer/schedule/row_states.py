"""The states of rows in flight: one class per state, so that no row is in two states. No I/O.

    ToCreate → Posting → Processing → (Online) → imported or failed
        ↑         ↓
        └──── Unknown → Processing

A state is never changed; a row changes its state by getting another value. All times are epoch
seconds. This module must not know any rule.
"""

from dataclasses import dataclass, field

from batch_import.importer.schedule.row_search import RowSearch
from batch_import.models import JobRow


@dataclass(frozen=True, slots=True)
class CreationTime:
    """The period in which the media of a row was created, if it was created.

    Attributes:
        earliest: when the POST was sent; minus infinity if the media may be older.
        latest: when the POST was answered or timed out.
        first_post_at: when the first POST of the row was about to be sent. A media of the row is
            not older. Infinity if the row was never sent.
        is_certain: whether the media was created by this POST and no other.
    """

    earliest: float
    latest: float
    first_post_at: float
    is_certain: bool = True

    @property
    def middle(self) -> float:
        """The middle of the period."""
        return (self.earliest + self.latest) / 2

    def min_age(self, now: float) -> float:
        """Returns the seconds since the end of the period; 0 if a clock was set back."""
        return max(0.0, now - self.latest)

    def max_age(self, now: float) -> float:
        """Returns the seconds since the start of the period, or since its end if it has none."""
        earliest = self.earliest if self.earliest > float("-inf") else self.latest
        return max(0.0, now - earliest)


@dataclass(frozen=True, slots=True)
class ToCreate:
    """A claimed row that waits for its POST.

    Attributes:
        check_exists_first: whether its reference ID must be searched for before the POST.
        search: that search, if it has several pages and is not finished.
        first_post_at: when the first POST of the row was about to be sent, or the earliest time at
            which it will be.
        post_count: number of POSTs in this run that did not create a media.
        reason: why the last of these POSTs failed; empty if there was none.
        refusal_count: number of searches before the POST that the platform refused.
    """

    row: JobRow
    first_post_at: float
    check_exists_first: bool = False
    search: RowSearch | None = None
    post_count: int = 0
    reason: str = ""
    refusal_count: int = 0


@dataclass(frozen=True, slots=True)
class Posting:
    """A row whose POST, or the search before it, was sent at `requested_at` and is not answered."""

    waiting: ToCreate
    requested_at: float

    @property
    def row(self) -> JobRow:
        """The row of the state."""
        return self.waiting.row


@dataclass(frozen=True, slots=True)
class Processing:
    """The platform has the row's video, which is not known to be online.

    Attributes:
        wait_started_at: when this run started to wait for it.
        ingest_id: None if the media was found in the account.
        media_id: ID of its media, if the media was found already.
    """

    row: JobRow
    created: CreationTime
    wait_started_at: float
    ingest_id: str | None = None
    media_id: str | None = None


@dataclass(frozen=True, slots=True)
class Online:
    """The platform has finished the ingest, and no list has shown the media yet.

    Attributes:
        is_confirmed: whether the ingest status is online. If not, the platform no longer knows the
            ingest.
    """

    row: JobRow
    created: CreationTime
    wait_started_at: float
    is_confirmed: bool
    media_id: str | None = None


@dataclass(frozen=True, slots=True)
class Unknown:
    """The POST got no clear answer; therefore the media may exist.

    Attributes:
        reason: the error of the POST.
        post_count: number of POSTs in this run, including the last POST.
        has_conflict: whether the platform answered that the reference ID is taken.
        absence_ages: ages of the row in seconds at which a list that covers its creation did not
            show its media.
        is_searched: whether its reference ID was searched for since the POST.
        id_taken_message: description of another user's media with the same reference ID; empty if
            there is none.
        is_held: whether a previous run, on another machine, may still send its POST.
    """

    row: JobRow
    created: CreationTime
    wait_started_at: float
    reason: str
    post_count: int = 0
    has_conflict: bool = False
    absence_ages: tuple[float, ...] = field(default=())
    is_searched: bool = False
    id_taken_message: str = ""
    is_held: bool = False


#: States of rows whose media is, or may be, in the account.
InAccount = Processing | Online | Unknown
RowState = ToCreate | Posting | InAccount
