"""Find reference IDs that occurred before, and IDs that look like an earlier ID. No I/O.

A skeleton is a text that is equal for IDs that look alike (`rules/lookalikes.py`). This module must
not know what is reported to the user.
"""

from array import array
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from batch_import.manifest.first_lines import FirstLines, Hashes, RowNumbers
from batch_import.manifest.rules.lookalikes import skeletons


class EarlierIds(NamedTuple):
    """The IDs among the next rows that occurred before, or look like earlier IDs.

    Attributes:
        same: index of each ID that occurred before → line number of its first occurrence.
        alike: index of each other ID that looks like earlier IDs → line number of the first of
            those.
        same_urls: those indexes in `same` whose row has the URL of the first occurrence, too.
    """

    same: dict[int, int]
    alike: dict[int, int]
    same_urls: set[int]


class KnownIds:
    """The IDs of all rows so far.

    Equal IDs have equal skeletons. Therefore all skeletons are in one table, and only IDs whose
    skeleton occurred before are added to a second table, of the IDs themselves. This needs 16 bytes
    per row in addition to the first table.
    """

    def __init__(self) -> None:
        self._skeletons = FirstLines()
        self._ids = FirstLines()
        #: Line number, both hashes of the ID, and the hash of the URL, of each row so far.
        self._lines = array("I")
        self._keys = array("q")
        self._checks = array("I")
        self._urls = array("q")

    def claim(self, ids: Sequence[str], urls: Sequence[str], lines: Sequence[int]) -> EarlierIds:
        """Add the IDs of the next rows, and find the IDs that occurred before.

        Args:
            ids: one ID per row. The rows follow the rows of the previous calls.
            urls: the URL of each row; empty if it has none.
            lines: line number of each row, from 1.
        """
        hashes = Hashes.of(ids)
        rows = np.arange(1, len(ids) + 1, dtype=np.uint32) + np.uint32(len(self._lines))
        self._lines.extend(lines)
        self._urls.extend(map(hash, urls))
        self._keys.frombytes(hashes.keys.tobytes())
        self._checks.frombytes(hashes.checks.tobytes())
        id_skeletons = skeletons(ids)
        skeleton_hashes = hashes if id_skeletons == ids else Hashes.of(id_skeletons)
        first_rows = self._skeletons.claim_rows(skeleton_hashes, rows)
        suspects = (first_rows != rows).nonzero()[0]
        if not suspects.size:
            return EarlierIds({}, {}, set())
        # The first ID with a skeleton is added before the IDs that are compared with it.
        compared_rows = np.concatenate((first_rows[suspects], rows[suspects]))
        compared_ids = self._hashes_of(compared_rows)
        first_rows_of_id = self._ids.claim_rows(compared_ids, compared_rows)[suspects.size :]
        is_same = first_rows_of_id != rows[suspects]
        reported_rows = np.where(is_same, first_rows_of_id, first_rows[suspects])
        result = EarlierIds({}, {}, set())
        for index, row, is_same_id in zip(
            suspects.tolist(), reported_rows.tolist(), is_same.tolist(), strict=True
        ):
            by_index = result.same if is_same_id else result.alike
            by_index[index] = self._lines[row - 1]
            if is_same_id and urls[index] and self._urls[row - 1] == hash(urls[index]):
                result.same_urls.add(index)
        return result

    def _hashes_of(self, rows: RowNumbers) -> Hashes:
        """Return the hashes of the IDs of earlier rows, by row numbers from 1."""
        keys = np.frombuffer(self._keys, np.int64)
        checks = np.frombuffer(self._checks, np.uint32)
        return Hashes(keys[rows - 1], checks[rows - 1])
