"""Updates `results.csv` in a time that depends on the number of changed rows, not of all rows.

The file consists of blocks of rows. The job database stores the byte at which each block ends, and
the number of the last event (a status change of a row) that is in the file. Only the blocks whose
rows have later events are created again; the bytes of all other blocks are copied. This module must
not know what a cell means.
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

#: Number of rows in a block, by their positions in the manifest. Creating a block takes about 30
#: ms.
BLOCK_ROWS: Final = 1_000
#: Writing the whole file of a large job takes minutes. Each time after this number of blocks, the
#: program checks whether there are imported rows, and first writes a file with only these rows, so
#: that people get the first embed codes soon.
_EARLY_CHECK_BLOCKS: Final = 4
#: Maximum number of rows in this first file.
_MAX_EARLY_ROWS: Final = 5_000
#: Maximum number of bytes that are copied at once.
_COPY_BYTES: Final = 1 << 20
#: Identifies the last block, which has the rows that are no longer in the manifest.
_REMOVED_BLOCK: Final = None
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class _FileContent:
    """The content of a file, as the job database describes it.

    Attributes:
        layout: hash of everything that the cells depend on besides the rows, such as the columns.
        size, modified: size in bytes and time of the last change in nanoseconds. They show whether
            another program has changed the file.
        event: number of the last event that is in the file.
        running: whether a run was in progress. If true, the file shows rows with the status
            `creating` as processing.
        ends: the byte at which each block ends. The first block is the header, and the last has the
            removed rows.
    """

    layout: str
    size: int
    modified: int
    event: int
    running: bool
    ends: list[int]

    @classmethod
    def stored(cls, store: Store) -> Self | None:
        """Returns the description in the job database; None if there is none that can be used."""
        text = store.facts.get(facts.RESULTS_CSV)
        # Another version of this program may have stored other attributes.
        with suppress(TypeError):
            return cls(**json.loads(text)) if text else None
        return None

    def matches(self, path: Path, layout: str) -> bool:
        """Whether a file is unchanged since it was described, and has a layout."""
        try:
            status = path.stat()
        except OSError:
            return False
        is_unchanged = (self.size, self.modified) == (status.st_size, status.st_mtime_ns)
        return is_unchanged and self.layout == layout


class ResultsCsv:
    """The file `results.csv` of a job.

    Args:
        path: path of the file.
        store: the job database.
        table: the columns of the file.
        layout: text with everything that the cells depend on besides the rows and the columns.
        with_shown_status: returns rows with the status that people see.
        is_running: whether a run is in progress.
    """

    def __init__(
        self,
        path: Path,
        store: Store,
        table: Table,
        layout: str,
        with_shown_status: Callable[[Iterable[ResultRow]], Iterable[ResultRow]],
        *,
        is_running: bool,
    ) -> None:
        self._path = path
        self._store = store
        self._table = table
        text = json.dumps([layout, [column.name for column in table.columns], table.header])
        self._layout = hashlib.sha256(text.encode()).hexdigest()
        self._with_shown_status = with_shown_status
        self._is_running = is_running

    def write(self) -> None:
        """Bring the file up to date.

        Raises:
            StateError: the file cannot be written. An existing file is unchanged.
        """
        event = self._store.reader.last_event()
        content = self._usable_content()
        if content:
            changed_blocks = self._store.reader.changed_blocks(BLOCK_ROWS, content.event)
            if content.running != self._is_running:
                changed_blocks |= self._store.reader.blocks_with(Status.CREATING, BLOCK_ROWS)
            if not changed_blocks:
                return
            ends = self._write_changed(content, changed_blocks)
        else:
            ends = self._write_all()
        status = self._path.stat()
        content = _FileContent(
            self._layout, status.st_size, status.st_mtime_ns, event, self._is_running, ends
        )
        self._store.facts.save(facts.RESULTS_CSV.of(json.dumps(asdict(content))))

    def write_first_rows(self) -> None:
        """Write the imported rows as fast as possible.

        If the whole file would have to be written, it gets only the imported rows; `write` adds the
        other rows later.

        Raises:
            StateError: the file cannot be written. An existing file is unchanged.
        """
        if self._usable_content():
            self.write()
        else:
            self._write_imported()

    def _usable_content(self) -> _FileContent | None:
        """Returns the content of the file; None if the whole file must be written."""
        content = _FileContent.stored(self._store)
        if not content or not content.matches(self._path, self._layout):
            return None
        return content if self._store.reader.last_event() >= content.event else None

    def _write_all(self) -> list[int]:
        """Write the whole file; returns the byte at which each block ends."""
        must_check = True
        ends: list[int] = []
        with replace_binary_file(self._path, WRITE_HINT) as file:
            for block in self._blocks():
                file.write(block)
                ends.append(file.tell())
                if must_check and len(ends) % _EARLY_CHECK_BLOCKS == 0:
                    must_check = not self._write_imported()
        return ends

    def _write_imported(self) -> bool:
        """Write a file that has only the imported rows, if there are any.

        If there are very many, an existing file is not replaced, because it may have more of them.

        Returns:
            Whether there are imported rows.
        """
        rows = list(self._store.reader.first_imported(_MAX_EARLY_ROWS))
        if not rows:
            return False
        if len(rows) < _MAX_EARLY_ROWS or not self._path.exists():
            with replace_binary_file(self._path, WRITE_HINT) as file:
                file.write(self._header() + self._lines(rows))
        return True

    def _write_changed(self, content: _FileContent, changed_blocks: set[int | None]) -> list[int]:
        """Write the file with the changed blocks; the other blocks are copied from the old file.

        Returns:
            The byte at which each block ends.
        """
        ends = []
        with self._path.open("rb") as old, replace_binary_file(self._path, WRITE_HINT) as new:
            last_index = len(content.ends) - 1
            for index, (start, end) in enumerate(pairwise([0, *content.ends])):
                # The header, with the index 0, gets the number -1, and is never changed.
                block = _REMOVED_BLOCK if index == last_index else index - 1
                if block in changed_blocks:
                    new.write(self._block(block))
                else:
                    _copy(old, new, start, end)
                ends.append(new.tell())
        return ends

    def _blocks(self) -> Iterator[bytes]:
        """Yields the bytes of all blocks."""
        yield self._header()
        for number in range(self._store.reader.last_position() // BLOCK_ROWS + 1):
            yield self._block(number)
        yield self._block(_REMOVED_BLOCK)

    def _block(self, number: int | None) -> bytes:
        """Returns the bytes of a block, by its number or `_REMOVED_BLOCK`."""
        reader = self._store.reader
        if number is None:
            return self._lines(reader.removed_records())
        return self._lines(reader.records_at(number * BLOCK_ROWS, (number + 1) * BLOCK_ROWS - 1))

    def _header(self) -> bytes:
        return _BYTE_ORDER_MARK + _csv_bytes([self._table.header])

    def _lines(self, rows: Iterable[ResultRow]) -> bytes:
        return _csv_bytes(self._table.lines(self._with_shown_status(rows)))


def _csv_bytes(lines: Iterable[Sequence[str]]) -> bytes:
    """Returns lines as CSV in UTF-8, escaped for spreadsheets."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows(map(escape_line, lines))
    return text.getvalue().encode()


def _copy(old: BinaryIO, new: BinaryIO, start: int, end: int) -> None:
    """Append the bytes of `old` from `start` to `end` to the file `new`."""
    old.seek(start)
    while start < end:
        data = old.read(min(end - start, _COPY_BYTES))
        new.write(data)
        start += len(data)
