"""On which line a text stood first, for millions of texts in little memory. Pure.

This file must not know what the texts mean.
"""

from array import array
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

_FIRST_SIZE: Final = 1 << 12
#: Of the table, at most. A fuller one is searched for longer.
_FULL: Final = 0.6
#: Entries moved at once when the table grows.
_BLOCK: Final = 1 << 16
_SALT: Final = "\0"


class FirstLines:
    """A hash table of numpy columns, open addressing; no Python objects.

    A place takes 16 bytes, and the line of a row 4.

    A `dict` of a million texts takes five times as much, and a manifest may hold ten million.
    A text is known by two hashes, 96 bits in all: that two of a million texts share both is
    less likely than that the memory fails. Python salts its hash anew in every process, so
    nobody can write a manifest in which they do.
    """

    def __init__(self) -> None:
        self._count = 0
        #: Of all rows so far, in their order: two rows may begin on one line.
        self._row_lines = array("I")
        self._allot(_FIRST_SIZE)

    def claim(self, texts: Sequence[str], lines: Sequence[int]) -> dict[int, int]:
        """Take up the next rows, and tell which of their texts are known.

        Args:
            texts: of rows that come after all rows before.
            lines: where they stand, from 1.

        Returns:
            For each text that stood somewhere before, its index: the line where it stood first.
        """
        self._make_room(len(texts))
        keys = np.fromiter(map(hash, texts), np.int64, len(texts))
        salted = np.fromiter(map(hash, map(_SALT.__add__, texts)), np.int64, len(texts))
        own = np.arange(1, len(texts) + 1, dtype=np.uint32) + np.uint32(len(self._row_lines))
        self._row_lines.extend(lines)
        firsts = self._place(keys, salted.astype(np.uint32), own)
        known = (firsts != own).nonzero()[0]
        self._count += len(texts) - known.size
        first_rows = zip(known.tolist(), firsts[known].tolist(), strict=True)
        return {at: self._row_lines[row - 1] for at, row in first_rows}

    def _allot(self, size: int) -> None:
        self._keys = np.zeros(size, np.int64)
        self._checks = np.zeros(size, np.uint32)
        #: 0 where a place is free.
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
        self, keys: NDArray[np.int64], checks: NDArray[np.uint32], rows: NDArray[np.uint32]
    ) -> NDArray[np.uint32]:
        """Find or make a place for each, all at once; those that collide go on searching."""
        firsts = rows.copy()
        last = self._keys.size - 1
        places = keys & last
        searching = np.arange(keys.size)
        while searching.size:
            at = places[searching]
            free = self._rows[at] == 0
            # Backwards: of several that want one place, numpy lets the last one have it, and
            # that must be the first in the file.
            new, where = searching[free][::-1], at[free][::-1]
            self._keys[where] = keys[new]
            self._checks[where] = checks[new]
            self._rows[where] = rows[new]
            same = (self._keys[at] == keys[searching]) & (self._checks[at] == checks[searching])
            firsts[searching[same]] = self._rows[at[same]]
            searching = searching[~same]
            places[searching] = (places[searching] + 1) & last
        return firsts
