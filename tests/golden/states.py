"""Changes a job database step by step, and prints its contents after each step.

`SITUATIONS` are the fixed steps of one job; `walk` executes random steps from a seed. Both use only
the public methods of the store, so that its implementation can change. `python
tests/golden/states.py SEED` prints a walk, to compare it with that of another version.
"""

import hashlib
import math
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from random import Random
from typing import Any, Final

from batch_import.errors import UsageError
from batch_import.models import LineRange, ManifestRow, Media, Status, StatusUpdate
from batch_import.state import facts
from batch_import.state.store import Store

# Values that the store takes --------------------------------------------------------------------

FACTS: Final = (facts.MANIFEST.of("videos.csv"), facts.ACCOUNT.of("acc-1"))


def row(
    line: int, name: str, *, title: str = "", query: str = "", error: str = "",
    expires: float = math.inf, is_duplicate: bool = False,
) -> ManifestRow:  # fmt: skip
    """Return a row of a manifest. Of a duplicate, an earlier row has the same reference ID."""
    title = title or f"Title {name}"
    url = f"https://videos.example.com/{name}.mp4{query}"
    cells = (url, title, "mp4", name)
    identity = None if is_duplicate else name
    return ManifestRow(line, name, identity, url, title, "mp4", cells, error, expires)


def media(name: str, attempt: int = 1) -> Media:
    """Return the media of a row; each attempt to create it results in another one."""
    number = f"{name}-{attempt}"
    return Media(
        f"id-{number}", f"key-{number}", name, "online", f"Title {name}", "00:00:04",
        f"https://img.example.com/{number}.jpg", "2026-01-01T00:00:00Z",
    )  # fmt: skip


def change(store: Store, name: str, status: Status, **more: Any) -> StatusUpdate:
    """Return an update of the row with a reference ID."""
    match = store.reader.find_by_reference(name)
    assert match is not None
    return StatusUpdate(match[0], status, **more)


# Values that the store returns ------------------------------------------------------------------


def dump(store: Store, names: Sequence[str], *, texts: bool = True) -> str:
    """Return the contents of a job database, by all methods that read them, as text.

    Args:
        names: reference IDs to search for; rows with these IDs need not exist.
        texts: include the errors and the reasons.
    """
    parts = {
        "counts": _counts(store),
        "rows, in the order of the results": _records(store, texts=texts),
        "in flight": [_row_line(row) for row in store.queue.in_flight()],
        "not finished, three of them": [_row_line(row) for row in store.queue.unfinished(3)],
        "pending, by reference ID": sorted(
            _row_line(row) for row in store.queue.pending_by_reference(names)
        ),
        "sources": [
            f"{source.row_number} line {source.line} {source.url} {source.extension}"
            for source in store.queue.pending_sources(0, 9)
        ],
        "ends of signatures": sorted(
            f"line {line} {end}" for line, end in store.reader.expiring_urls()
        ),
        "times": _times(store),
        "pictures to ask for": sorted(store.pictures.missing(99)),
        "facts": [
            f"manifest {store.facts.get(facts.MANIFEST)}",
            f"account {store.facts.get(facts.ACCOUNT)}",
            f"nothing {store.facts.get(facts.API_BASE) or None}",
        ],
    }
    return "".join(
        "\n".join([f"# {heading}", *lines]) + "\n\n" for heading, lines in parts.items() if lines
    )


def _counts(store: Store) -> list[str]:
    counts, running = store.reader.counts(), store.reader.counts(is_running=True)
    rows = ", ".join(f"{number} {name}" for name, number in asdict(counts).items() if number)
    claimable, remaining = store.queue.claimable_count(), store.queue.remaining_count()
    open_rows = f"{claimable} pending and {remaining} unfinished may be taken up"
    return [
        rows,
        f"in a run: {running.processing} processing, {running.unknown} unknown",
        f"{open_rows}, {'some' if store.queue.has_choice else 'none'} of them chosen",
        f"{store.reader.adopted_count()} adopted, {store.queue.retryable_count()} to retry",
        f"{store.pictures.missing_count()} without picture",
    ]


def _records(store: Store, *, texts: bool) -> Iterator[str]:
    for record in store.reader.records():
        match = store.reader.find_by_reference(record.reference_id)
        # If an earlier row has the same reference ID, the search returns the earlier one.
        number = match[0] if match and match[1] == record else 0
        removed = ", removed" if record.is_removed else ""
        size = f", picture {record.size}" if record.is_size_requested else ""
        yield f"{number} line {record.line} {record.reference_id}: {record.status}{removed}{size}"
        yield f"  {record.source_url} {record.filename!r} {record.extension}"
        if record.ingest_id or record.media_id or record.key:
            yield f"  ingest {record.ingest_id!r} media {record.media_id!r} key {record.key!r}"
        if record.title:
            yield (f"  {record.title!r} {record.duration} {record.thumbnail} {record.created_date}")
        if texts and record.error:
            yield f"  error {record.error!r}"
        for event in store.reader.events(number) if number else ():
            yield f"  {event.time} {event.status}{f' {event.reason!r}' if texts else ''}"


def _row_line(row: Any) -> str:
    return (
        f"{row.row_number} line {row.line} {row.reference_id}: {row.status},"
        f" ingest {row.ingest_id}, media {row.media_id}, claimed {row.claimed_at},"
        f" sent {row.sent_at}, claims {row.claim_count},"
        f" imported between {row.imported_between_count}"
    )


def _times(store: Store) -> Iterator[str]:
    oldest = store.reader.oldest_in_flight()
    if oldest:
        yield f"oldest {oldest.reference_id} {oldest.status} since {oldest.since}"
    if span := store.reader.event_span():
        yield f"first and last event {span}"
    if timeline := store.reader.timeline(3):
        yield f"from {timeline.start} in steps of {timeline.step:.6f}"
        yield f"sent {timeline.sent}, imported {timeline.imported}"
    if waits := store.reader.processing_times(9, 1000):
        yield f"seconds until online {waits}"


def difference(diff: Any) -> str:
    """Return the changes that an edited manifest has made to the rows, as text."""
    parts = {
        "added": diff.added, "changed": diff.changed,
        "removed": diff.removed, "too late": diff.ignored, "replaced": diff.replaced,
    }  # fmt: skip
    lines = [f"{name} {part.count} {list(part.first)}" for name, part in parts.items()]
    return "\n".join(["# what was changed", *lines, f"kept {diff.unchanged}"]) + "\n\n"


# The steps of a job. The name of a step is the name of its committed file. ---------------------

#: Reference IDs of the rows of all manifests.
NAMES: Final = tuple("abcdefghij")
#: Reference IDs that no row has.
_OTHERS: Final = ("nobody",)


def loaded(store: Store) -> str:
    rows = [row(line, name) for line, name in enumerate("abcdefg", start=2)]
    rows[5] = row(7, "f", query="?sig=1", expires=5000.0)
    rows.append(row(9, "h", error="sourceUrl: no host"))
    rows.append(row(10, "a", error="referenceId: is that of line 2", is_duplicate=True))
    return difference(store.load(rows, 1.0, facts=FACTS))


def claimed(store: Store) -> str:
    rows = store.queue.claim(6, 10.0)
    return "".join(f"took {_row_line(claimed_row)}\n" for claimed_row in rows) + "\n"


def answered(store: Store) -> str:
    processing, failed = Status.PROCESSING, Status.FAILED
    store.queue.apply(
        [
            change(store, "a", processing, sent_at=11.0, ingest_id="in-a", reason="accepted"),
            change(store, "b", processing, sent_at=11.5, ingest_id="in-b", reason="accepted"),
            change(store, "c", failed, sent_at=12.0, error="HTTP 400", reason="refused"),
            change(store, "d", Status.PENDING, reason="HTTP 429"),
        ],
        13.0,
    )
    store.queue.apply([change(store, "a", Status.IMPORTED, media=media("a"))], 40.0)
    store.queue.apply([], 41.0)
    return ""


def recovered(store: Store) -> str:
    return f"recovered {store.queue.recover(50.0)}, then {store.queue.recover(51.0)}\n\n"


def edited(store: Store) -> str:
    rows = [
        row(2, "j"),
        row(3, "a", title="A title that comes too late"),
        row(4, "b", query="?sig=of+today"),
        row(5, "c", title="A title that is in time"),
        row(6, "h"),
        row(7, "f", query="?sig=2", expires=7000.0),
        row(8, "d"),
    ]
    return difference(store.load(rows, 60.0, facts=FACTS))


def read_again(store: Store) -> str:
    """Load the first manifest again: the removed rows return."""
    rows = [row(line, name) for line, name in enumerate("abcdefg", start=2)]
    return difference(store.load(rows, 70.0, facts=[facts.ACCOUNT.of("acc-2")]))


def retried(store: Store) -> str:
    store.queue.apply([change(store, name, Status.FAILED, error="no") for name in "bc"], 80.0)
    return f"retried {store.queue.retry_failed(81.0)}\n\n"


def chosen(store: Store) -> str:
    store.queue.choose([LineRange(3, 5), "g"])
    chosen_line = f"{store.queue.claimable_count()} chosen\n"
    store.queue.choose_first(3)
    names = [claimed_row.reference_id for claimed_row in store.queue.claim(9, 90.0)]
    return f"{chosen_line}claimed {names}\n\n"


def adopted(store: Store) -> str:
    store.queue.choose(())
    store.queue.apply(
        [change(store, "g", Status.IMPORTED, media=media("g"), reason="in the account")], 100.0
    )
    return ""


def pictures(store: Store) -> str:
    store.pictures.save("key-a-1", (640, 360))
    store.pictures.save("key-of-nobody", None)
    return ""


SITUATIONS: Final[tuple[Callable[[Store], str], ...]] = (
    loaded, claimed, answered, recovered, edited, read_again, retried, chosen, adopted, pictures,
)  # fmt: skip


def situation(step: Callable[[Store], str], store: Store) -> str:
    """Execute a step; returns its result and the contents of the database after it."""
    return step(store) + dump(store, (*NAMES, *_OTHERS))


def compared_with_account(store: Store) -> str:
    """Return the results of the methods that `verify` uses, after some media were listed."""
    listing = store.account_listing()
    listed = [media("a"), media("b"), media("b", 2), media("elsewhere")]
    lines = [
        f"noted {listing.add(listed)}, then {listing.add(listed)}: {listing.count()}",
        f"missing {listing.unlisted_count()}: {_targets(listing.unlisted(0, 9))}",
        f"playable {listing.playable_count()}: {_targets(listing.playable(0, 9))}",
        f"in no row: {_ids(listing.unmatched_media())}",
        f"of a: {_ids(listing.media_of('a', 'id-a-1', 'key-a-1'))}",
        f"of b: {_ids(listing.media_of('b', '', ''))}",
    ]
    listing.save_page_fault("key-a-1", "HTTP 500")
    lines.append(f"page {listing.page_fault('key-a-1')!r} {listing.page_fault('key-g-1')!r}")
    return "\n".join(lines) + "\n"


def _targets(rows: Iterable[Any]) -> str:
    lines = [f"{row.row_number} {row.reference_id} {row.media_id} {row.key};" for row in rows]
    return " ".join(lines)


def _ids(items: Iterable[Media]) -> str:
    return " ".join(item.id for item in items)


# Walks: random steps ----------------------------------------------------------------------------

#: Number of steps of a walk.
_STEPS: Final = 18
#: New statuses of a row in flight; a status that is repeated is drawn more often.
_OUTCOMES: Final = (
    Status.PENDING, Status.PROCESSING, Status.PROCESSING, Status.UNKNOWN,
    Status.IMPORTED, Status.IMPORTED, Status.FAILED, Status.FAILED,
)  # fmt: skip


def walk(seed: int) -> str:
    """Execute the random steps of a seed; returns the contents, without texts, after each step."""
    dice = Random(seed)
    parts = []
    with Store(None) as store:
        store.load(_draw_manifest(dice), 0.0, facts=FACTS)
        for number in range(1, _STEPS + 1):
            step = dice.choice(_WALK_STEPS)
            try:
                result = step(store, dice, 10.0 * number)
            except UsageError:
                result = "a chosen row is not in the manifest"
            parts.append(f"## {number} {step.__name__.strip('_')}: {result}\n")
            parts.append(dump(store, NAMES, texts=False))
    return "".join(parts)


def hash_walks(first: int, count: int) -> str:
    """Return one hash of the walks of `count` seeds."""
    texts = (walk(seed) for seed in range(first, first + count))
    return hashlib.sha256("".join(texts).encode()).hexdigest()[:32]


def _draw_manifest(dice: Random) -> list[ManifestRow]:
    # All manifests have one common row: a manifest without any row of the job would be refused.
    names = [NAMES[0], *dice.sample(NAMES[1:], dice.randint(0, len(NAMES) - 1))]
    dice.shuffle(names)
    rows = [
        row(
            line,
            name,
            title=dice.choice(("", "", "Another title")),
            query=dice.choice(("", "", "?v=2")),
            error=dice.choice(("", "", "", "is no good")),
            expires=dice.choice((math.inf, math.inf, 5000.0, 6000.0)),
        )
        for line, name in enumerate(names, start=2)
    ]
    if dice.random() < 0.3:
        rows.append(row(len(rows) + 2, names[0], error="is there already", is_duplicate=True))
    return rows


def _load(store: Store, dice: Random, now: float) -> str:
    return difference(store.load(_draw_manifest(dice), now, facts=FACTS))


def _claim(store: Store, dice: Random, now: float) -> str:
    return " ".join(each.reference_id for each in store.queue.claim(dice.randint(1, 6), now))


def _answer(store: Store, dice: Random, now: float) -> str:
    in_flight = {"creating", "processing", "unknown"}
    names = sorted({r.reference_id for r in store.reader.records() if r.status in in_flight})
    changes = [_draw_update(store, name, dice, now) for name in names if dice.random() < 0.6]
    store.queue.apply(changes, now)
    return str(len(changes))


def _draw_update(store: Store, name: str, dice: Random, now: float) -> StatusUpdate:
    status = dice.choice(_OUTCOMES)
    # The media of a row in flight may be found before it is online.
    has_media = status is Status.IMPORTED or (status != Status.PENDING and dice.random() < 0.3)
    return change(
        store,
        name,
        status,
        error="no" if status is Status.FAILED else "",
        sent_at=dice.choice((None, now - 1)),
        ingest_id=dice.choice((None, f"in-{name}-{now:.0f}")),
        media=media(name, dice.randint(1, 2)) if has_media else None,
    )


def _recover(store: Store, dice: Random, now: float) -> str:
    del dice
    return str(store.queue.recover(now))


def _retry(store: Store, dice: Random, now: float) -> str:
    del dice
    return str(store.queue.retry_failed(now))


def _choose(store: Store, dice: Random, now: float) -> str:
    del now
    lines = LineRange(2, dice.randint(2, 8))
    selectors: list[LineRange | str] = dice.choice(([], [lines], [dice.choice(NAMES)]))
    store.queue.choose(selectors)
    if dice.random() < 0.3:
        store.queue.choose_first(dice.randint(1, 3))
    return str(store.queue.claimable_count())


def _picture(store: Store, dice: Random, now: float) -> str:
    del now
    key = dice.choice([*sorted(store.pictures.missing(99)), "key-of-nobody"])
    store.pictures.save(key, dice.choice((None, (640, 360))))
    return key


#: Steps of a walk; a step that is repeated is drawn more often.
_WALK_STEPS: Final = (
    _load, _claim, _claim, _claim, _answer, _answer, _answer, _recover, _retry, _choose, _picture,
)  # fmt: skip


if __name__ == "__main__":
    sys.stdout.write(walk(int(sys.argv[1])))
