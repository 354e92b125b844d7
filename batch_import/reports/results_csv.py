"""`results.csv`, kept up to date at a cost that follows what has changed.

The file is made of blocks of rows. Which byte each block ends at, and the latest change of a row
that it shows, are kept with the job. So only blocks with changed rows are made again; all others
are copied by the operating system. This file must not know what a cell means.
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
from batch_import.reports import HINT
from batch_import.reports.table import Table
from batch_import.state import facts
from batch_import.state.store import Store

#: Places of the manifest that a block has. A block is made in about 30 ms.
BLOCK: Final = 1_000
#: To write all of a large job takes minutes: meanwhile, up to so many imported rows get a file of
#: their own as soon as there are any. After so many blocks each there is a look for them.
_SOON_BLOCKS: Final = 4
_SOON_ROWS: Final = 5_000
#: Bytes.
_COPIED_AT_ONCE: Final = 1 << 20
#: The block of rows that are no longer in the manifest.
_REMOVED: Final = None
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class _Content:
    """What a file holds.

    Attributes:
        layout: stands for its columns and how they look.
        size, modified: of the file, so that one that somebody else wrote is not taken for it.
        event: the latest change of a row that is in it.
        running: it was written during a run: rows being created are shown as such.
        ends: the byte that each block ends at; the header is the first, removed rows the last.
    """

    layout: str
    size: int
    modified: int
    event: int
    running: bool
    ends: list[int]

    @classmethod
    def of(cls, store: Store) -> Self | None:
        """What the job knows of its file; None where that is nothing, or of another version."""
        text = store.facts.get(facts.RESULTS_CSV)
        with suppress(TypeError):
            return cls(**json.loads(text)) if text else None
        return None

    def is_in(self, path: Path, layout: str) -> bool:
        """Whether a file is this one, and looks as it has to."""
        try:
            found = path.stat()
        except OSError:
            return False
        return (self.layout, self.size, self.modified) == (
            layout, found.st_size, found.st_mtime_ns,
        )  # fmt: skip


class ResultsCsv:
    """`results.csv` of one job.

    Args:
        table: its columns.
        layout: what else its cells depend on than the rows and the table's header.
        seen: gives a row as people are to see it.
        running: a run is in progress, which people see of rows that are being created.
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
            StateError: it cannot be written; what was there before is untouched.
        """
        event = self._store.reader.last_event()
        known = self._known()
        if known:
            changed = self._store.reader.changed_blocks(BLOCK, known.event)
            if known.running != self._running:
                changed |= self._store.reader.blocks_with(Status.CREATING, BLOCK)
            if not changed:
                return
            ends = self._patch(known, changed)
        else:
            ends = self._write_anew()
        found = self._path.stat()
        content = _Content(
            self._layout, found.st_size, found.st_mtime_ns, event, self._running, ends
        )
        self._store.facts.save(facts.RESULTS_CSV.of(json.dumps(asdict(content))))

    def write_soon(self) -> None:
        """Bring the imported rows into the file at once; `write` brings what is missing then.

        Raises:
            StateError: as `write`.
        """
        if self._known():
            self.write()
        else:
            self._write_imported()

    def _known(self) -> _Content | None:
        """What is in the file, where only blocks of it have to be written again."""
        known = _Content.of(self._store)
        if not known or not known.is_in(self._path, self._layout):
            return None
        return known if self._store.reader.last_event() >= known.event else None

    def _write_anew(self) -> list[int]:
        soon = True
        ends: list[int] = []
        with replace_binary_file(self._path, HINT) as file:
            for block in self._blocks():
                file.write(block)
                ends.append(file.tell())
                if soon and len(ends) % _SOON_BLOCKS == 0:
                    soon = not self._write_imported()
        return ends

    def _write_imported(self) -> bool:
        """Write a file of the imported rows alone, unless there are none, or too many.

        It stands in for one that would lack them, and not for one that has more of them.
        """
        records = list(self._store.reader.first_imported(_SOON_ROWS))
        if not records or (len(records) == _SOON_ROWS and self._path.exists()):
            return bool(records)
        with replace_binary_file(self._path, HINT) as file:
            file.write(self._header() + self._lines(records))
        return True

    def _patch(self, known: _Content, changed: set[int | None]) -> list[int]:
        ends = []
        with self._path.open("rb") as old, replace_binary_file(self._path, HINT) as file:
            last = len(known.ends) - 1
            for number, (start, end) in enumerate(pairwise([0, *known.ends]), -1):
                block = _REMOVED if number + 1 == last else number
                if block in changed:
                    file.write(self._block(block))
                else:
                    _copy(old, file, start, end)
                ends.append(file.tell())
        return ends

    def _blocks(self) -> Iterator[bytes]:
        yield self._header()
        for number in range(self._store.reader.last_position() // BLOCK + 1):
            yield self._block(number)
        yield self._block(_REMOVED)

    def _block(self, number: int | None) -> bytes:
        reader = self._store.reader
        if number is None:
            return self._lines(reader.removed_records())
        return self._lines(reader.records_at(number * BLOCK, (number + 1) * BLOCK - 1))

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
        data = old.read(min(end - start, _COPIED_AT_ONCE))
        new.write(data)
        start += len(data)
