"""Find on which line a text occurred first, for millions of texts in little memory. No I/O.

This module must not know what the texts mean.
"""

from array import array
from collections.abc import Sequence
from typing import Final, NamedTuple, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

#: Number of slots of a new table. It must be a power of two, because the lowest bits of a hash are
#: the number of its slot. Most manifests have fewer rows.
_INITIAL_SLOTS: Final = 1 << 12
#: Maximum fraction of used slots. In a fuller table, a text needs more probes to find its slot.
_MAX_LOAD: Final = 0.6
#: Number of slots whose entries are moved at once when the table grows. Larger blocks would need
#: more memory for temporary arrays, and are not faster.
_BLOCK_SLOTS: Final = 1 << 16
#: Put before a text to get a second hash that is independent of the first.
_SALT: Final = "\0"


RowNumbers: TypeAlias = NDArray[np.uint32]


class Hashes(NamedTuple):
    """Two independent hashes of each of some texts, together 96 bits.

    Attributes:
        keys: the hashes that choose the slots.
        checks: the second hashes, which distinguish texts with equal keys.
    """

    keys: NDArray[np.int64]
    checks: NDArray[np.uint32]

    @classmethod
    def of(cls, texts: Sequence[str]) -> Self:
        """Hash texts."""
        salted_texts = map(_SALT.__add__, texts)
        checks = np.fromiter(map(hash, salted_texts), np.int64, len(texts)).astype(np.uint32)
        return cls(np.fromiter(map(hash, texts), np.int64, len(texts)), checks)


class FirstLines:
    """A hash table from texts to the rows in which they occurred first.

    It uses open addressing in numpy arrays, without Python objects. An entry takes 16 bytes, and
    the line number of a row 4 bytes. A `dict` of a million texts takes five times as much memory,
    and a manifest may have ten million rows.

    A text is identified by its two hashes. The probability of a collision among a million texts is
    lower than that of a memory error. Nobody can write a manifest with a collision, because Python
    uses another random key for its hash in every process.
    """

    def __init__(self) -> None:
        #: Number of used slots.
        self._entry_count = 0
        #: Line numbers of all rows so far. Two rows may start on the same line.
        self._row_lines = array("I")
        self._create_slots(_INITIAL_SLOTS)

    def claim(self, texts: Sequence[str], lines: Sequence[int]) -> dict[int, int]:
        """Add the texts of the next rows, and find the texts that occurred before.

        Args:
            texts: one text per row. The rows follow the rows of the previous calls.
            lines: line number of each row, from 1.

        Returns:
            Index in `texts` of each text that occurred before → the line number of its first
            occurrence.
        """
        rows = np.arange(1, len(texts) + 1, dtype=np.uint32) + np.uint32(len(self._row_lines))
        self._row_lines.extend(lines)
        first_rows = self.claim_rows(Hashes.of(texts), rows)
        duplicates = (first_rows != rows).nonzero()[0]
        pairs = zip(duplicates.tolist(), first_rows[duplicates].tolist(), strict=True)
        return {index: self._row_lines[row - 1] for index, row in pairs}

    def claim_rows(self, hashes: Hashes, rows: RowNumbers) -> RowNumbers:
        """Add rows by the hashes of their texts.

        Args:
            hashes: the hashes of one text per row.
            rows: the number of each row in the manifest, from 1.

        Returns:
            For each row, the number of the row in which its text occurred first.
        """
        self._grow_for(rows.size)
        first_rows = self._find_or_add(*hashes, rows)
        self._entry_count += int((first_rows == rows).sum())
        return first_rows

    def _create_slots(self, count: int) -> None:
        self._keys = np.zeros(count, np.int64)
        self._checks = np.zeros(count, np.uint32)
        #: Row number of each slot's text; 0 if the slot is free.
        self._rows = np.zeros(count, np.uint32)

    def _grow_for(self, new_count: int) -> None:
        """Make the table large enough for a number of new entries."""
        old_keys, old_checks, old_rows = self._keys, self._checks, self._rows
        slot_count = old_keys.size
        while self._entry_count + new_count > slot_count * _MAX_LOAD:
            slot_count *= 2
        if slot_count == old_keys.size:
            return
        self._create_slots(slot_count)
        for start in range(0, old_keys.size, _BLOCK_SLOTS):
            used = start + old_rows[start : start + _BLOCK_SLOTS].nonzero()[0]
            self._find_or_add(old_keys[used], old_checks[used], old_rows[used])

    def _find_or_add(
        self, keys: NDArray[np.int64], checks: NDArray[np.uint32], rows: RowNumbers
    ) -> RowNumbers:
        """Find or add the slot of each text, for all texts at once.

        In each pass, a text probes one slot. If another text uses the slot, the text probes the
        next slot in the next pass.

        Returns:
            For each text, the row number in its slot.
        """
        first_rows = rows.copy()
        last_slot = self._keys.size - 1
        slots = keys & last_slot
        searching = np.arange(keys.size)
        while searching.size:
            probed = slots[searching]
            is_free = self._rows[probed] == 0
            # In reverse order: if several texts claim one slot, numpy keeps the last assignment,
            # which must be the first text in the file.
            new_texts, new_slots = searching[is_free][::-1], probed[is_free][::-1]
            self._keys[new_slots] = keys[new_texts]
            self._checks[new_slots] = checks[new_texts]
            self._rows[new_slots] = rows[new_texts]
            is_same_key = self._keys[probed] == keys[searching]
            is_same = is_same_key & (self._checks[probed] == checks[searching])
            first_rows[searching[is_same]] = self._rows[probed[is_same]]
            searching = searching[~is_same]
            slots[searching] = (slots[searching] + 1) & last_slot
        return first_rows
