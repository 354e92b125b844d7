"""A rehearsal: imports the rows of a job into the sandbox, on a virtual clock.

The sandbox is the simulated platform; its settings are called *knobs*, and make it slow or faulty.
The job is not changed, and nothing is sent to the real platform.
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

#: Maximum number of rows of a rehearsal: more rows would take minutes instead of seconds.
MAX_REHEARSED_ROWS: Final = 3_000
#: Start of the virtual clock, in epoch seconds. Any value is possible, but it must be constant,
#: because a rehearsal with the same seed must give the same result.
_START_TIME: Final = 1_700_000_000.0
#: Minimum and maximum round-trip time in seconds, in a usual network.
_LATENCY_SECONDS: Final = (0.05, 0.2)
#: The rows that are in flight at the start are treated as sent in this number of seconds before the
#: start, as if the previous run had just been stopped.
_IN_FLIGHT_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class RehearsalResult:
    """The result of a rehearsal.

    Attributes:
        rows: number of rows that were rehearsed.
        of: number of rows that a real run would process; `rows` may be fewer.
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
    """Returns the knobs of a realistic platform.

    Its rate limit is slightly lower than the one that the user set, and rare faults occur: a few
    media fail, a few replies are lost, and a few requests get an error.

    Args:
        settings: settings of the run, with its rate limit.
        processing: minimum and maximum processing time of a media.
        existing: number of media that are in the account before the run.
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
    max_rows: int = MAX_REHEARSED_ROWS,
) -> RehearsalResult:
    """Rehearse a run of a job. The same arguments give the same result.

    Args:
        store: the job database; it is only read.
        settings: settings of the run.
        knobs: names and values of the sandbox's knobs.
        seed: seed of all random numbers.
        max_rows: maximum number of rows. If the job has more unfinished rows, a sample of evenly
            distributed rows is used.

    Raises:
        UsageError: there is no such knob, or a knob has an invalid value.
    """
    rows, counts = store.queue.unfinished(max_rows), store.reader.counts()
    sent_from = _START_TIME - _IN_FLIGHT_SECONDS
    platform = SimulatedPlatform(Knobs.from_mapping(knobs), seed, sent_from)
    with Store(None) as rehearsal_store:
        _copy_rows(rehearsal_store, platform, rows, Random(seed), sent_from)
        run, fault = _run(rehearsal_store, platform, settings, seed)
        return RehearsalResult(
            rows=len(rows),
            of=store.queue.claimable_count() + counts.processing + counts.unknown,
            counts=rehearsal_store.reader.counts(),
            seconds=run.last_reply_at - _START_TIME,
            calls=platform.calls.total(),
            refused=platform.rate_limited,
            unanswered=run.unanswered_count,
            twice=_duplicate_references(platform),
            fault=fault,
        )


def _run(
    rehearsal_store: Store, platform: SimulatedPlatform, settings: Settings, seed: int
) -> tuple[VirtualRun, str]:
    """Run the import.

    Returns:
        The run, and the message of the fault that ended it early; empty if it was not ended early.
    """
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
    """Copy rows with their statuses, and create media for rows that are in flight.

    Args:
        rehearsal_store: the database to copy to; it is empty.
        platform: the simulated platform, to which the media are added.
        rows: the rows to rehearse.
        random: draws random numbers.
        sent_from: epoch seconds from which the rows in flight were sent.
    """
    in_flight = [row for row in rows if row.status is not Status.PENDING]
    # The rows in flight are loaded alone first, so that exactly these rows are claimed. The pending
    # rows are added at the end.
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
    # The sandbox downloads nothing; therefore a reference is replaced by a URL without a signature.
    url = as_web_url(row.source_url)
    reference_id = identity = row.reference_id
    return ManifestRow(row.row_number, reference_id, identity, url, row.filename, row.extension, ())


def _sent_row(
    platform: SimulatedPlatform, row: JobRow, number: int, sent_at: float, random: Random
) -> StatusUpdate:
    """Returns the status update of a row in flight, and creates its media in the platform.

    Of the rows whose POST got no answer, a random half gets a media.
    """
    is_accepted = row.status is Status.PROCESSING
    status = Status.PROCESSING if is_accepted else Status.UNKNOWN
    ingest_id = None
    if is_accepted or random.random() < 1 / 2:
        fields = {"source_url": row.source_url, "title": row.filename}
        media = platform.new_media(sent_at, reference_id=row.reference_id, **fields)
        ingest_id = media.ingest_id if row.ingest_id else None
    return StatusUpdate(number, status, "sent before", sent_at=sent_at, ingest_id=ingest_id)


def _duplicate_references(platform: SimulatedPlatform) -> tuple[str, ...]:
    """Returns the reference IDs that several media of the import have, without failed media."""
    counts = Counter(
        media.reference_id for media in platform.media if not (media.failed or media.foreign)
    )
    return tuple(
        reference_id for reference_id, count in counts.items() if reference_id and count > 1
    )
