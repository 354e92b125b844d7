"""The results as a table: which columns, and what stands in each. Pure.

This file must not know where the table is written to, nor how the state is kept.
"""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from batch_import.api.embed import embed_code, embed_url
from batch_import.masking import mask
from batch_import.models import Record, Status

#: The results' own columns; people script against them.
COLUMNS: Final = [
    "line",
    "status",
    "error",
    "referenceId",
    "filename",
    "sourceUrl",
    "extension",
    "ingestId",
    "mediaId",
    "key",
    "embedUrl",
    "embedCode",
    "title",
    "duration",
    "thumbnail",
    "createdDate",
]
#: The column that `failed.csv` adds to the manifest's own.
REASON: Final = "reason"
#: The manifest's fields under which `failed.csv` keeps a reference ID that was made up.
_REFERENCE: Final = "referenceId"


def results_header(header: Sequence[str], fields: Iterable[int]) -> list[str]:
    """The results' columns, then the manifest's others.

    Args:
        header: the manifest's.
        fields: positions of the columns that became fields, which the results hold already.
    """
    names = list(COLUMNS)
    for position in others(header, fields):
        # Two columns of one name would be lost on whoever reads the file by name.
        name = free = header[position] or f"column {position + 1}"
        for count in itertools.count(1):
            if free not in names:
                break
            free = f"{name} (manifest)" if count == 1 else f"{name} (manifest {count})"
        names.append(free)
    return names


def others(header: Sequence[str], fields: Iterable[int]) -> list[int]:
    """Positions of the manifest's columns that are no field."""
    taken = set(fields)
    return [position for position in range(len(header)) if position not in taken]


def results(
    records: Iterable[Record], embed_base: str, extras: Sequence[int]
) -> Iterator[list[str]]:
    """The lines of the results, one a row. What is secret in a URL is masked.

    Args:
        extras: positions of the manifest's other columns.
    """
    for record in records:
        url = embed_url(embed_base, record.key) if _plays(record) else ""
        yield [
            str(record.line),
            str(record.status),
            mask(_note(record)),
            record.reference_id,
            record.filename,
            mask(record.source_url),
            record.extension,
            record.ingest_id,
            record.media_id,
            record.key,
            url,
            embed_code(url) if url else "",
            record.title,
            record.duration,
            record.thumbnail,
            record.created_date,
            *(mask(record.cells[position]) for position in extras),
        ]


def _plays(record: Record) -> bool:
    return record.status is Status.IMPORTED and bool(record.key)


def _note(record: Record) -> str:
    if not record.removed:
        return record.error
    return f"no longer in the manifest{'; ' if record.error else ''}{record.error}"


def failed_header(header: Sequence[str], reference: int | None) -> list[str]:
    """The columns of `failed.csv`: the manifest's own, so that it can be fed back, and the reason.

    A manifest without a column of reference IDs gets one: a row must stay the same row.
    """
    names = list(header)
    if names and names[-1] == REASON:
        names.pop()  # this manifest is a failed.csv itself
    return [*names, *([_REFERENCE] if reference is None else []), REASON]


def failed(
    records: Iterable[Record], header: Sequence[str], reference: int | None
) -> Iterator[list[str]]:
    """The lines of `failed.csv`: rows that failed or are invalid, as they stand in the manifest."""
    width = len(header) - (1 if header and header[-1] == REASON else 0)
    for record in records:
        if record.status not in (Status.FAILED, Status.INVALID) or record.removed:
            continue
        cells = [*record.cells[:width]]
        if reference is None:
            cells.append(record.reference_id)
        elif not cells[reference].strip():
            cells[reference] = record.reference_id
        yield [*cells, mask(record.error)]
