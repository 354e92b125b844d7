"""Find the job of a corrected `failed.csv`, which may have been renamed.

Two columns of `failed.csv` name the job and the row. This module must not know what is done with
the rows.
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
from batch_import.errors import StateError, setting_ref
from batch_import.job import Job
from batch_import.manifest.columns.aliases import FIELDS
from batch_import.manifest.origin import (
    JOB_COLUMN,
    ROW_COLUMN,
    JobReference,
    OriginColumns,
    origin_columns,
)
from batch_import.state import facts
from batch_import.state.location import jobs_in
from batch_import.state.store import Store

if TYPE_CHECKING:
    from batch_import.manifest.read import Manifest

#: How many bytes of a file, or of each file in a workbook, are searched for the header.
_HEADER_WITHIN: Final = 1_000_000
_ENCODINGS: Final = ("utf-8", "utf-16-le", "utf-16-be")


def with_original_job(request: ImportRequest) -> ImportRequest:
    """Return the request with the job folder of the rows, if the manifest is a `failed.csv`.

    Any other manifest's request is returned unchanged.

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
                reading = _read_like(request.reading, store, manifest.header)
                return replace(request, folder=job.folder, reading=reading)
    as_new = (
        f"to import the rows as a new job, delete the columns “{JOB_COLUMN}” and “{ROW_COLUMN}”."
    )
    if request.folder is not None:
        named = setting_ref("job", str(request.folder))
        raise StateError(
            f"{request.manifest} holds rows of another job, {reference}; the job that {named} names"
            " is not that job.",
            f"Leave {setting_ref('job')} out, or correct it; {as_new}",
        )
    raise StateError(
        f"{request.manifest} holds rows of another job, {reference}, and that job is not there.",
        f"Run it from the folder where that job was run, or name the job folder with"
        f" {setting_ref('job')}; {as_new}",
    )


def _may_have_origin(path: Path) -> bool:
    """Whether a file may have the two columns. It is quick, so that no file is read twice."""
    name = JOB_COLUMN.casefold()
    marks = [name.encode(encoding) for encoding in _ENCODINGS]
    return any(mark in start.lower() for start in _starts(path) for mark in marks)


def _starts(path: Path) -> Iterator[bytes]:
    """Yield the first bytes of a file, or of each file in an archive."""
    with suppress(OSError, zipfile.BadZipFile, EOFError, ValueError):
        if str(path) == "-" or not path.is_file():
            return
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as packed:
                for name in packed.namelist():
                    with packed.open(name) as part:
                        yield part.read(_HEADER_WITHIN)
            return
        with path.open("rb") as file:
            start = file.read(_HEADER_WITHIN)
        yield start
        if start.startswith(b"\x1f\x8b"):
            with gzip.open(path) as unpacked:
                yield unpacked.read(_HEADER_WITHIN)


def _first_reference(manifest: "Manifest", columns: OriginColumns) -> JobReference | None:
    for chunk in manifest.chunks():
        for cells in chunk.frame.itertuples(index=False, name=None):
            if found := columns.read(cells):
                return found[0]
    return None


def _candidates(request: ImportRequest, reference: JobReference) -> Iterator[Job]:
    """Yield possible jobs: the named one, else the recorded one, beside the file, in `output/`."""
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


def _read_like(given: ReadingOptions, store: Store, header: tuple[str, ...]) -> ReadingOptions:
    """Use the column mapping of the job's manifest, except for fields that the user mapped."""
    columns = store.reader.columns()
    known = {
        field: columns.names[position]
        for field, position in zip(FIELDS, columns.fields, strict=True)
        if position is not None and header.count(columns.names[position]) == 1
    }
    defaults = store.facts.get(facts.DEFAULTS)
    return replace(
        given,
        map={**known, **given.map},
        default={**defaults, **given.default},
    )
