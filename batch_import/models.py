"""The nouns that every room shares. This file must not know any of the rooms."""

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Final, NamedTuple

from batch_import.failure_codes import FailureCode


class Status(StrEnum):
    """Where a row is in its life."""

    #: Valid, and not sent yet.
    PENDING = "pending"
    #: Its POST is about to leave or under way. After a crash such a row is unknown.
    CREATING = "creating"
    #: The platform took it; its media is not known to be online yet.
    PROCESSING = "processing"
    #: A POST got no clear answer: the media may exist. Never sent again before that is settled.
    UNKNOWN = "unknown"
    #: Online on the platform, key known. Final.
    IMPORTED = "imported"
    #: The platform refused it; its message is kept. Final until the user says `retry`.
    FAILED = "failed"
    #: The manifest's row has a problem; it is never sent.
    INVALID = "invalid"
    #: Not to be imported any more: removed from the manifest before it was sent.
    SKIPPED = "skipped"


class Severity(StrEnum):
    """Whether a problem keeps its row from being sent."""

    #: The row is invalid.
    ERROR = "error"
    #: The row is sent; a person should look.
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one cell of one row.

    Attributes:
        line: line in the file, from 1, as an editor counts.
        column: the manifest's own name of the column, or the field's where there is no column.
        code: short and stable, for programs: `url-scheme`, `duplicate-reference`…
        reason: what is wrong, one sentence without the value.
        value: the cell as it is in the manifest.
        hint: how to fix it.
    """

    line: int
    column: str
    code: str
    reason: str
    value: str = ""
    hint: str = ""
    severity: Severity = Severity.ERROR

    def __str__(self) -> str:
        """What is wrong, and where."""
        return f"{self.column}: {self.reason}" if self.column else self.reason


#: Code of the problem of a row that may be the video of a row that is no longer in the manifest.
POSSIBLE_DUPLICATE: Final = "possible-duplicate"

#: Which column of a manifest: its name, and its turn among the columns of that name, from 1; or,
#: where it has no name, an empty text and its place in the header, from 1.
ColumnKey = tuple[str, int]


@dataclass(frozen=True)
class ManifestColumns:
    """The columns of a manifest as it once was. Rows that are removed later keep theirs.

    Attributes:
        names: as they stand in the header; some may be empty, or the same.
        fields: positions, from 0, of the columns of source URL, title, extension and reference
            ID; None where there is no such column.
    """

    names: tuple[str, ...] = ()
    fields: tuple[int | None, ...] = (None, None, None, None)

    @cached_property
    def positions(self) -> Mapping[ColumnKey, int]:
        """Where each column is, in the order of the header."""
        turns: Counter[str] = Counter()
        found: dict[ColumnKey, int] = {}
        for position, name in enumerate(self.names):
            turns[name] += 1
            found[name, turns[name] if name else position + 1] = position
        return found


NO_COLUMNS: Final = ManifestColumns()


@dataclass(frozen=True, slots=True)
class ManifestRow:
    """One line of the manifest, ready for the state.

    Attributes:
        line: its first line in the file, from 1.
        reference_id: the user's, or one made from the row's content.
        identity: what finds this row again in an edited manifest: its
            reference_id, or None where that is blank or belongs to an earlier row.
        source_url, filename, extension: what is sent to the platform (guide, step 1); the URL as it
            was given, encoded when it is sent.
        cells: all cells as they stand in the file, in the header's order.
        error: its problems, as `in_one` has them; empty for a row that may be sent.
        expires: epoch seconds when the URL's signature ends; infinity where it has no end.
        codes: of the problems in `error`, in their order.
        has_own_id: the manifest gives the reference_id. Where it does not, the addresses find the
            row again, and the reference_id that was made first stays.
        address: the URL in canonical form.
        stripped_address: the same without its signature.
        stripped_reference: the reference_id that is made of that.
    """

    line: int
    reference_id: str
    identity: str | None
    source_url: str
    filename: str
    extension: str
    cells: tuple[str, ...]
    error: str = ""
    expires: float = math.inf
    codes: tuple[str, ...] = ()
    has_own_id: bool = True
    address: str = ""
    stripped_address: str = ""
    stripped_reference: str = ""


@dataclass(frozen=True, slots=True)
class VideoSource:
    """Where the video of a row is to be fetched from.

    Attributes:
        line: of the row in the manifest.
        number: of the row in the state; 0 where it is in none yet.
    """

    line: int
    url: str
    extension: str
    number: int = 0


@dataclass(frozen=True, slots=True)
class LineRange:
    """Lines of the manifest, from 1, both ends included."""

    first: int
    last: int

    def __str__(self) -> str:
        """As in `no row begins in line 5`."""
        if self.first == self.last:
            return f"line {self.first}"
        return f"lines {self.first} to {self.last}"


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the job as the importer sees it.

    Attributes:
        number: its number in the state, stable for the life of the job.
        claimed_at: epoch seconds when it was last taken to be created: its POST left later.
        sent_at: epoch seconds when its last POST was given up or answered; None before.
        imported_between: how many imported rows were created between this one and the row in
            flight before it, going by the manifest's order.
        media_id: its media, where it was found before it was online.
        line: its first line in the manifest.
        claims: how often it was taken to be created before it came to the importer.
    """

    number: int
    reference_id: str
    source_url: str
    filename: str
    extension: str
    status: Status
    ingest_id: str | None = None
    claimed_at: float | None = None
    sent_at: float | None = None
    media_id: str | None = None
    line: int = 0
    claims: int = 0
    imported_between: int = 0


@dataclass(frozen=True, slots=True)
class LookupTarget:
    """An imported row whose media is asked for by itself. Texts are empty where nothing is known.

    Attributes:
        number: of the row in the state.
        media_id, key: of the media that it became.
    """

    number: int
    reference_id: str
    media_id: str
    key: str


@dataclass(frozen=True, slots=True)
class Account:
    """The account that the credentials belong to (`GET /account/info`)."""

    id: str
    title: str = ""


@dataclass(frozen=True, slots=True)
class IngestStatus:
    """How far an ingest is (guide, step 2).

    Attributes:
        status: the platform's word in lower case: `online`, `processing`, `failed`, or another.
        error: the platform's reason, for a failed one.
    """

    status: str
    error: str = ""


@dataclass(frozen=True, slots=True)
class Media:
    """A video in the account, as `GET /media` lists it (guide, step 3).

    Attributes:
        status: the platform's word in lower case; empty where the listing has none.
        duration: as the platform gives it: `"00:01:05"`, or seconds.
    """

    id: str
    key: str
    reference_id: str
    status: str = ""
    title: str = ""
    duration: str = ""
    thumbnail: str = ""
    created_date: str = ""


@dataclass(frozen=True, slots=True)
class MediaPage:
    """One page of `GET /media`.

    Attributes:
        total: how many media the whole listing holds; None where the platform does not say.
    """

    items: tuple[Media, ...]
    total: int | None = None


@dataclass(frozen=True, slots=True)
class Counts:
    """How many rows of a job are where. They add up to `total`, always."""

    total: int = 0
    pending: int = 0
    processing: int = 0
    unknown: int = 0
    imported: int = 0
    failed: int = 0
    invalid: int = 0
    skipped: int = 0


_NO_KEY: Final = "its video is online, but the platform gives no key for it: there is no embed code"


@dataclass(frozen=True, slots=True)
class Change:
    """What an answer means for one row; committed to the state. Without a key, none is imported.

    Attributes:
        number: the row's.
        reason: for its history: why it changed.
        error: what a person must know of it; kept with the row until its next change.
        code: what went wrong, short and stable, for programs: `reference-id-taken`…
        sent_at: epoch seconds when a POST that was, or may have been, carried out ended.
        code: of `error`: a `FailureCode`, or a problem's.
    """

    number: int
    status: Status
    reason: str = ""
    error: str = ""
    code: str = ""
    sent_at: float | None = None
    ingest_id: str | None = None
    media: Media | None = None

    def __post_init__(self) -> None:
        # An imported row has an embed code, and there is none without a key. Such a row is
        # unknown: the next run looks for its media again, and never sends it a second time.
        if self.status is Status.IMPORTED and self.media and not self.media.key:
            object.__setattr__(self, "status", Status.UNKNOWN)
            object.__setattr__(self, "code", FailureCode.KEY_MISSING)
            object.__setattr__(self, "error", _NO_KEY)


@dataclass(frozen=True, slots=True)
class Event:
    """One change in a row's life. `time` is in epoch seconds; `code` is that of the change."""

    time: float
    status: Status
    reason: str
    code: str = ""


class Record(NamedTuple):
    """All that is known of a row, for the results. Texts are empty where nothing is known.

    A tuple: there are a million of them, and one is made in a fifth of a data class's time.

    Attributes:
        codes: of what is in `error`: problems' codes, or one `FailureCode`.
        columns: of the manifest that `cells` were read from: the last that had this row.
        removed: it is no longer in the manifest.
        looked_at: the platform was asked for the size of its picture.
        size: width and height of its picture in pixels, where the platform reports it.
        number: of the row in the state.
    """

    line: int
    status: Status
    error: str
    codes: tuple[str, ...]
    reference_id: str
    filename: str
    source_url: str
    extension: str
    cells: tuple[str, ...]
    columns: ManifestColumns
    removed: bool
    looked_at: bool
    size: tuple[int, int] | None
    ingest_id: str
    media_id: str
    key: str
    title: str
    duration: str
    thumbnail: str
    created_date: str
    number: int = 0

    def cell(self, column: ColumnKey) -> str:
        """The cell in a column; empty where the row's manifest had no such column."""
        return self._cell_at(self.columns.positions.get(column))

    def field_cell(self, field: int) -> str:
        """The cell of one of `ManifestColumns.fields`, by its place there; empty likewise."""
        return self._cell_at(self.columns.fields[field])

    def _cell_at(self, position: int | None) -> str:
        if position is None or position >= len(self.cells):
            return ""
        return self.cells[position]

    @property
    def reason(self) -> str:
        """What is wrong with it, without what to do: a problem's hint is a line of its own."""
        return self.error.partition("\n")[0] if self.status is Status.INVALID else self.error


@dataclass(frozen=True, slots=True)
class Timeline:
    """How many rows were first sent, and how many imported, in each part of the import's time.

    Attributes:
        start: epoch seconds of the first part's begin.
        step: seconds that each part lasts.
        sent, imported: rows by part, of the same length.
    """

    start: float
    step: float
    sent: tuple[int, ...]
    imported: tuple[int, ...]
