"""The states of rows in flight: rows that are sent, or about to be sent, and not finished. No I/O.

    ToCreate → Posting → Processing → (Online) → imported or failed
        ↑         ↓
        └──── Unknown → Processing

There is one class per state, and its objects never change: a row gets another object when its state
changes. The objects have only the data of a state; other modules decide when it changes. All times
are epoch seconds.
"""

from dataclasses import dataclass, field

from batch_import.importer.schedule.repeat import PostEnd
from batch_import.importer.schedule.row_search import RowSearch
from batch_import.models import JobRow


@dataclass(frozen=True, slots=True)
class CreationTime:
    """The period in which the media of a row was created, if it was created.

    Attributes:
        earliest: when the row's last POST was sent; minus infinity if the media may be older.
        latest: when this POST was answered or timed out.
        first_post_at: when the first POST of the row was about to be sent. No POST of the row
            created an older media. Infinity if the row was never sent.
        is_certain: whether only this POST can have created the media.
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
        first_post_at: when the first POST of the row was sent, or the earliest time at which it
            will be sent.
        needs_search: whether the account must be searched for its reference ID before the
            POST.
        search: this search, if some of its pages were read and others not; else None.
        post_count: number of POSTs of the row in this run. None of them created a media.
        reason: why the last of these POSTs failed; empty if there was none.
        refusal_count: number of searches before the POST that the platform refused, and of POSTs
            that it answered as if their endpoint did not exist.
    """

    row: JobRow
    first_post_at: float
    needs_search: bool = False
    search: RowSearch | None = None
    post_count: int = 0
    reason: str = ""
    refusal_count: int = 0


@dataclass(frozen=True, slots=True)
class Posting:
    """A row whose POST, or the search before its POST, was sent and is not answered.

    Attributes:
        waiting: the previous state of the row.
        requested_at: when the request was sent.
    """

    waiting: ToCreate
    requested_at: float

    @property
    def row(self) -> JobRow:
        """The row that has this state."""
        return self.waiting.row


@dataclass(frozen=True, slots=True)
class Processing:
    """The platform has the row's video, which is not known to be online yet.

    Attributes:
        created: when its media was created.
        wait_started_at: when this run started to wait for the video.
        ingest_id: ID of the platform's task that processes the video; None if it is not known,
            because the media was found in the account.
        media_id: ID of the row's media; None if no list has shown it yet.
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
        created: when the media was created.
        wait_started_at: when this run started to wait for the video.
        is_confirmed: whether the platform reported that the ingest is online. If false, it answered
            404 for this ingest, because it no longer stores finished ingests.
        media_id: ID of the row's media; None if it is not known.
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
        created: when the media was created, if it exists.
        wait_started_at: when this run started to wait for the video.
        reason: the error of the POST.
        post_count: number of POSTs of the row in this run.
        has_conflict: whether the platform answered that the account already has the reference ID.
        absence_ages: ages of the row, in seconds since its POST, at which a list of the media from
            that time did not show its media.
        id_taken_message: error that names another user's media with the same reference ID; empty if
            there is no such media.
        ambiguity_message: error that names a media which may be the row's, or another row's; empty
            if there is no such media. Absences prove nothing then.
        is_held: whether a previous run, on another machine, may still send its POST.
        post_end: whether the platform may still carry out its last POST. `OPEN` if the answer is
            not known, because an earlier run has sent the POST.
        is_ingest_shared: whether the platform answered with the ingest of another row. A repeated
            POST would get the same answer.
    """

    row: JobRow
    created: CreationTime
    wait_started_at: float
    reason: str
    post_count: int = 0
    has_conflict: bool = False
    absence_ages: tuple[float, ...] = field(default=())
    id_taken_message: str = ""
    ambiguity_message: str = ""
    is_held: bool = False
    post_end: PostEnd = PostEnd.OPEN
    is_ingest_shared: bool = False


#: States of rows whose media is, or may be, in the account.
InAccount = Processing | Online | Unknown
RowState = ToCreate | Posting | InAccount


def is_confirmed_created(state: InAccount) -> bool:
    """Whether the platform has confirmed that it created the row's media."""
    return isinstance(state, Online) or (
        isinstance(state, Processing) and state.ingest_id is not None
    )
