"""Rows in flight: one small value per state, so that no row can be in two states at once. Pure.

    ToCreate → Posting → Processing → (Online) → imported or failed
        ↑         ↓
        └──── Unknown → Processing

A row moves by being replaced, never by being changed. All times are in epoch seconds. This file
must not know any rule.
"""

from dataclasses import dataclass, field

from batch_import.importer.schedule.row_search import RowSearch
from batch_import.models import JobRow


@dataclass(frozen=True, slots=True)
class CreationTime:
    """Between which moments a row's media was created, if it was.

    Attributes:
        earliest: when its POST left; minus infinity where the media may be older.
        latest: when its POST was answered, or given up.
        intent: when the first POST of the row was about to leave; its own media is no older.
        certain: the media was made by this POST and no other.
    """

    earliest: float
    latest: float
    first_post_at: float
    is_certain: bool = True

    @property
    def middle(self) -> float:
        """About when it was created."""
        return (self.earliest + self.latest) / 2

    def min_age(self, now: float) -> float:
        """Seconds since it was created, at the least; never negative, whatever clocks do."""
        return max(0.0, now - self.latest)

    def max_age(self, now: float) -> float:
        """Seconds since it was created, at the most, as far as that is known."""
        earliest = self.earliest if self.earliest > float("-inf") else self.latest
        return max(0.0, now - earliest)


@dataclass(frozen=True, slots=True)
class ToCreate:
    """A claimed row whose POST has not left yet, or is to leave again.

    Attributes:
        check_exists_first: search for its reference ID before the POST.
        search: that search, where it is several pages long and goes on.
        intent: when the first POST of the row was about to leave, or will be at the earliest.
        sends: POSTs of this run that came to nothing.
        reason: why the last of them did; empty where there was none.
    """

    row: JobRow
    first_post_at: float
    check_exists_first: bool = False
    search: RowSearch | None = None
    post_count: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Posting:
    """A row whose POST, or the search before it, is under way. `left_at`: since when."""

    waiting: ToCreate
    requested_at: float

    @property
    def row(self) -> JobRow:
        """The row itself."""
        return self.waiting.row


@dataclass(frozen=True, slots=True)
class Processing:
    """The platform has the row's video, and it is not known to be online.

    Attributes:
        since: when this run began to wait for it.
        ingest_id: None for a media that was found in the account.
        media_id: where its media was found already.
    """

    row: JobRow
    created: CreationTime
    wait_started_at: float
    ingest_id: str | None = None
    media_id: str | None = None


@dataclass(frozen=True, slots=True)
class Online:
    """The platform says that the ingest is through, and no list has shown the media yet.

    Attributes:
        confirmed: the ingest is online; else the platform does not know the ingest any more.
    """

    row: JobRow
    created: CreationTime
    wait_started_at: float
    is_confirmed: bool
    media_id: str | None = None


@dataclass(frozen=True, slots=True)
class Unknown:
    """A POST got no clear answer: the media may exist.

    Attributes:
        reason: what came instead of an answer.
        sends: POSTs of this run, this one included.
        conflict: the platform says that the reference ID is taken.
        absences: ages at which lists that must show its media showed none.
        searched: it was searched for by itself since its POST.
        id_taken: another's media that has the reference ID, described; empty where none is known.
        held: an earlier run, of another machine, may still send its POST.
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


#: Rows whose media is, or may be, in the account.
InAccount = Processing | Online | Unknown
RowState = ToCreate | Posting | InAccount
