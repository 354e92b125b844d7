"""A job's own rows, imported into the sandbox's model: what would happen, faults and all.

Nothing of the job is changed, and nothing leaves this process. This file must not know a terminal.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from batch_import.configuration.settings import Settings
from batch_import.errors import RunFault
from batch_import.importer.dispatch import Dispatcher
from batch_import.importer.forecast import ProcessingTime
from batch_import.models import Change, Counts, ManifestRow, Row, Status
from batch_import.rehearsal.virtual import VirtualRun
from batch_import.sandbox.knobs import Knobs
from batch_import.sandbox.model import Platform
from batch_import.state.store import Store
from batch_import.viostream.rate_limit import Budget

#: Rows that are rehearsed at the most: that takes seconds, not minutes.
MOST_ROWS: Final = 3_000
#: The clock starts here, in epoch seconds. Any moment will do, as long as it is always the same.
_START: Final = 1_700_000_000.0
#: Seconds on the way there and back, of a call in a usual network.
_LATENCY: Final = (0.05, 0.2)
#: Seconds before the start in which rows in flight were sent: as if a run had just been stopped.
_JUST_SENT: Final = 60.0


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """What happened.

    Attributes:
        rows, of: how many were rehearsed, and how many a run has work with.
        counts: of those that were rehearsed.
        seconds: that the run took, by its own clock.
        calls: that reached the platform, whatever became of them.
        refused: how many of them got a 429.
        unanswered: how many got no clear answer.
        twice: reference IDs of rows that became two videos.
        fault: why the run ended early; empty where it did not.
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


def usual_knobs(settings: Settings, processing: ProcessingTime, existing: int) -> dict[str, object]:
    """A platform as it may well be: a little slower than the rate, and with faults now and then.

    Args:
        existing: media that are in the account.
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
    most: int = MOST_ROWS,
) -> Rehearsed:
    """Run a job as it would run now; the same seed brings the same again.

    Args:
        store: the job's state; it is only read.
        knobs: how the platform behaves.
        most: of more rows, so many are rehearsed, evenly picked.

    Raises:
        UsageError: there is no such knob, or it cannot be turned so.
    """
    rows, counts = store.queue.unfinished(most), store.reader.counts()
    begun = _START - _JUST_SENT
    platform = Platform(Knobs.from_mapping(knobs), seed, begun)
    with Store(None) as own:
        _fill(own, platform, rows, Random(seed), begun)
        run, fault = _run(own, platform, settings, seed)
        return Rehearsed(
            rows=len(rows),
            of=counts.pending + counts.processing + counts.unknown,
            counts=own.reader.counts(),
            seconds=run.last_answer - _START,
            calls=platform.calls.total(),
            refused=platform.refused,
            unanswered=run.unanswered,
            twice=_twice(platform),
            fault=fault,
        )


def _run(own: Store, platform: Platform, settings: Settings, seed: int) -> tuple[VirtualRun, str]:
    """One run to its end, and the fault that ended it early."""
    run = VirtualRun(
        Dispatcher(settings, own, Budget(settings.rate, _START), _START),
        platform,
        start=_START,
        workers=settings.workers,
        latency=_LATENCY,
        timeout=settings.timeout[1],
        seed=seed,
    )
    try:
        run.run()
    except RunFault as fault:
        return run, fault.message
    return run, ""


def _fill(
    own: Store, platform: Platform, rows: Sequence[Row], random: Random, begun: float
) -> None:
    """Bring rows, and what the platform has of them, to where they are."""
    flying = [row for row in rows if row.status is not Status.PENDING]
    own.load(map(_as_read, flying), begun)
    claimed = {row.reference_id: row.number for row in own.queue.claim(len(flying), begun)}
    step = _JUST_SENT / (len(flying) + 1)
    for place, row in enumerate(flying, start=1):
        sent_at = begun + place * step
        own.queue.apply([_sent(platform, row, claimed[row.reference_id], sent_at, random)], sent_at)
    own.load(map(_as_read, rows), begun)


def _as_read(row: Row) -> ManifestRow:
    name = row.reference_id
    return ManifestRow(row.number, name, name, row.source_url, row.filename, row.extension, ())


def _sent(platform: Platform, row: Row, number: int, sent_at: float, random: Random) -> Change:
    """A row that an earlier run sent. Of POSTs without an answer, every other one made a video."""
    known = row.status is Status.PROCESSING
    status = Status.PROCESSING if known else Status.UNKNOWN
    ingest_id = None
    if known or random.random() < 1 / 2:
        words = {"source_url": row.source_url, "title": row.filename}
        media = platform.new_media(sent_at, reference_id=row.reference_id, **words)
        ingest_id = media.ingest_id if row.ingest_id else None
    return Change(number, status, "sent before", sent_at=sent_at, ingest_id=ingest_id)


def _twice(platform: Platform) -> tuple[str, ...]:
    living = Counter(m.reference_id for m in platform.media if not (m.failed or m.foreign))
    return tuple(name for name, count in living.items() if name and count > 1)
