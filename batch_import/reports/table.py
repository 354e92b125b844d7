"""The results as a table: its columns, and the cells of each row. No I/O.

All result files are written from this table. This module must not know where the table is written
to, nor how the job database works.
"""

import csv
import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from operator import attrgetter
from typing import Final

from batch_import.addresses.masking import mask, mask_all
from batch_import.configuration.base_urls import EMBED_BASE
from batch_import.configuration.result_options import ResultOptions
from batch_import.errors import UsageError, find_similar
from batch_import.manifest.columns.aliases import fold
from batch_import.manifest.origin import JOB_COLUMN, ROW_COLUMN, JobReference, row_reference
from batch_import.models import ColumnKey, ManifestColumns, ResultRow, Status
from batch_import.viostream.embed import embed_code, embed_url, oembed_url, share_url

#: Name of the column that `failed.csv` adds to the manifest's columns.
REASON: Final = "reason"
#: Columns of the workbook before the manifest's columns; the title is before all of them.
_FIRST_COLUMNS: Final = ("embedCode", "embedUrl", "status", "referenceId")
_LAST_COLUMNS: Final = (
    *("filename", "duration", "sourceUrl", "shareUrl", "oembedUrl", "thumbnail", "createdDate"),
    *("extension", "line", "key", "mediaId", "ingestId", "error"),
)
#: Names of fields, used in `failed.csv` for a generated title or reference ID.
_TITLE_FIELD: Final = "filename"
_REFERENCE_FIELD: Final = "referenceId"
#: Number of rows whose cells are created together.
_BATCH_ROWS: Final = 500


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the results.

    Attributes:
        name: name that users' scripts depend on; for a column of the manifest, its heading.
        meaning: description of the content.
        cells: returns the cells of many rows at once, because a call per cell would double the
            time.
        heading: heading in the files; the name, unless it was renamed.
        is_from_manifest: whether it is a column of the manifest.
    """

    name: str
    meaning: str
    cells: Callable[[Sequence[ResultRow]], Iterable[str]]
    heading: str = ""
    is_from_manifest: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """The results of one job. Secrets in URLs are masked in all cells.

    Attributes:
        columns: the columns that are written, in their order.
        embedding: creates the links and the embed code of a row.
        group: column by which rows are grouped; None if they are not.
        manifest_columns: the columns of the manifest, whether they are written or not.
    """

    columns: tuple[Column, ...]
    embedding: "Embedding"
    group: Column | None = None
    manifest_columns: tuple[Column, ...] = ()

    @property
    def header(self) -> list[str]:
        """The headings of the columns."""
        return [column.heading for column in self.columns]

    def lines(self, records: Iterable[ResultRow]) -> Iterator[tuple[str, ...]]:
        """Yields the cells of each row."""
        for rows in in_batches(records):
            yield from zip(*(column.cells(rows) for column in self.columns), strict=True)

    def for_people(self) -> "Table":
        """Returns the same table with the columns in an order for people.

        If the user has chosen columns, their order is kept.
        """
        if self.embedding.options.results_columns:
            return self
        by_name = {column.name: column for column in self.columns}
        shown = replace(
            by_name["title"],
            meaning="the title on the platform, or the one that it was sent with",
            cells=lambda rows: mask_all([row.title or row.filename for row in rows]),
        )
        first = [shown, *(by_name[name] for name in _FIRST_COLUMNS)]
        own = [column for column in self.columns if column.is_from_manifest]
        last = [by_name[name] for name in _LAST_COLUMNS]
        return replace(self, columns=(*first, *own, *last))


@dataclass(frozen=True, slots=True)
class Embedding:
    """The links and the embed code of a row. All are empty if the row cannot be played.

    Attributes:
        base_url: scheme and host of the embed pages.
    """

    base_url: str = EMBED_BASE
    options: ResultOptions = field(default_factory=ResultOptions)

    def url(self, record: ResultRow) -> str:
        """Returns the URL of the page that plays the video."""
        if not _is_playable(record):
            return ""
        return embed_url(self.base_url, record.key, self.options.player_key)

    def code(self, record: ResultRow) -> str:
        """Returns the embed code; empty while the size of the picture is still to be requested."""
        if not _is_playable(record) or (
            self.options.aspect_from_detail and not record.is_size_requested
        ):
            return ""
        title = record.title or record.filename
        return embed_code(
            self.url(record),
            self.options.embed,
            record.size,
            title if self.options.embed_titles else "",
        )

    def share(self, record: ResultRow) -> str:
        """Returns the URL of the page to link to."""
        return share_url(self.base_url, record.key) if _is_playable(record) else ""

    def oembed(self, record: ResultRow) -> str:
        """Returns the URL that an oEmbed consumer requests."""
        return oembed_url(self.base_url, record.key) if _is_playable(record) else ""


def results_table(
    manifest: ManifestColumns,
    earlier: Iterable[ManifestColumns] = (),
    embedding: Embedding = Embedding(),
    *,
    keep_ids: bool = False,
) -> Table:
    """Returns the table of a job: its own columns, then other columns of the manifest.

    If the user has chosen columns, only these.

    Args:
        manifest: columns of the manifest, without the fields, which are in the results already.
        earlier: columns of earlier versions of the manifest, which removed rows still have.
        keep_ids: whether the manifest's reference IDs are a column of their own, because rows were
            sent under other IDs.

    Raises:
        UsageError: a chosen column does not exist, or two columns get the same heading.
    """
    others = list(_manifest_columns([manifest, *earlier], keep_ids=keep_ids))
    columns = [replace(each, heading=each.name) for each in (*_result_columns(embedding), *others)]
    chosen = _chosen_columns(columns, embedding.options.results_columns)
    group = _group(columns, embedding.options.group_by)
    own = tuple(column for column in columns if column.is_from_manifest)
    return Table(tuple(chosen), embedding, group, own)


def _result_columns(embedding: Embedding) -> list[Column]:
    return [
        Column("line", "where the row begins in the manifest", _each(lambda row: str(row.line))),
        Column("status", "what became of it", _each(lambda row: str(row.status))),
        Column("error", "what is wrong with it", problem_texts),
        Column(_REFERENCE_FIELD, "your own id of the video", _each(attrgetter("reference_id"))),
        Column("filename", "the title it was sent with", _masked("filename")),
        Column("sourceUrl", "where its file came from", _masked("source_url")),
        Column("extension", "the file's format", _each(attrgetter("extension"))),
        Column("ingestId", "the platform's id of the import", _each(attrgetter("ingest_id"))),
        Column("mediaId", "the platform's id of the video", _each(attrgetter("media_id"))),
        Column("key", "the video's public key", _each(attrgetter("key"))),
        Column("embedUrl", "the page that plays it", _each(embedding.url)),
        Column("embedCode", "what to paste into a page", _each(embedding.code)),
        Column("shareUrl", "the page to link to", _each(embedding.share)),
        Column("oembedUrl", "for systems that embed by oEmbed", _each(embedding.oembed)),
        Column("title", "the title on the platform", _masked("title")),
        Column("duration", "how long it plays", _each(attrgetter("duration"))),
        Column("thumbnail", "a picture of it", _each(attrgetter("thumbnail"))),
        Column("createdDate", "since when the platform has it", _each(attrgetter("created_date"))),
    ]


def _each(cell: Callable[[ResultRow], str]) -> Callable[[Sequence[ResultRow]], Iterable[str]]:
    return lambda rows: map(cell, rows)


def _masked(attribute: str) -> Callable[[Sequence[ResultRow]], Iterable[str]]:
    cell = attrgetter(attribute)
    return lambda rows: mask_all(list(map(cell, rows)))


def _manifest_columns(manifests: Iterable[ManifestColumns], *, keep_ids: bool) -> Iterator[Column]:
    """Yields the columns of manifests that are not fields, with names that no other column has.

    A manifest's column `embed_code` beside `embedCode` would be used instead of it by mistake, and
    programs that ignore case refuse a column `Status` beside `status`.
    """
    own = {fold(column.name) for column in _result_columns(Embedding())}
    names: set[str] = set()
    keys = dict.fromkeys(
        key
        for manifest in manifests
        for key, position in manifest.positions.items()
        if position not in (manifest.fields[:-1] if keep_ids else manifest.fields)
    )
    for key in keys:
        name = free = key[0] or f"column {key[1]}"
        for count in itertools.count(1):
            if free not in names and fold(free) not in own:
                break
            free = f"{name} (manifest)" if count == 1 else f"{name} (manifest {count})"
        names.add(free)
        yield Column(free, "from your manifest", _cells_in(key), is_from_manifest=True)


def _cells_in(column: ColumnKey) -> Callable[[Sequence[ResultRow]], Iterable[str]]:
    return lambda rows: mask_all([row.cell(column) for row in rows])


def _group(columns: Sequence[Column], name: str) -> Column | None:
    """Returns the column with a name; None if the name is empty."""
    if not name:
        return None
    known = {column.name: column for column in columns}
    if name in known:
        return known[name]
    raise _no_column(name, known, "group_by")


def _no_column(name: str, known: Iterable[str], setting: str) -> UsageError:
    names = list(known)
    there = find_similar(name, names) or ", ".join(names)
    return UsageError(
        f"{name!r} is not a column of the results.", f"There is {there}.", setting=setting
    )


def _chosen_columns(columns: Sequence[Column], text: str) -> list[Column]:
    """Returns the columns of a choice `NAME[=HEADING],…`; all columns if it is empty."""
    if not text:
        return list(columns)
    known = {column.name: column for column in columns}
    picked = []
    for part in next(csv.reader([text], skipinitialspace=True)):
        name, _, heading = (piece.strip() for piece in part.partition("="))
        if name not in known:
            raise _no_column(name, known, "results_columns")
        picked.append(replace(known[name], heading=heading or name))
    headings = [column.heading for column in picked]
    for heading in headings:
        if headings.count(heading) > 1:
            raise UsageError(
                f"{heading!r} is the heading of two columns.",
                "Rename one of them: NAME=OTHER.",
                setting="results_columns",
            )
    return picked


def _is_playable(record: ResultRow) -> bool:
    return record.status is Status.IMPORTED and bool(record.key)


def problem_texts(records: Sequence[ResultRow]) -> Sequence[str]:
    """Returns what a person must know about each row, with secrets masked."""
    return mask_all([problem_text(row) if row.error or row.is_removed else "" for row in records])


def problem_text(record: ResultRow) -> str:
    """Returns what a person must know about a row."""
    if not record.is_removed:
        return record.reason
    return f"no longer in the manifest{'; ' if record.error else ''}{record.reason}"


def in_batches(records: Iterable[ResultRow]) -> Iterator[list[ResultRow]]:
    """Yields the rows in lists of as many as are read from the job database together."""
    rows = iter(records)
    while some := list(itertools.islice(rows, _BATCH_ROWS)):
        yield some


def failed_header(manifest: ManifestColumns, others: Iterable[ManifestColumns] = ()) -> list[str]:
    """Returns the columns of `failed.csv`: the columns of the manifest, and the reason.

    It can be used as a manifest. If the manifest has no column of titles, one is added, because it
    is required; the same for reference IDs, because a row must keep its ID. The last two columns
    identify the job and the row.

    Args:
        others: columns of other manifests whose rows are in the same file.
    """
    names = [manifest.names[position] for position in _failed_columns(manifest).values()]
    names += [key[0] or f"column {key[1]}" for key in _extra_columns(manifest, others)]
    _, title, _, reference = manifest.fields
    names += [_TITLE_FIELD] if title is None else []
    names += [_REFERENCE_FIELD] if reference is None else []
    return [*names, REASON, JOB_COLUMN, ROW_COLUMN]


def failed_lines(
    records: Iterable[ResultRow],
    manifest: ManifestColumns,
    job: JobReference,
    others: Iterable[ManifestColumns] = (),
) -> Iterator[list[str]]:
    """Yields the lines of `failed.csv`: rows that failed, are invalid, or used up their POSTs."""
    _, title, _, reference = manifest.fields
    kept, more = _failed_columns(manifest), _extra_columns(manifest, others)
    fields = {position: field for field, position in enumerate(manifest.fields)}
    for record in records:
        waits = record.status is Status.PENDING and bool(record.codes)
        if record.is_removed or not (waits or record.status in (Status.FAILED, Status.INVALID)):
            continue
        same = record.columns is manifest or record.columns == manifest
        cells = [
            record.cell(column) if same or place not in fields else record.field_cell(fields[place])
            for column, place in kept.items()
        ]
        cells += [record.cell(column) for column in more]
        if title is None:
            cells.append(record.filename)
        if reference is None:
            cells.append(record.reference_id)
        elif not cells[reference].strip():
            cells[reference] = record.reference_id
        home = [str(job), row_reference(record.row_number)] if job.id else ["", ""]
        yield [*cells, mask(record.reason), *home]


def _failed_columns(manifest: ManifestColumns) -> dict[ColumnKey, int]:
    """Returns which columns of the manifest `failed.csv` has. It may be a `failed.csv` itself."""
    columns = dict(manifest.positions)
    last = len(manifest.names) - 1
    if manifest.names and manifest.names[last] == REASON and last not in manifest.fields:
        columns.popitem()
    return columns


def _extra_columns(manifest: ManifestColumns, others: Iterable[ManifestColumns]) -> list[ColumnKey]:
    """Returns the columns that only other manifests have, and that are not fields."""
    known = _failed_columns(manifest)
    return list(
        dict.fromkeys(
            key
            for other in others
            for key, position in _failed_columns(other).items()
            if key not in known and position not in other.fields
        )
    )
