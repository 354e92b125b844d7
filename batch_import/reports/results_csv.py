"""Write `results.csv` again in a time that depends on the number of changed rows.

The file consists of blocks of rows. The job database has the byte at which each block ends, and the
last status change that is in the file. Therefore only blocks with changed rows are created again;
all others are copied by the operating system. This module must not know what a cell means.
"""

import csv
import hashlib
import io
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO, Final, Self

from batch_import.csv_escaping import escape_line
from batch_import.files import replace_binary_file
from batch_import.models import ResultRow, Status
from batch_import.reports import WRITE_HINT
from batch_import.reports.table import Table
from batch_import.state import facts
from batch_import.state.store import Store

#: Number of manifest positions in a block. Creating a block takes about 30 ms.
BLOCK_ROWS: Final = 1_000
#: While the whole file of a large job is written, which takes minutes, imported rows are searched
#: for after this many blocks. If there are any, they get a file of their own first.
_EARLY_CHECK_BLOCKS: Final = 4
#: Maximum number of rows in that file.
_MAX_EARLY_ROWS: Final = 5_000
#: Number of bytes that are copied at once.
_COPY_BYTES: Final = 1 << 20
#: Stands for the block of rows that are no longer in the manifest.
_REMOVED_BLOCK: Final = None
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class _Content:
    """What a file contains.

    Attributes:
        layout: text that identifies its columns and their format.
        size, modified: size and time of the file, to notice if another program has changed it.
        event: number of the last status change that the file contains.
        running: whether it was written during a run. If true, rows being created are shown as in
            flight.
        ends: the byte at which each block ends. The first is the header, the last the removed rows.
    """

    layout: str
    size: int
    modified: int
    event: int
    running: bool
    ends: list[int]

    @classmethod
    def stored(cls, store: Store) -> Self | None:
        """Returns what the job database has about its file; None if there is nothing usable."""
        text = store.facts.get(facts.RESULTS_CSV)
        with suppress(TypeError):
            return cls(**json.loads(text)) if text else None
        return None

    def matches(self, path: Path, layout: str) -> bool:
        """Whether a file is the file described here, with the wanted layout."""
        try:
            found = path.stat()
        except OSError:
            return False
        return (self.layout, self.size, self.modified) == (
            layout, found.st_size, found.st_mtime_ns,
        )  # fmt: skip


class ResultsCsv:
    """The file `results.csv` of a job.

    Args:
        table: its columns.
        layout: text that identifies what its cells depend on, in addition to the rows and header.
        seen: returns rows with the status that is shown to people.
        running: whether a run is in progress.
    """

    def __init__(
        self,
        path: Path,
        store: Store,
        table: Table,
        layout: str,
        seen: Callable[[Iterable[ResultRow]], Iterable[ResultRow]],
        *,
        running: bool,
    ) -> None:
        self._path = path
        self._store = store
        self._table = table
        text = json.dumps([layout, [column.name for column in table.columns], table.header])
        self._layout = hashlib.sha256(text.encode()).hexdigest()
        self._seen = seen
        self._running = running

    def write(self) -> None:
        """Bring the file up to date.

        Raises:
            StateError: the file cannot be written. An existing file is unchanged.
        """
        event = self._store.reader.last_event()
        known = self._known()
        if known:
            changed = self._store.reader.changed_blocks(BLOCK_ROWS, known.event)
            if known.running != self._running:
                changed |= self._store.reader.blocks_with(Status.CREATING, BLOCK_ROWS)
            if not changed:
                return
            ends = self._patch(known, changed)
        else:
            ends = self._write_all()
        found = self._path.stat()
        content = _Content(
            self._layout, found.st_size, found.st_mtime_ns, event, self._running, ends
        )
        self._store.facts.save(facts.RESULTS_CSV.of(json.dumps(asdict(content))))

    def write_first_rows(self) -> None:
        """Write a file of the imported rows at once; `write` adds the missing rows later.

        Raises:
            StateError: as for `write`.
        """
        if self._known():
            self.write()
        else:
            self._write_imported()

    def _known(self) -> _Content | None:
        """Returns the content of the file if it is enough to write some blocks of it again."""
        known = _Content.stored(self._store)
        if not known or not known.matches(self._path, self._layout):
            return None
        return known if self._store.reader.last_event() >= known.event else None

    def _write_all(self) -> list[int]:
        soon = True
        ends: list[int] = []
        with replace_binary_file(self._path, WRITE_HINT) as file:
            for block in self._blocks():
                file.write(block)
                ends.append(file.tell())
                if soon and len(ends) % _EARLY_CHECK_BLOCKS == 0:
                    soon = not self._write_imported()
        return ends

    def _write_imported(self) -> bool:
        """Write a file of the imported rows only, unless there are none or too many.

        It replaces a file that lacks these rows, but not one that has more of them.
        """
        records = list(self._store.reader.first_imported(_MAX_EARLY_ROWS))
        if not records or (len(records) == _MAX_EARLY_ROWS and self._path.exists()):
            return bool(records)
        with replace_binary_file(self._path, WRITE_HINT) as file:
            file.write(self._header() + self._lines(records))
        return True

    def _patch(self, known: _Content, changed: set[int | None]) -> list[int]:
        ends = []
        with self._path.open("rb") as old, replace_binary_file(self._path, WRITE_HINT) as file:
            last = len(known.ends) - 1
            for number, (start, end) in enumerate(pairwise([0, *known.ends]), -1):
                block = _REMOVED_BLOCK if number + 1 == last else number
                if block in changed:
                    file.write(self._block(block))
                else:
                    _copy(old, file, start, end)
                ends.append(file.tell())
        return ends

    def _blocks(self) -> Iterator[bytes]:
        yield self._header()
        for number in range(self._store.reader.last_position() // BLOCK_ROWS + 1):
            yield self._block(number)
        yield self._block(_REMOVED_BLOCK)

    def _block(self, number: int | None) -> bytes:
        reader = self._store.reader
        if number is None:
            return self._lines(reader.removed_records())
        return self._lines(reader.records_at(number * BLOCK_ROWS, (number + 1) * BLOCK_ROWS - 1))

    def _header(self) -> bytes:
        return _BYTE_ORDER_MARK + _encoded([self._table.header])

    def _lines(self, records: Iterable[ResultRow]) -> bytes:
        return _encoded(self._table.lines(self._seen(records)))


def _encoded(lines: Iterable[Sequence[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(map(escape_line, lines))
    return text.getvalue().encode()


def _copy(old: BinaryIO, new: BinaryIO, start: int, end: int) -> None:
    old.seek(start)
    while start < end:
        data = old.read(min(end - start, _COPY_BYTES))
        new.write(data)
        start += len(data)
