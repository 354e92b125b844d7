"""Choose the rows of a pilot: a few rows that are representative of all rows.

They cover the properties that make videos fail in the same way: source host, file extension, and
file size, if the manifest has a column of sizes. After a crash, the same rows are chosen. `choose`
decides without I/O.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from math import log10
from typing import Final

from batch_import.configuration.settings import Settings
from batch_import.manifest.columns.aliases import fold
from batch_import.state import facts
from batch_import.state.choice import PendingRow
from batch_import.state.store import Store

#: Maximum number of rows of a pilot that are shown.
_MAX_SHOWN_ROWS: Final = 10
_SIZE_NAMES: Final = frozenset(map(fold, ("size", "filesize", "file size", "size bytes", "bytes")))
_SIZE: Final = re.compile(r"([\d][\d., ]*)\s*([kmgt]?)i?b?(?:ytes)?", re.IGNORECASE)
_UNITS: Final = {"": 1.0, "k": 1e3, "m": 1e6, "g": 1e9, "t": 1e12}


@dataclass(frozen=True, slots=True)
class PilotRow:
    """A row of a pilot, and what it is an example of."""

    line: int
    title: str
    reason: str


@dataclass(frozen=True, slots=True)
class Pilot:
    """The rows that a run with a limit imports.

    Attributes:
        count: number of rows.
        continued: whether an earlier run chose them and was interrupted.
        first: some of the rows, as examples.
    """

    count: int
    continued: bool
    first: tuple[PilotRow, ...]


@dataclass(frozen=True, slots=True)
class RowKind:
    """Properties that rows have in common.

    Attributes:
        size: number of digits of the size in bytes; None if not known.
    """

    host: str
    extension: str
    size: int | None

    def __str__(self) -> str:
        size = [] if self.size is None else [f"{10**self.size / 1e6:g} MB or more"]
        return ", ".join([self.host, self.extension, *size])


def choose_pilot(store: Store, settings: Settings) -> Pilot | None:
    """Restrict the store's queue to a pilot, if the settings require one.

    The choice is stored in the job database until a run with it has finished (`end_pilot`).
    """
    if settings.limit is None:
        return None
    key = json.dumps([settings.limit, [str(each) for each in settings.only]])
    known, numbers = store.facts.get(facts.PILOT)
    continued = known == key and store.queue.any_unfinished(numbers)
    if not continued:
        size = _size_column(store)
        numbers = choose(lambda: _kinds(store.queue.pending_rows(size)), settings.limit)
        store.facts.save(facts.PILOT.of((key, numbers)))
    store.queue.choose_numbers(numbers)
    shown = tuple(
        map(_shown, store.queue.rows_by_number(numbers[:_MAX_SHOWN_ROWS], _size_column(store)))
    )
    return Pilot(len(numbers), continued, shown)


def end_pilot(store: Store) -> None:
    """Record that the run of a pilot has finished, so that the next run chooses another pilot."""
    store.facts.save(facts.PILOT.of(facts.NO_PILOT))


def choose(read: Callable[[], Iterable[tuple[int, RowKind]]], limit: int) -> list[int]:
    """Choose rows that cover all hosts, extensions and sizes. No I/O, and always the same result.

    First, each host, extension and size that is not covered yet gets a row, the most frequent ones
    first, in turns. Then each kind of row gets one in turn. Within one kind, the rows are evenly
    spaced.

    Args:
        read: reads the numbers of the rows with their kinds. It is called twice, so that a million
            rows need not be in memory.

    Returns:
        at most `limit` numbers, in the order in which the rows were read.
    """
    counts = Counter(kind for _, kind in read())
    shares = Counter(islice(_turns(counts), limit))
    places = {kind: _spaced(shares[kind], counts[kind]) for kind in shares}
    seen: Counter[RowKind] = Counter()
    chosen = []
    for number, kind in read():
        if seen[kind] in places.get(kind, ()):
            chosen.append(number)
        seen[kind] += 1
    return chosen


def _turns(counts: Counter[RowKind]) -> Iterator[RowKind]:
    """Yields the kinds to take a row of, one after the other, until no row remains."""
    kinds = [kind for kind, _ in counts.most_common()]
    left = counts.copy()
    for kind in (*_new_values(kinds), *kinds):
        if left[kind] == counts[kind]:
            left[kind] -= 1
            yield kind
    while kinds:
        kinds = [kind for kind in kinds if left[kind]]
        for kind in kinds:
            left[kind] -= 1
            yield kind


def _new_values(kinds: Sequence[RowKind]) -> Iterator[RowKind]:
    """Yields the kinds with a host, extension or size that no earlier kind had, in turns."""
    seen: set[object] = set()
    queues = [
        iter([(("host", kind.host), kind) for kind in kinds]),
        iter([(("extension", kind.extension), kind) for kind in kinds]),
        iter([(("size", kind.size), kind) for kind in kinds]),
    ]
    while queues:
        for queue in tuple(queues):
            found = next((kind for value, kind in queue if value not in seen), None)
            if found is None:
                queues.remove(queue)
                continue
            seen |= {("host", found.host), ("extension", found.extension), ("size", found.size)}
            yield found


def _spaced(share: int, count: int) -> frozenset[int]:
    """Returns `share` indexes below `count`, evenly spaced from the first to the last."""
    return frozenset((2 * at + 1) * count // (2 * share) for at in range(share))


def _kinds(rows: Iterable[PendingRow]) -> Iterator[tuple[int, RowKind]]:
    return ((row.row_number, _kind(row)) for row in rows)


def _kind(row: PendingRow) -> RowKind:
    host = row.url.partition("://")[2].partition("/")[0].rpartition("@")[2].lower()
    return RowKind(host, row.extension, _digits(row.size_cell))


def _digits(text: str) -> int | None:
    """Returns the order of magnitude of a size in bytes: 6 for megabytes, 7 for 10 megabytes."""
    found = _SIZE.fullmatch(text.strip())
    if not found:
        return None
    number = found[1].replace(",", "").replace(" ", "")
    try:
        size = float(number) * _UNITS[found[2].lower()]
    except ValueError:
        return None
    return int(log10(size)) if size >= 1 else None


def _size_column(store: Store) -> int | None:
    """Returns the position of the manifest's column of sizes; None if it has none."""
    names = store.reader.columns().names
    return next((at for at, name in enumerate(names) if fold(name) in _SIZE_NAMES), None)


def _shown(row: PendingRow) -> PilotRow:
    return PilotRow(row.line, row.title, str(_kind(row)))
