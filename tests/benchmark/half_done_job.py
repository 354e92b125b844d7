"""Prepares the job folder of an interrupted run: half of the rows are imported.

1,000 rows are still processing. The job database is written with the program's own store, so that
the next run finds the manifest unchanged.

python tests/benchmark/half_done_job.py FOLDER ROWS
"""

import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from samples import HEADER, sample, write_manifest

from batch_import.configuration.request import ImportRequest
from batch_import.job import Job
from batch_import.models import JobRow, ManifestRow, Media, Status, StatusUpdate
from batch_import.state.store import Store
from batch_import.workflows.load import manifest_facts
from batch_import.workflows.validated_manifest import ValidatedManifest

#: Number of rows that are claimed and imported in one transaction.
_BATCH = 10_000
#: Maximum number of rows that are still processing.
_PROCESSING_ROWS = 1_000


def _manifest_rows(rows: int) -> Iterator[ManifestRow]:
    for number in range(1, rows + 1):
        row = sample(number)
        yield ManifestRow(
            line=number + 1,
            reference_id=row["referenceId"],
            identity=row["referenceId"],
            source_url=row["sourceUrl"],
            filename=row["filename"],
            extension=row["extension"],
            cells=tuple(row[name] for name in HEADER),
        )


def _imported(row: JobRow, now: float) -> StatusUpdate:
    media = Media(
        id=f"media_{row.row_number:09}",
        key=f"key{row.row_number:09}",
        reference_id=row.reference_id,
        status="online",
        title=row.filename,
        duration="00:00:04",
    )
    ingest_id = f"ingest-{row.row_number}"
    return StatusUpdate(row.row_number, Status.IMPORTED, "online", "", now, ingest_id, media)


def _processing(row: JobRow, now: float) -> StatusUpdate:
    ingest_id = f"ingest-{row.row_number}"
    return StatusUpdate(
        row.row_number, Status.PROCESSING, "taken", sent_at=now, ingest_id=ingest_id
    )


def main() -> None:
    folder, rows = Path(sys.argv[1]), int(sys.argv[2])
    manifest = folder / "library.csv"
    write_manifest(manifest, rows)
    job = Job(folder / "job")
    job.prepare()
    now = time.time() - 3600.0
    request = ImportRequest(manifest, folder=job.folder)
    validated = ValidatedManifest(request, now, threading.Event(), lambda _: None)
    with Store(job.state, create=True) as store:
        store.load(_manifest_rows(rows), now, validated.columns, manifest_facts(validated))
        remaining = rows // 2
        while remaining:
            claimed = store.queue.claim(min(_BATCH, remaining), now)
            remaining -= len(claimed)
            store.queue.apply([_imported(row, now) for row in claimed], now)
        claimed = store.queue.claim(min(_PROCESSING_ROWS, rows // 4), now)
        store.queue.apply([_processing(row, now) for row in claimed], now)


if __name__ == "__main__":
    main()
