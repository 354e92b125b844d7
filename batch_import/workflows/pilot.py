"""Choose the rows of a pilot: a first run with a few rows that are representative of all rows.

Videos with the same source host, file extension or file size often fail for the same reason.
Therefore the pilot has rows of all hosts, extensions and sizes. Sizes are used if the manifest has
a column of sizes. After a crash, the same rows are chosen.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from math import log10
from typing import Final

from batch_import.configuration.settings import Settings
from batch_import.manifest.columns.aliases import fold
from batch_import.state import facts
from batch_import.state.choice import PendingRow
from batch_import.state.store import Store

#: Maximum number of rows of a pilot that are listed as examples.
_MAX_EXAMPLES: Final = 10
#: Folded names of columns that have file sizes.
_SIZE_NAMES: Final = frozenset(map(fold, ("size", "filesize", "file size", "size bytes", "bytes")))
#: A file size with an optional unit: `1,500 kB`, `1.5 GiB`, `2000 bytes`.
_SIZE: Final = re.compile(r"([\d][\d., ]*)\s*([kmgt]?)i?b?(?:ytes)?", re.IGNORECASE)
#: First letter of a unit → number of bytes.
_UNIT_BYTES: Final = {"": 1.0, "k": 1e3, "m": 1e6, "g": 1e9, "t": 1e12}


@dataclass(frozen=True, slots=True)
class PilotRow:
    """A row of a pilot.

    Attributes:
        line: line number in the manifest.
        reason: host, extension and size of the video, as a text.
    """

    line: int
    title: str
    reason: str


@dataclass(frozen=True, slots=True)
class Pilot:
    """The rows that a run with the setting `limit` imports.

    Attributes:
        count: number of rows.
        is_continued: whether an earlier run chose the rows and was interrupted.
        examples: the first few of the rows.
        differences: the traits that are not the same in all rows: `hosts`, `extensions`, `sizes`.
            Empty if an earlier run chose the rows.
    """

    count: int
    is_continued: bool
    examples: tuple[PilotRow, ...]
    differences: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RowTraits:
    """The properties by which a pilot's rows are chosen. Many rows have the same traits.

    Attributes:
        host: host of the source URL, in lower case.
        magnitude: order of magnitude of the file size: 6 for 1 to 10 MB, 7 for 10 to 100 MB. None
            if the size is not known.
    """

    host: str
    extension: str
    magnitude: int | None

    def __str__(self) -> str:
        texts = [self.host, self.extension]
        if self.magnitude is not None:
            texts.append(f"{10**self.magnitude / 1e6:g} MB or more")
        return ", ".join(texts)


def choose_pilot(store: Store, settings: Settings) -> Pilot | None:
    """Restrict the run to the rows of a pilot. Returns None if the setting `limit` is not set.

    The chosen rows are stored in the job database until their run has finished (`end_pilot`).
    """
    if settings.limit is None:
        return None
    selectors = [list(map(str, chosen)) for chosen in (settings.only, settings.exclude)]
    key = json.dumps([settings.limit, *selectors])
    stored_key, numbers = store.facts.get(facts.PILOT)
    is_continued = stored_key == key and store.queue.any_unfinished(numbers)
    size_column = _find_size_column(store)
    differences: tuple[str, ...] = ()
    if not is_continued:
        chosen = choose_rows(
            lambda: (
                (row.row_number, _traits_of(row)) for row in store.queue.pending_rows(size_column)
            ),
            settings.limit,
        )
        numbers, differences = list(chosen), _find_differences(chosen.values())
        store.facts.save(facts.PILOT.of((key, numbers)))
    store.queue.choose_numbers(numbers)
    examples = tuple(
        PilotRow(row.line, row.title, str(_traits_of(row)))
        for row in store.queue.rows_by_number(numbers[:_MAX_EXAMPLES], size_column)
    )
    return Pilot(len(numbers), is_continued, examples, differences)


def end_pilot(store: Store) -> None:
    """Record that the run of a pilot has finished. The next pilot will have other rows."""
    store.facts.save(facts.PILOT.of(facts.NO_PILOT))


def _find_differences(chosen: Collection[RowTraits]) -> tuple[str, ...]:
    values: dict[str, set[str | int | None]] = {
        "hosts": {traits.host for traits in chosen},
        "extensions": {traits.extension for traits in chosen},
        "sizes": {traits.magnitude for traits in chosen},
    }
    return tuple(name for name, distinct_values in values.items() if len(distinct_values) > 1)


def choose_rows(
    read_rows: Callable[[], Iterable[tuple[int, RowTraits]]], limit: int
) -> dict[int, RowTraits]:
    """Choose rows that cover all hosts, extensions and sizes. No I/O; nothing is random.

    The rows are chosen in this order, until there are `limit` rows:

    1. a row of each host, extension and size that no chosen row has yet, the most frequent first
    2. a row of each combination of traits that has no chosen row yet
    3. one more row of each combination, in turns

    The chosen rows of one combination are evenly spaced.

    Args:
        read_rows: returns the number and the traits of each row. It is called twice, so that a
            million rows need not be in memory.

    Returns:
        the traits of at most `limit` rows by number, in the order in which the rows were read.
    """
    counts = Counter(traits for _, traits in read_rows())
    chosen_counts = Counter(islice(_selection_order(counts), limit))
    indexes = {
        traits: _evenly_spaced(chosen_counts[traits], counts[traits]) for traits in chosen_counts
    }
    seen_counts: Counter[RowTraits] = Counter()
    chosen = {}
    for number, traits in read_rows():
        if seen_counts[traits] in indexes.get(traits, ()):
            chosen[number] = traits
        seen_counts[traits] += 1
    return chosen


def _selection_order(counts: Counter[RowTraits]) -> Iterator[RowTraits]:
    """Yield the traits of the row to choose next, until all rows are chosen.

    Args:
        counts: number of rows with these traits.
    """
    by_frequency = [traits for traits, _ in counts.most_common()]
    remaining = counts.copy()
    for traits in (*_traits_with_new_value(by_frequency), *by_frequency):
        if remaining[traits] == counts[traits]:  # no row with these traits was chosen yet
            remaining[traits] -= 1
            yield traits
    while by_frequency:
        by_frequency = [traits for traits in by_frequency if remaining[traits]]
        for traits in by_frequency:
            remaining[traits] -= 1
            yield traits


def _traits_with_new_value(by_frequency: Sequence[RowTraits]) -> Iterator[RowTraits]:
    """Yield traits with a new host, then with a new extension, then with a new size, in turns.

    New means that no traits that were yielded before have it.
    """
    seen: set[object] = set()
    queues = [
        iter([(("host", traits.host), traits) for traits in by_frequency]),
        iter([(("extension", traits.extension), traits) for traits in by_frequency]),
        iter([(("size", traits.magnitude), traits) for traits in by_frequency]),
    ]
    while queues:
        for queue in tuple(queues):
            new = next((traits for value, traits in queue if value not in seen), None)
            if new is None:
                queues.remove(queue)
                continue
            seen |= {("host", new.host), ("extension", new.extension), ("size", new.magnitude)}
            yield new


def _evenly_spaced(index_count: int, row_count: int) -> frozenset[int]:
    """Returns `index_count` evenly spaced indexes, each below `row_count`."""
    return frozenset((2 * n + 1) * row_count // (2 * index_count) for n in range(index_count))


def _traits_of(row: PendingRow) -> RowTraits:
    host = row.url.partition("://")[2].partition("/")[0].rpartition("@")[2].lower()
    return RowTraits(host, row.extension, _magnitude(row.size_cell))


def _magnitude(text: str) -> int | None:
    """Returns the order of magnitude of a size in bytes; None if the text is not a size."""
    match = _SIZE.fullmatch(text.strip())
    if not match:
        return None
    number = match[1].replace(",", "").replace(" ", "")
    try:
        size = float(number) * _UNIT_BYTES[match[2].lower()]
    except ValueError:
        return None
    return int(log10(size)) if size >= 1 else None


def _find_size_column(store: Store) -> int | None:
    """Returns the position of the manifest's column of sizes; None if it has no such column."""
    for position, name in enumerate(store.reader.columns().names):
        if fold(name) in _SIZE_NAMES:
            return position
    return None
