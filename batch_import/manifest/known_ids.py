"""Find ids that occurred before, and ids that look like an earlier one. No I/O.

This module must not know what is reported about them.
"""

from array import array
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from batch_import.manifest.first_lines import FirstLines, Hashes
from batch_import.manifest.rules.lookalikes import skeletons


class EarlierIds(NamedTuple):
    """The ids that occurred before.

    Attributes:
        same: index of each duplicate id → line number of its first occurrence.
        alike: index of each other id that looks like earlier ones → line number of the first.
    """

    same: dict[int, int]
    alike: dict[int, int]


class KnownIds:
    """The ids of all rows so far, in one table of their skeletons and 16 bytes more per row.

    Equal ids have equal skeletons, so only ids with a known skeleton are compared themselves.
    """

    def __init__(self) -> None:
        self._looks = FirstLines()
        self._ids = FirstLines()
        self._lines = array("I")
        self._keys = array("q")
        self._checks = array("I")

    def claim(self, ids: Sequence[str], lines: Sequence[int]) -> EarlierIds:
        """Add the IDs of the next rows, and find the IDs that occurred before.

        Args:
            ids: one ID per row. The rows follow the rows of the previous calls.
            lines: line number of each row, from 1.
        """
        looks, hashes = skeletons(ids), Hashes.of(ids)
        rows = np.arange(1, len(ids) + 1, dtype=np.uint32) + np.uint32(len(self._lines))
        self._lines.extend(lines)
        self._keys.frombytes(hashes.keys.tobytes())
        self._checks.frombytes(hashes.checks.tobytes())
        firsts = self._looks.claim_rows(hashes if looks == ids else Hashes.of(looks), rows)
        known = (firsts != rows).nonzero()[0]
        if not known.size:
            return EarlierIds({}, {})
        # The first ID with a skeleton is added before the IDs that are compared with it.
        both = np.concatenate((firsts[known], rows[known]))
        keys, checks = np.frombuffer(self._keys, np.int64), np.frombuffer(self._checks, np.uint32)
        of_both = Hashes(keys[both - 1], checks[both - 1])
        earlier = self._ids.claim_rows(of_both, both)[known.size :]
        is_same = earlier != rows[known]
        first = np.where(is_same, earlier, firsts[known])
        found = list(zip(known.tolist(), first.tolist(), is_same.tolist(), strict=True))
        return EarlierIds(
            {at: self._lines[row - 1] for at, row, same in found if same},
            {at: self._lines[row - 1] for at, row, same in found if not same},
        )
