"""Find on which line a text occurred first, for millions of texts in little memory. No I/O.

This module must not know what the texts mean.
"""

from array import array
from collections.abc import Sequence
from typing import Final, NamedTuple, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

_FIRST_SIZE: Final = 1 << 12
#: Maximum load factor of the table. A fuller table needs more probes.
_FULL: Final = 0.6
#: How many entries are moved at once when the table grows.
_BLOCK: Final = 1 << 16
_SALT: Final = "\0"


RowNumbers: TypeAlias = NDArray[np.uint32]


class Hashes(NamedTuple):
    """Two hashes of each of some texts, together 96 bits."""

    keys: NDArray[np.int64]
    checks: NDArray[np.uint32]

    @classmethod
    def of(cls, texts: Sequence[str]) -> Self:
        """Hash texts."""
        salted = np.fromiter(map(hash, map(_SALT.__add__, texts)), np.int64, len(texts))
        return cls(np.fromiter(map(hash, texts), np.int64, len(texts)), salted.astype(np.uint32))


class FirstLines:
    """A hash table with open addressing, in numpy arrays without Python objects.

    An entry takes 16 bytes, and the line number of a row 4 bytes. A `dict` of a million texts takes
    five times as much memory, and a manifest may have ten million rows.

    A text is identified by two hashes of together 96 bits. The probability of a collision among a
    million texts is lower than that of a memory error. Nobody can write a manifest with a
    collision, because Python uses another random key for its hash in every process.
    """

    def __init__(self) -> None:
        self._count = 0
        #: Line numbers of all rows so far. Two rows may start on the same line.
        self._row_lines = array("I")
        self._allot(_FIRST_SIZE)

    def claim(self, texts: Sequence[str], lines: Sequence[int]) -> dict[int, int]:
        """Add the texts of the next rows, and find the texts that occurred before.

        Args:
            texts: one text per row. The rows follow the rows of the previous calls.
            lines: line number of each row, from 1.

        Returns:
            Index of each text that occurred before → the line number of its first occurrence.
        """
        own = np.arange(1, len(texts) + 1, dtype=np.uint32) + np.uint32(len(self._row_lines))
        self._row_lines.extend(lines)
        firsts = self.claim_rows(Hashes.of(texts), own)
        known = (firsts != own).nonzero()[0]
        first_rows = zip(known.tolist(), firsts[known].tolist(), strict=True)
        return {at: self._row_lines[row - 1] for at, row in first_rows}

    def claim_rows(self, hashes: Hashes, rows: RowNumbers) -> RowNumbers:
        """Add rows by the hashes of their texts.

        Args:
            hashes: of one text per row.
            rows: the number of each row, from 1.

        Returns:
            For each row, the number of the row in which its text occurred first.
        """
        self._make_room(rows.size)
        firsts = self._place(*hashes, rows)
        self._count += int((firsts == rows).sum())
        return firsts

    def _allot(self, size: int) -> None:
        self._keys = np.zeros(size, np.int64)
        self._checks = np.zeros(size, np.uint32)
        #: 0 if the slot is free.
        self._rows = np.zeros(size, np.uint32)

    def _make_room(self, more: int) -> None:
        keys, checks, rows = self._keys, self._checks, self._rows
        size = keys.size
        while self._count + more > size * _FULL:
            size *= 2
        if size == keys.size:
            return
        self._allot(size)
        for start in range(0, keys.size, _BLOCK):
            taken = start + rows[start : start + _BLOCK].nonzero()[0]
            self._place(keys[taken], checks[taken], rows[taken])

    def _place(
        self, keys: NDArray[np.int64], checks: NDArray[np.uint32], rows: RowNumbers
    ) -> RowNumbers:
        """Find or add a slot for each text, all at once. Texts that collide are probed again."""
        firsts = rows.copy()
        last = self._keys.size - 1
        places = keys & last
        searching = np.arange(keys.size)
        while searching.size:
            at = places[searching]
            free = self._rows[at] == 0
            # In reverse order: if several texts claim one slot, numpy keeps the last assignment,
            # which must be the first text in the file.
            new, where = searching[free][::-1], at[free][::-1]
            self._keys[where] = keys[new]
            self._checks[where] = checks[new]
            self._rows[where] = rows[new]
            same = (self._keys[at] == keys[searching]) & (self._checks[at] == checks[searching])
            firsts[searching[same]] = self._rows[at[same]]
            searching = searching[~same]
            places[searching] = (places[searching] + 1) & last
        return firsts
