"""Data types that all packages share.

A row of the manifest is a `ManifestRow` when it is read, a `JobRow` while it is imported, and a
`ResultRow` in the results. This module imports nothing of the project except the failure codes.
"""

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Final, NamedTuple

from batch_import.failure_codes import FailureCode


class Status(StrEnum):
    """The status of a row: its current step between the manifest and an embed code."""

    #: Valid, and not sent yet.
    PENDING = "pending"
    #: Claimed for sending: its POST is sent soon, or was sent. After a crash it becomes `UNKNOWN`.
    CREATING = "creating"
    #: The platform accepted it. Its media is not known to be online yet.
    PROCESSING = "processing"
    #: A POST got no clear answer, so the media may exist. Not sent again until this is clear.
    UNKNOWN = "unknown"
    #: Its media is online on the platform, and the media key is known. Final.
    IMPORTED = "imported"
    #: The platform refused the row or could not process it. Final until the user runs `retry`.
    FAILED = "failed"
    #: The row of the manifest has an error. It is never sent.
    INVALID = "invalid"
    #: Removed from the manifest before it was sent. It is not imported.
    SKIPPED = "skipped"


class Severity(StrEnum):
    """Whether a problem prevents its row from being sent."""

    #: The row is invalid.
    ERROR = "error"
    #: The row is sent. A person should check it.
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem with one cell of one row of the manifest.

    Attributes:
        line: line number in the file, from 1, as in an editor.
        column: name of the column in the manifest, or name of the field if the manifest has no
            such column.
        code: a key of `problem_codes.CODES`, such as `url-scheme` or `duplicate-reference`.
        reason: what is wrong, in one sentence that does not contain the value.
        value: the cell as it is in the manifest.
        hint: how to fix the cell; may be empty.
        severity: whether the problem prevents the row from being sent.
        reference_id, filename: reference ID and title of the row; empty if not known.
    """

    line: int
    column: str
    code: str
    reason: str
    value: str = ""
    hint: str = ""
    severity: Severity = Severity.ERROR
    reference_id: str = ""
    filename: str = ""

    def __str__(self) -> str:
        """Returns the column and the reason, or only the reason if there is no column."""
        return f"{self.column}: {self.reason}" if self.column else self.reason


#: Code of a problem: a row that was added to the manifest may be the video of a removed row.
POSSIBLE_DUPLICATE_CODE: Final = "possible-duplicate"

#: Identifies a column of a manifest: its name, and its occurrence index from 1 among the columns
#: with this name. For a column without a name: empty text, and its position in the header from 1.
ColumnKey = tuple[str, int]


@dataclass(frozen=True)
class ManifestColumns:
    """The columns of one version of a manifest.

    A row that is removed from the manifest keeps the columns of the last version with this row.

    Attributes:
        names: names in the header, in its order; a name may be empty, or occur more than once.
        fields: for source URL, title, extension and reference ID, in this order: position of the
            column, from 0; None if there is no such column.
    """

    names: tuple[str, ...] = ()
    fields: tuple[int | None, ...] = (None, None, None, None)

    @cached_property
    def positions(self) -> Mapping[ColumnKey, int]:
        """Position of each column, from 0, in the order of the header."""
        occurrence_counts: Counter[str] = Counter()
        positions: dict[ColumnKey, int] = {}
        for position, name in enumerate(self.names):
            occurrence_counts[name] += 1
            positions[name, occurrence_counts[name] if name else position + 1] = position
        return positions


#: The columns of a job that has no manifest yet.
EMPTY_COLUMNS: Final = ManifestColumns()


@dataclass(frozen=True, slots=True)
class ManifestRow:
    """One row of the manifest, ready to be stored in the job database.

    Attributes:
        line: number of its first line in the file, from 1.
        reference_id: the user's reference ID, or one made from the row's content.
        identity: the text by which this row is recognized in an edited manifest: its reference ID.
            None if the row has no reference ID, or if an earlier row has the same one.
        source_url, filename, extension: fields of the POST (Viostream API guide, step 1);
            `filename` is the title. The URL is percent-encoded only when it is sent.
        cells: all cells of the row as they are in the file, in the order of the header.
        error: reasons and hints of its errors, as one text; empty if the row can be sent.
        expires: epoch seconds when the signature of the URL expires; infinity if it never expires.
        codes: codes of the problems in `error`, in the same order.
        has_own_id: whether the manifest gives the reference ID. If false, the row of an edited
            manifest is matched by its URL, and keeps the reference ID that was generated first.
        address: the URL in canonical form, for matching: `HTTPS://Host:443/v.mp4?id=1&token=0a1b`
            becomes `https://host/v.mp4?id=1&token=0a1b`.
        stripped_address: the canonical URL without its signature: `https://host/v.mp4?id=1`.
        stripped_reference: reference ID generated from the URL without signature; empty if
            `has_own_id`.
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
    """Where the platform fetches the video of a row from.

    Attributes:
        line: line number of the row in the manifest, from 1.
        url: the source URL.
        extension: file extension that the manifest gives for the video.
        row_number: number of the row in the job database; 0 if it is not stored there yet.
        reference_id, filename: reference ID and title of the row; empty if it has none.
        signed_url: temporary URL, if `url` is a reference such as `s3://bucket/key`. A secret.
    """

    line: int
    url: str
    extension: str
    row_number: int = 0
    reference_id: str = ""
    filename: str = ""
    signed_url: str = field(default="", repr=False)

    @property
    def download_url(self) -> str:
        """The URL that the video is downloaded from."""
        return self.signed_url or self.url


@dataclass(frozen=True, slots=True)
class LineRange:
    """A range of lines of the manifest, numbered from 1. Both ends are included."""

    first: int
    last: int

    def __str__(self) -> str:
        """Returns text such as `line 5` or `lines 5 to 9`."""
        is_one = self.first == self.last
        return f"line {self.first}" if is_one else f"lines {self.first} to {self.last}"


@dataclass(frozen=True, slots=True)
class JobRow:
    """A row of the job, as the importer needs it. A row in flight is sent and not finished.

    Attributes:
        row_number: number of the row in the job database; it never changes.
        claimed_at: epoch seconds when the row was last claimed, before its POST; None if never.
        sent_at: epoch seconds when its last POST was answered or timed out; None before that.
        media_id: ID of its media, if the media was found before it was online; else None.
        line: number of its first line in the manifest.
        claim_count: how many times the row had been claimed before the importer read it.
        imported_between_count: number of imported rows between the previous in-flight row and this
            row, in manifest order, to estimate how far apart their media are in the media list.
        is_held: whether an earlier run may still send the row. Then no other run may send it.
    """

    row_number: int
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
    claim_count: int = 0
    imported_between_count: int = 0
    is_held: bool = False


@dataclass(frozen=True, slots=True)
class LookupTarget:
    """An imported row whose media is requested individually.

    Attributes:
        row_number: number of the row in the job database.
        media_id, key: ID and media key of the row's media; empty if not known.
    """

    row_number: int
    reference_id: str
    media_id: str
    key: str


@dataclass(frozen=True, slots=True)
class Media:
    """A video in the account, as `GET /media` lists it (Viostream API guide, step 3).

    Texts are empty if the platform does not give them.

    Attributes:
        key: the media key: the public ID that embed codes contain.
        status: the platform's status in lower case, such as `online` or `processing`.
        duration: as the platform gives it: `"00:01:05"`, or seconds.
        thumbnail: URL of the picture.
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
        total: how many media the whole list has; None if the platform does not report it.
        is_refused: whether the platform refused the page, so that it has no items.
    """

    items: tuple[Media, ...]
    total: int | None = None
    is_refused: bool = False


@dataclass(frozen=True, slots=True)
class Counts:
    """Number of rows per status; `creating` counts as processing in a run, else as unknown."""

    total: int = 0
    pending: int = 0
    processing: int = 0
    unknown: int = 0
    imported: int = 0
    failed: int = 0
    invalid: int = 0
    skipped: int = 0


_KEY_MISSING_MESSAGE: Final = (
    "its video is online, but the platform gives no key for it: there is no embed code"
)


@dataclass(frozen=True, slots=True)
class StatusUpdate:
    """A status update of one row, derived from an API response and stored in the job database.

    A row whose media has no key is never marked imported: it becomes `UNKNOWN`.

    Attributes:
        row_number: number of the row in the job database.
        reason: why the status changed, for the history of the row.
        error: message for the user; kept with the row until its next update.
        code: code of `error`: a `FailureCode`, or the code of a problem.
        sent_at: epoch seconds when a POST ended that may have been carried out; else None.
        ingest_id: ID of the ingest that the platform started; None if there is none.
        media: the row's media; None if it is not known.
    """

    row_number: int
    status: Status
    reason: str = ""
    error: str = ""
    code: str = ""
    sent_at: float | None = None
    ingest_id: str | None = None
    media: Media | None = None

    def __post_init__(self) -> None:
        # An unknown row is not sent a second time, and the next run looks for its media again.
        if self.status is Status.IMPORTED and self.media and not self.media.key:
            object.__setattr__(self, "status", Status.UNKNOWN)
            object.__setattr__(self, "code", FailureCode.KEY_MISSING)
            object.__setattr__(self, "error", _KEY_MISSING_MESSAGE)


@dataclass(frozen=True, slots=True)
class StatusChange:
    """One status change in the history of a row. `time` is in epoch seconds."""

    time: float
    status: Status
    reason: str
    code: str = ""


class ResultRow(NamedTuple):
    """Everything that the job database has about one row, for the results.

    Unknown texts are empty. This is a named tuple, because a job can have a million rows, and
    creating a data class takes five times as long.

    Attributes:
        codes: codes of the problems in `error`, or one `FailureCode`.
        cells, columns: cells and columns of the row in the last manifest version with this row.
        is_removed: whether the row is no longer in the manifest.
        is_size_requested: whether width and height were requested from the platform.
        size: width and height of the video in pixels; None if not known.
        row_number: number of the row in the job database.
        reference_id_in_manifest: ID in the manifest if it differs from `reference_id`; else empty.
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
    is_removed: bool
    is_size_requested: bool
    size: tuple[int, int] | None
    ingest_id: str
    media_id: str
    key: str
    title: str
    duration: str
    thumbnail: str
    created_date: str
    row_number: int = 0
    reference_id_in_manifest: str = ""

    def cell(self, column: ColumnKey) -> str:
        """Returns the cell in a column; empty if the row's manifest had no such column."""
        return self._cell_at(self.columns.positions.get(column))

    def field_cell(self, field: int) -> str:
        """Returns the cell of a field, given as an index of `ManifestColumns.fields`.

        Empty if the row's manifest had no column for this field.
        """
        return self._cell_at(self.columns.fields[field])

    def _cell_at(self, position: int | None) -> str:
        if position is None or position >= len(self.cells):
            return ""
        return self.cells[position]

    @property
    def reason(self) -> str:
        """First line of an invalid row's `error`, which has the hint below; else all of `error`."""
        return self.error.partition("\n")[0] if self.status is Status.INVALID else self.error
