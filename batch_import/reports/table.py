"""The results as a table: its columns, and the cells of each row. No I/O.

All result files are written from this table. `failed.csv`, which users correct and run again, has
its own columns, also defined here. This module must not know where the table is written to, nor how
the job database works.
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
#: Order of columns for people: the title, `_FIRST_COLUMNS`, the columns of the manifest, and
#: `_LAST_COLUMNS`.
_FIRST_COLUMNS: Final = ("embedCode", "embedUrl", "status", "referenceId")
_LAST_COLUMNS: Final = (
    "filename", "duration", "sourceUrl", "shareUrl", "oembedUrl", "thumbnail", "createdDate",
    "extension", "line", "key", "mediaId", "ingestId", "error",
)  # fmt: skip
#: Names of the columns that `failed.csv` has for a title or reference ID that is not in the
#: manifest.
_TITLE_FIELD: Final = "filename"
_REFERENCE_FIELD: Final = "referenceId"
#: Number of rows whose cells are created together, column by column.
_BATCH_ROWS: Final = 500


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the results.

    Attributes:
        name: name on which users' scripts depend; for a column of the manifest, its heading there.
        meaning: description of the content.
        cells: returns the cells of many rows at once, because a call for each cell would take twice
            as long.
        heading: heading in the files: the name, unless the user chose another.
        is_from_manifest: whether the column comes from the manifest.
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
        group: column by whose values rows are grouped; None if rows are not grouped.
        manifest_columns: the columns of the manifest, even if the user chose not to write them.
    """

    columns: tuple[Column, ...]
    embedding: "Embedding"
    group: Column | None = None
    manifest_columns: tuple[Column, ...] = ()

    @property
    def header(self) -> list[str]:
        """The headings of the columns."""
        return [column.heading for column in self.columns]

    def lines(self, rows: Iterable[ResultRow]) -> Iterator[tuple[str, ...]]:
        """Yields the cells of each row."""
        for batch in in_batches(rows):
            yield from zip(*(column.cells(batch) for column in self.columns), strict=True)

    def for_people(self) -> "Table":
        """Returns the same table with its columns in an order for people.

        If the user has chosen columns, the order of the user is kept.
        """
        if self.embedding.options.results_columns:
            return self
        by_name = {column.name: column for column in self.columns}
        title_column = replace(
            by_name["title"],
            meaning="the title on the platform, or the one that it was sent with",
            cells=lambda rows: mask_all([row.title or row.filename for row in rows]),
        )
        first_columns = [title_column, *(by_name[name] for name in _FIRST_COLUMNS)]
        manifest_columns = [column for column in self.columns if column.is_from_manifest]
        last_columns = [by_name[name] for name in _LAST_COLUMNS]
        return replace(self, columns=(*first_columns, *manifest_columns, *last_columns))


@dataclass(frozen=True, slots=True)
class Embedding:
    """Creates the links and the embed code of a row. All are empty if the row cannot be played.

    Attributes:
        base_url: scheme and host of the embed pages.
        options: options for the results, with the form of the embed code.
    """

    base_url: str = EMBED_BASE
    options: ResultOptions = field(default_factory=ResultOptions)

    def url(self, row: ResultRow) -> str:
        """Returns the URL of the page that plays the video."""
        if not _is_playable(row):
            return ""
        return embed_url(self.base_url, row.key, self.options.player_key)

    def code(self, row: ResultRow) -> str:
        """Returns the embed code; empty if it needs a picture size that is not requested yet."""
        lacks_size = self.options.aspect_from_detail and not row.is_size_requested
        if not _is_playable(row) or lacks_size:
            return ""
        title = (row.title or row.filename) if self.options.embed_titles else ""
        return embed_code(self.url(row), self.options.embed, row.size, title)

    def share(self, row: ResultRow) -> str:
        """Returns the URL of the page to link to."""
        return share_url(self.base_url, row.key) if _is_playable(row) else ""

    def oembed(self, row: ResultRow) -> str:
        """Returns the URL that an oEmbed consumer requests."""
        return oembed_url(self.base_url, row.key) if _is_playable(row) else ""


def results_table(
    manifest: ManifestColumns,
    earlier: Iterable[ManifestColumns] = (),
    embedding: Embedding = Embedding(),
    *,
    keep_ids: bool = False,
) -> Table:
    """Returns the table of a job.

    It has the program's own columns, then the columns of the manifest that are not already among
    them. If the user has chosen columns, the table has only these.

    Args:
        manifest: columns of the manifest.
        earlier: columns of earlier versions of the manifest, which removed rows still have.
        embedding: creates links and embed codes; it also has the options for the results.
        keep_ids: whether the table also has the manifest's column of reference IDs, because some
            rows were sent with other reference IDs.

    Raises:
        UsageError: a chosen column does not exist, or two columns get the same heading.
    """
    unnamed_columns = [
        *_result_columns(embedding),
        *_manifest_columns([manifest, *earlier], keep_ids=keep_ids),
    ]
    columns = [replace(column, heading=column.name) for column in unnamed_columns]
    chosen_columns = _chosen_columns(columns, embedding.options.results_columns)
    group = _group_column(columns, embedding.options.group_by)
    manifest_columns = tuple(column for column in columns if column.is_from_manifest)
    return Table(tuple(chosen_columns), embedding, group, manifest_columns)


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
    """Returns a function for `Column.cells` that calls `cell` for each row."""
    return lambda rows: map(cell, rows)


def _masked(attribute: str) -> Callable[[Sequence[ResultRow]], Iterable[str]]:
    """Returns a function for `Column.cells` that returns an attribute with secrets masked."""
    cell = attrgetter(attribute)
    return lambda rows: mask_all(list(map(cell, rows)))


def _manifest_columns(manifests: Iterable[ManifestColumns], *, keep_ids: bool) -> Iterator[Column]:
    """Yields the columns of manifests, each with a name that no other column of the table has.

    The columns of the manifest's fields (source URL, title, extension, reference ID) are left out,
    because the table has them already. If a name is similar to a name of the program's columns,
    ` (manifest)` is appended: users would confuse `embed_code` with `embedCode`, and programs that
    ignore case refuse `Status` beside `status`.
    """
    own_names = {fold(column.name) for column in _result_columns(Embedding())}
    used_names: set[str] = set()
    keys: dict[ColumnKey, None] = {}
    for manifest in manifests:
        # The reference ID is the last field.
        omitted_positions = manifest.fields[:-1] if keep_ids else manifest.fields
        for key, position in manifest.positions.items():
            if position not in omitted_positions:
                keys[key] = None
    for key in keys:
        heading = unused_name = _heading_of(key)
        for count in itertools.count(1):
            if unused_name not in used_names and fold(unused_name) not in own_names:
                break
            suffix = "(manifest)" if count == 1 else f"(manifest {count})"
            unused_name = f"{heading} {suffix}"
        used_names.add(unused_name)
        yield Column(unused_name, "from your manifest", _cells_in(key), is_from_manifest=True)


def _heading_of(column: ColumnKey) -> str:
    """Returns the name of a column of a manifest; `column 3` if it has no name."""
    name, number = column
    return name or f"column {number}"


def _cells_in(column: ColumnKey) -> Callable[[Sequence[ResultRow]], Iterable[str]]:
    """Returns a function for `Column.cells` that returns the cells of a manifest's column."""
    return lambda rows: mask_all([row.cell(column) for row in rows])


def _group_column(columns: Sequence[Column], name: str) -> Column | None:
    """Returns the column with a name; None if the name is empty."""
    if not name:
        return None
    by_name = {column.name: column for column in columns}
    if name in by_name:
        return by_name[name]
    raise _unknown_column(name, by_name, "group_by")


def _unknown_column(name: str, known_names: Iterable[str], setting: str) -> UsageError:
    names = list(known_names)
    suggestion = find_similar(name, names) or ", ".join(names)
    return UsageError(
        f"{name!r} is not a column of the results.", f"There is {suggestion}.", setting=setting
    )


def _chosen_columns(columns: Sequence[Column], text: str) -> list[Column]:
    """Returns the columns that a setting of the form `NAME[=HEADING],…` chooses.

    If the setting is empty, all columns are returned.
    """
    if not text:
        return list(columns)
    by_name = {column.name: column for column in columns}
    chosen_columns = []
    for part in next(csv.reader([text], skipinitialspace=True)):
        name, _, heading = (piece.strip() for piece in part.partition("="))
        if name not in by_name:
            raise _unknown_column(name, by_name, "results_columns")
        chosen_columns.append(replace(by_name[name], heading=heading or name))
    headings = [column.heading for column in chosen_columns]
    for heading in headings:
        if headings.count(heading) > 1:
            raise UsageError(
                f"{heading!r} is the heading of two columns.",
                "Rename one of them: NAME=OTHER.",
                setting="results_columns",
            )
    return chosen_columns


def _is_playable(row: ResultRow) -> bool:
    return row.status is Status.IMPORTED and bool(row.key)


def problem_texts(rows: Sequence[ResultRow]) -> Sequence[str]:
    """Returns the problem of each row as `problem_text` does, with secrets masked."""
    return mask_all([problem_text(row) if row.error or row.is_removed else "" for row in rows])


def problem_text(row: ResultRow) -> str:
    """Returns why a row failed or is invalid, and whether it was removed; empty if neither."""
    if not row.is_removed:
        return row.reason
    return f"no longer in the manifest{'; ' if row.error else ''}{row.reason}"


def in_batches(rows: Iterable[ResultRow]) -> Iterator[list[ResultRow]]:
    """Yields the rows in lists, each with as many rows as the job database decodes together."""
    iterator = iter(rows)
    while batch := list(itertools.islice(iterator, _BATCH_ROWS)):
        yield batch


def failed_header(manifest: ManifestColumns, others: Iterable[ManifestColumns] = ()) -> list[str]:
    """Returns the headings of `failed.csv`.

    They are the columns of the manifest, the reason, and two columns that identify the job and the
    row. The file can be used as a manifest. Therefore a column of titles is added if the manifest
    has none, because titles are required; and a column of reference IDs, because a row must keep
    its reference ID.

    Args:
        manifest: columns of the manifest.
        others: columns of other manifests whose rows are in the same file.
    """
    names = [manifest.names[position] for position in _failed_columns(manifest).values()]
    names += map(_heading_of, _extra_columns(manifest, others))
    _, title, _, reference = manifest.fields
    names += [_TITLE_FIELD] if title is None else []
    names += [_REFERENCE_FIELD] if reference is None else []
    return [*names, REASON, JOB_COLUMN, ROW_COLUMN]


def failed_lines(
    rows: Iterable[ResultRow],
    manifest: ManifestColumns,
    job: JobReference,
    others: Iterable[ManifestColumns] = (),
) -> Iterator[list[str]]:
    """Yields the lines of `failed.csv`, with the columns of `failed_header`.

    The file has the rows that failed, that are invalid, or that are pending again after a failure.

    Args:
        rows: rows of the job; all others among them are left out.
        manifest: columns of the manifest.
        job: identifies the job.
        others: columns of other manifests whose rows are in the same file.
    """
    _, title_position, _, reference_position = manifest.fields
    columns, extra_columns = _failed_columns(manifest), _extra_columns(manifest, others)
    fields = {position: field for field, position in enumerate(manifest.fields)}
    for row in rows:
        is_pending_again = row.status is Status.PENDING and bool(row.codes)
        is_failed = is_pending_again or row.status in (Status.FAILED, Status.INVALID)
        if row.is_removed or not is_failed:
            continue
        is_same_manifest = row.columns is manifest or row.columns == manifest
        cells = []
        for column, position in columns.items():
            # In another manifest, a field may have another heading.
            if is_same_manifest or position not in fields:
                cells.append(row.cell(column))
            else:
                cells.append(row.field_cell(fields[position]))
        cells += [row.cell(column) for column in extra_columns]
        if title_position is None:
            cells.append(row.filename)
        if reference_position is None:
            cells.append(row.reference_id)
        elif not cells[reference_position].strip():
            cells[reference_position] = row.reference_id
        origin = [str(job), row_reference(row.row_number)] if job.id else ["", ""]
        yield [*cells, mask(row.reason), *origin]


def _failed_columns(manifest: ManifestColumns) -> dict[ColumnKey, int]:
    """Returns the columns of the manifest that `failed.csv` has, with their positions.

    If the manifest is a `failed.csv` itself, its column of reasons is left out.
    """
    columns = dict(manifest.positions)
    last = len(manifest.names) - 1
    if manifest.names and manifest.names[last] == REASON and last not in manifest.fields:
        columns.popitem()
    return columns


def _extra_columns(manifest: ManifestColumns, others: Iterable[ManifestColumns]) -> list[ColumnKey]:
    """Returns the columns that only other manifests have, without the columns of their fields."""
    manifest_columns = _failed_columns(manifest)
    extra_columns: dict[ColumnKey, None] = {}
    for other in others:
        for key, position in _failed_columns(other).items():
            if key not in manifest_columns and position not in other.fields:
                extra_columns[key] = None
    return list(extra_columns)
