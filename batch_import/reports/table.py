"""The results as a table: which columns, and what stands in each. Pure.

Every file of results is written from this one table. This file must not know where the table is
written to, nor how the state is kept.
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
from batch_import.errors import UsageError, nearest
from batch_import.manifest.columns.aliases import fold
from batch_import.manifest.origin import JOB_COLUMN, ROW_COLUMN, JobReference, row_reference
from batch_import.models import ColumnKey, ManifestColumns, ResultRow, Status
from batch_import.viostream.embed import embed_code, embed_url, oembed_url, share_url

#: The column that `failed.csv` adds to the manifest's own.
REASON: Final = "reason"
#: Columns of the workbook, before and after the manifest's own; the title is before them all.
_FIRST: Final = ("embedCode", "embedUrl", "status", "referenceId")
_LAST: Final = (
    *("filename", "duration", "sourceUrl", "shareUrl", "oembedUrl", "thumbnail", "createdDate"),
    *("extension", "line", "key", "mediaId", "ingestId", "error"),
)
#: The manifest's fields under which `failed.csv` keeps a title and a reference ID that were made.
_TITLE: Final = "filename"
_REFERENCE: Final = "referenceId"
#: Rows whose cells are made together.
_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the results.

    Attributes:
        name: what people script against, or the manifest's heading for one of its own columns.
        meaning: what it holds, in plain words.
        cells: the cells of many rows: a call for each cell would be half of the work.
        heading: what stands above it; the name, unless it was renamed.
        from_manifest: it is one of the manifest's own.
    """

    name: str
    meaning: str
    cells: Callable[[Sequence[ResultRow]], Iterable[str]]
    heading: str = ""
    from_manifest: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """The results of one job. What is secret in a URL is masked in all of it.

    Attributes:
        columns: those that are handed out, in their order.
        embedding: what makes the links and the code of a row.
        group: the column that rows are grouped by; None for none.
        manifest_columns: the manifest's own, whether they are handed out or not.
    """

    columns: tuple[Column, ...]
    embedding: "Embedding"
    group: Column | None = None
    manifest_columns: tuple[Column, ...] = ()

    @property
    def header(self) -> list[str]:
        """What stands above the columns."""
        return [column.heading for column in self.columns]

    def lines(self, records: Iterable[ResultRow]) -> Iterator[tuple[str, ...]]:
        """The cells of every row."""
        for rows in in_batches(records):
            yield from zip(*(column.cells(rows) for column in self.columns), strict=True)

    def for_people(self) -> "Table":
        """The same as a person reads it: first what most come for, errors last.

        A choice of columns is left as it is.
        """
        if self.embedding.options.results_columns:
            return self
        by_name = {column.name: column for column in self.columns}
        shown = replace(
            by_name["title"],
            meaning="the title on the platform, or the one that it was sent with",
            cells=lambda rows: mask_all([row.title or row.filename for row in rows]),
        )
        first = [shown, *(by_name[name] for name in _FIRST)]
        own = [column for column in self.columns if column.from_manifest]
        last = [by_name[name] for name in _LAST]
        return replace(self, columns=(*first, *own, *last))


@dataclass(frozen=True, slots=True)
class Embedding:
    """The links and the code of a row. All are empty for a row that cannot be played.

    Attributes:
        base: origin of the embed pages.
    """

    base: str = EMBED_BASE
    options: ResultOptions = field(default_factory=ResultOptions)

    def url(self, record: ResultRow) -> str:
        """The page that plays it."""
        if not _plays(record):
            return ""
        return embed_url(self.base, record.key, self.options.player_key)

    def code(self, record: ResultRow) -> str:
        """What to paste into a page; empty while its ratio is still to be asked for."""
        if not _plays(record) or (self.options.aspect_from_detail and not record.looked_at):
            return ""
        title = record.title or record.filename
        return embed_code(
            self.url(record),
            self.options.embed,
            record.size,
            title if self.options.embed_titles else "",
        )

    def share(self, record: ResultRow) -> str:
        """The page to link to."""
        return share_url(self.base, record.key) if _plays(record) else ""

    def oembed(self, record: ResultRow) -> str:
        """What an oEmbed consumer asks."""
        return oembed_url(self.base, record.key) if _plays(record) else ""


def results_table(
    manifest: ManifestColumns,
    earlier: Iterable[ManifestColumns] = (),
    embedding: Embedding = Embedding(),
) -> Table:
    """The table of a job: its own columns, then the manifest's others; or those that are chosen.

    Args:
        manifest: its columns. Those that became fields are in the results already.
        earlier: columns of the manifest as it was before, which removed rows still have.

    Raises:
        UsageError: a column is chosen that is not there, or two get the same heading.
    """
    others = list(_others([manifest, *earlier]))
    columns = [replace(each, heading=each.name) for each in (*_own(embedding), *others)]
    chosen = _chosen(columns, embedding.options.results_columns)
    group = _group(columns, embedding.options.group_by)
    own = tuple(column for column in columns if column.from_manifest)
    return Table(tuple(chosen), embedding, group, own)


def _own(embedding: Embedding) -> list[Column]:
    return [
        Column("line", "where the row begins in the manifest", _each(lambda row: str(row.line))),
        Column("status", "what became of it", _each(lambda row: str(row.status))),
        Column("error", "what is wrong with it", notes),
        Column(_REFERENCE, "your own id of the video", _each(attrgetter("reference_id"))),
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


def _others(manifests: Iterable[ManifestColumns]) -> Iterator[Column]:
    """The manifests' columns that are no field, under names that no other column has.

    A manifest's `embed_code` beside `embedCode` would be pasted for it, and programs that ignore
    case refuse a `Status` beside `status`.
    """
    own = {fold(column.name) for column in _own(Embedding())}
    names: set[str] = set()
    keys = dict.fromkeys(
        key
        for manifest in manifests
        for key, position in manifest.positions.items()
        if position not in manifest.fields
    )
    for key in keys:
        name = free = key[0] or f"column {key[1]}"
        for count in itertools.count(1):
            if free not in names and fold(free) not in own:
                break
            free = f"{name} (manifest)" if count == 1 else f"{name} (manifest {count})"
        names.add(free)
        yield Column(free, "from your manifest", _cells_in(key), from_manifest=True)


def _cells_in(column: ColumnKey) -> Callable[[Sequence[ResultRow]], Iterable[str]]:
    return lambda rows: mask_all([row.cell(column) for row in rows])


def _group(columns: Sequence[Column], name: str) -> Column | None:
    """The column of a name; None for no name."""
    if not name:
        return None
    known = {column.name: column for column in columns}
    if name in known:
        return known[name]
    raise _no_column(name, known, "group_by")


def _no_column(name: str, known: Iterable[str], setting: str) -> UsageError:
    names = list(known)
    there = nearest(name, names) or ", ".join(names)
    return UsageError(
        f"{name!r} is not a column of the results.", f"There is {there}.", setting=setting
    )


def _chosen(columns: Sequence[Column], text: str) -> list[Column]:
    """Pick columns as `NAME[=HEADING],…` says; all of them where it says nothing."""
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


def _plays(record: ResultRow) -> bool:
    return record.status is Status.IMPORTED and bool(record.key)


def notes(records: Sequence[ResultRow]) -> Sequence[str]:
    """What a person must know of each row, fit to be shown."""
    return mask_all([note(row) if row.error or row.removed else "" for row in records])


def note(record: ResultRow) -> str:
    """What a person must know of a row."""
    if not record.removed:
        return record.reason
    return f"no longer in the manifest{'; ' if record.error else ''}{record.reason}"


def in_batches(records: Iterable[ResultRow]) -> Iterator[list[ResultRow]]:
    """The rows, some hundreds at once: as many as are read together."""
    rows = iter(records)
    while some := list(itertools.islice(rows, _AT_ONCE)):
        yield some


def failed_header(manifest: ManifestColumns, others: Iterable[ManifestColumns] = ()) -> list[str]:
    """The columns of `failed.csv`: the manifest's own, so that it can be fed back, and the reason.

    A manifest without a column of titles gets one, as it needs one; and one of reference IDs: a
    row must stay the same row. The last two find the job and the row again.

    Args:
        others: manifests that are delivered together with this one.
    """
    names = [manifest.names[position] for position in _kept(manifest).values()]
    names += [key[0] or f"column {key[1]}" for key in _more(manifest, others)]
    _, title, _, reference = manifest.fields
    names += [_TITLE] if title is None else []
    names += [_REFERENCE] if reference is None else []
    return [*names, REASON, JOB_COLUMN, ROW_COLUMN]


def failed(
    records: Iterable[ResultRow],
    manifest: ManifestColumns,
    job: JobReference,
    others: Iterable[ManifestColumns] = (),
) -> Iterator[list[str]]:
    """The lines of `failed.csv`: rows that failed, are invalid, or wait after POSTs in vain."""
    _, title, _, reference = manifest.fields
    kept, more = _kept(manifest), _more(manifest, others)
    fields = {position: field for field, position in enumerate(manifest.fields)}
    for record in records:
        waits = record.status is Status.PENDING and bool(record.codes)
        if record.removed or not (waits or record.status in (Status.FAILED, Status.INVALID)):
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
        home = [str(job), row_reference(record.number)] if job.id else ["", ""]
        yield [*cells, mask(record.reason), *home]


def _kept(manifest: ManifestColumns) -> dict[ColumnKey, int]:
    """The columns that `failed.csv` has of the manifest's, which may be a `failed.csv` itself."""
    columns = dict(manifest.positions)
    last = len(manifest.names) - 1
    if manifest.names and manifest.names[last] == REASON and last not in manifest.fields:
        columns.popitem()
    return columns


def _more(manifest: ManifestColumns, others: Iterable[ManifestColumns]) -> list[ColumnKey]:
    """Columns that only other manifests have, and that are no field there."""
    known = _kept(manifest)
    return list(
        dict.fromkeys(
            key
            for other in others
            for key, position in _kept(other).items()
            if key not in known and position not in other.fields
        )
    )
