"""Find the job of a corrected `failed.csv`, which the user may have renamed.

Two columns of `failed.csv` have the ID of the job and the number of the row. This module must not
know what is done with the rows.
"""

import gzip
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from batch_import.configuration.request import ImportRequest
from batch_import.configuration.settings import ReadingOptions
from batch_import.errors import ManifestError, StateError, setting_ref
from batch_import.job import Job
from batch_import.manifest.columns.aliases import FIELDS
from batch_import.manifest.origin import (
    JOB_COLUMN,
    ROW_COLUMN,
    JobReference,
    OriginColumns,
    origin_columns,
)
from batch_import.models import ManifestRow
from batch_import.state import facts
from batch_import.state.location import jobs_in
from batch_import.state.store import Store

if TYPE_CHECKING:
    from batch_import.manifest.read import Manifest

#: Number of bytes at the start of a file, or of each file in a workbook, that are searched for the
#: name of the column.
_SEARCHED_BYTES: Final = 1_000_000
#: Encodings in which spreadsheet programs save a CSV file. In other encodings of ASCII letters, the
#: bytes of the column's name are the same as in UTF-8.
_ENCODINGS: Final = ("utf-8", "utf-16-le", "utf-16-be")


def find_original_job(request: ImportRequest) -> ImportRequest:
    """Find the job of the rows if the manifest is a corrected `failed.csv`.

    Returns:
        A request with this job's folder and column mapping. For any other manifest, the request
        unchanged.

    Raises:
        ManifestError: the file cannot be read.
        StateError: the job of the rows is not found.
    """
    if not _may_have_origin(request.manifest):
        return request
    from batch_import.manifest.read import open_manifest  # pandas, whose import takes long

    manifest = open_manifest(request.manifest, request.reading)
    columns = origin_columns(manifest.header)
    reference = _first_reference(manifest, columns) if columns else None
    if reference is None:
        return request
    for job in _candidates(request, reference):
        with suppress(StateError), Store(job.state, read_only=True) as store:
            if store.facts.get(facts.JOB_ID) == reference.id:
                reading = _with_mapping_of_job(request.reading, store, manifest.header)
                return replace(request, folder=job.folder, reading=reading)
    new_job_hint = (
        f"to import the rows as a new job, delete the columns “{JOB_COLUMN}” and “{ROW_COLUMN}”."
    )
    if request.folder is not None:
        job_option = setting_ref("job", str(request.folder))
        raise StateError(
            f"{request.manifest} has rows of the job {reference}, but {job_option} is another job.",
            f"Correct or remove {setting_ref('job')}; {new_job_hint}",
        )
    raise StateError(
        f"{request.manifest} has rows of the job {reference}, which was not found.",
        f"Run the command in the folder where that job was run, or name the job folder with"
        f" {setting_ref('job')}; {new_job_hint}",
    )


def _may_have_origin(path: Path) -> bool:
    """Whether a file may have the two columns. Only its start is read, so that this is quick."""
    names = [JOB_COLUMN.casefold().encode(encoding) for encoding in _ENCODINGS]
    return any(name in start.lower() for start in _read_starts(path) for name in names)


def _read_starts(path: Path) -> Iterator[bytes]:
    """Yield the first bytes of a file, or of each file in an archive.

    Yields nothing for standard input, and if the file cannot be read.
    """
    with suppress(OSError, zipfile.BadZipFile, EOFError, ValueError):
        if str(path) == "-" or not path.is_file():
            return
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                for name in archive.namelist():
                    with archive.open(name) as member:
                        yield member.read(_SEARCHED_BYTES)
            return
        with path.open("rb") as file:
            start = file.read(_SEARCHED_BYTES)
        yield start
        if start.startswith(b"\x1f\x8b"):  # gzip
            with gzip.open(path) as unpacked:
                yield unpacked.read(_SEARCHED_BYTES)


def _first_reference(manifest: "Manifest", columns: OriginColumns) -> JobReference | None:
    """Returns the job that the first row with origin cells names; None if no row has such cells."""
    for chunk in manifest.chunks():
        for cells in chunk.frame.itertuples(index=False, name=None):
            origin = columns.read(cells)
            if origin:
                job, _row_number = origin
                return job
    return None


def _candidates(request: ImportRequest, reference: JobReference) -> Iterator[Job]:
    """Yield the jobs among which the original job is searched.

    If the user named a folder or a database: only its jobs. Otherwise: the job folder that the file
    records, the folder of the file, and all jobs in `output/`.
    """
    if request.folder is not None:
        yield Job(request.folder, request.state)
        return
    if request.state:
        yield from jobs_in(database=request.state)
        return
    if reference.folder:
        yield Job(Path(reference.folder))
    yield Job(request.manifest.parent)
    yield from jobs_in()


def _with_mapping_of_job(
    reading: ReadingOptions, store: Store, header: tuple[str, ...]
) -> ReadingOptions:
    """Add the column mapping and the defaults of the job's manifest. The user's values prevail."""
    columns = store.reader.columns()
    mapping = {}
    for field, position in zip(FIELDS, columns.fields, strict=True):
        if position is not None and header.count(columns.names[position]) == 1:
            mapping[field] = columns.names[position]
    defaults = store.facts.get(facts.DEFAULTS)
    return replace(
        reading,
        map={**mapping, **reading.map},
        default={**defaults, **reading.default},
    )


def row_number_in_job(
    row: ManifestRow, origin: OriginColumns, job_id: str, place: str
) -> int | None:
    """Returns the number that a line of a corrected `failed.csv` has in its job; None if it is new.

    Args:
        job_id: ID of the job; empty if the job has none yet.
        place: which file is no row of which job, as a part of the error message.

    Raises:
        ManifestError: the line is neither a row of the job nor a new row.
    """
    if job_id and origin.is_empty(row.cells):
        return None
    job_and_row = origin.read(row.cells)
    if job_and_row is None or job_and_row[0].id != job_id:
        raise ManifestError(
            f"Line {row.line} of {place}: its cells under “{JOB_COLUMN}” and “{ROW_COLUMN}”"
            " differ from those in failed.csv.",
            "Nothing was changed. Restore these two cells; if it is a new row, empty both.",
        )
    return job_and_row[1]
