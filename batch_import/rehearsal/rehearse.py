"""A rehearsal: imports a job's own rows into the sandbox, with the faults of a platform.

The job is not changed, and nothing is sent.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from batch_import.addresses.objects import as_web_url
from batch_import.configuration.settings import Settings
from batch_import.errors import RunFault
from batch_import.importer.dispatch import Dispatcher
from batch_import.importer.forecast import ProcessingTime
from batch_import.models import Counts, JobRow, ManifestRow, Status, StatusUpdate
from batch_import.rehearsal.virtual import VirtualRun
from batch_import.sandbox.knobs import Knobs
from batch_import.sandbox.platform import SimulatedPlatform
from batch_import.state.store import Store
from batch_import.viostream.rate_limiter import RateLimiter

#: Maximum number of rows of a rehearsal, so that it takes seconds, not minutes.
MAX_REHEARSED_ROWS: Final = 3_000
#: Start of the virtual clock, in epoch seconds. The value does not matter, but must be constant.
_START_TIME: Final = 1_700_000_000.0
#: Minimum and maximum round-trip time in seconds, in a usual network.
_LATENCY_SECONDS: Final = (0.05, 0.2)
#: Seconds before the start within which the in-flight rows were sent, as if the previous run had
#: just been stopped.
_IN_FLIGHT_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class RehearsalResult:
    """The result of a rehearsal.

    Attributes:
        rows: number of rows that were rehearsed.
        of: number of rows that a run would work on.
        counts: status counts of the rehearsed rows.
        seconds: duration of the run on the virtual clock.
        calls: number of requests that reached the platform, including those that failed.
        refused: number of requests that were answered with 429.
        unanswered: number of requests without a clear answer.
        twice: reference IDs of rows that became two videos.
        fault: why the run ended early; empty if it did not.
    """

    rows: int
    of: int
    counts: Counts
    seconds: float
    calls: int
    refused: int
    unanswered: int
    twice: tuple[str, ...]
    fault: str


def realistic_knobs(
    settings: Settings, processing: ProcessingTime, existing: int
) -> dict[str, object]:
    """Returns knobs of a realistic platform: slightly below the rate limit, with rare faults.

    Args:
        settings: the rate limit of the run.
        processing: minimum and maximum processing time.
        existing: number of media in the account.
    """
    return {
        "processing": (processing.low, processing.high),
        "rate_limit": 0.95 * settings.rate,
        "failing": 0.02,
        "lost_reply": 0.005,
        "error_before": 0.005,
        "unavailable": 0.002,
        "existing": existing,
    }


def rehearse(
    store: Store,
    settings: Settings,
    knobs: Mapping[str, object],
    seed: int,
    most: int = MAX_REHEARSED_ROWS,
) -> RehearsalResult:
    """Rehearse a run of a job. The same seed gives the same result.

    Args:
        store: the job database; it is only read.
        settings: settings of the run.
        knobs: how the platform behaves.
        seed: seed of all random numbers.
        most: maximum number of rows. If there are more, a sample of evenly distributed rows.

    Raises:
        UsageError: there is no such knob, or a knob has an invalid value.
    """
    rows, counts = store.queue.unfinished(most), store.reader.counts()
    sent_from = _START_TIME - _IN_FLIGHT_SECONDS
    platform = SimulatedPlatform(Knobs.from_mapping(knobs), seed, sent_from)
    with Store(None) as rehearsal_store:
        _copy_rows(rehearsal_store, platform, rows, Random(seed), sent_from)
        run, fault = _run(rehearsal_store, platform, settings, seed)
        return RehearsalResult(
            rows=len(rows),
            of=counts.pending + counts.processing + counts.unknown,
            counts=rehearsal_store.reader.counts(),
            seconds=run.last_answer - _START_TIME,
            calls=platform.calls.total(),
            refused=platform.rate_limited,
            unanswered=run.unanswered,
            twice=_duplicate_references(platform),
            fault=fault,
        )


def _run(
    rehearsal_store: Store, platform: SimulatedPlatform, settings: Settings, seed: int
) -> tuple[VirtualRun, str]:
    """Run the import to its end; returns the run, and the fault that ended it early."""
    run = VirtualRun(
        Dispatcher(settings, rehearsal_store, RateLimiter(settings.rate, _START_TIME), _START_TIME),
        platform,
        start=_START_TIME,
        workers=settings.workers,
        latency=_LATENCY_SECONDS,
        timeout=settings.timeout[1],
        seed=seed,
    )
    try:
        run.run()
    except RunFault as fault:
        return run, fault.message
    return run, ""


def _copy_rows(
    rehearsal_store: Store,
    platform: SimulatedPlatform,
    rows: Sequence[JobRow],
    random: Random,
    sent_from: float,
) -> None:
    """Copy the rows with their statuses, and create the media of in-flight rows."""
    in_flight = [row for row in rows if row.status is not Status.PENDING]
    rehearsal_store.load(map(_manifest_row, in_flight), sent_from)
    numbers = {
        row.reference_id: row.row_number
        for row in rehearsal_store.queue.claim(len(in_flight), sent_from)
    }
    interval = _IN_FLIGHT_SECONDS / (len(in_flight) + 1)
    for index, row in enumerate(in_flight, start=1):
        sent_at = sent_from + index * interval
        rehearsal_store.queue.apply(
            [_sent_row(platform, row, numbers[row.reference_id], sent_at, random)], sent_at
        )
    rehearsal_store.load(map(_manifest_row, rows), sent_from)


def _manifest_row(row: JobRow) -> ManifestRow:
    name = row.reference_id
    # Nothing is downloaded; therefore a reference needs no signature.
    url = as_web_url(row.source_url)
    return ManifestRow(row.row_number, name, name, url, row.filename, row.extension, ())


def _sent_row(
    platform: SimulatedPlatform, row: JobRow, number: int, sent_at: float, random: Random
) -> StatusUpdate:
    """Returns the update of an in-flight row. Half of the unanswered POSTs created a media."""
    is_accepted = row.status is Status.PROCESSING
    status = Status.PROCESSING if is_accepted else Status.UNKNOWN
    ingest_id = None
    if is_accepted or random.random() < 1 / 2:
        fields = {"source_url": row.source_url, "title": row.filename}
        media = platform.new_media(sent_at, reference_id=row.reference_id, **fields)
        ingest_id = media.ingest_id if row.ingest_id else None
    return StatusUpdate(number, status, "sent before", sent_at=sent_at, ingest_id=ingest_id)


def _duplicate_references(platform: SimulatedPlatform) -> tuple[str, ...]:
    counts = Counter(
        media.reference_id for media in platform.media if not (media.failed or media.foreign)
    )
    return tuple(name for name, count in counts.items() if name and count > 1)
