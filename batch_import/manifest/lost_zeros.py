"""Find reference IDs that lost their leading zeros in a spreadsheet program. No I/O.

Such a program changes the ID `0042` to the number 42. If nearly all IDs are numbers of the same
length, an ID with fewer digits has probably lost zeros. This module must not know how a problem is
reported.
"""

from array import array
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

#: Minimum number of digits of the longest IDs. Shorter IDs may be a list that counts from 1.
_MIN_DIGITS: Final = 4
#: Minimum fraction of IDs that are as long as the longest.
_MIN_SHARE: Final = 0.75
#: If the IDs are more than this fraction of the numbers from 1 to the greatest ID, they count the
#: rows. Then they have different lengths without a loss of zeros.
_MAX_SHARE_OF_NUMBERS: Final = 0.5
#: Maximum number of digits of an ID that is a number. Spreadsheet programs store 15 digits.
_MAX_DIGITS: Final = 15


class LostZeros:
    """Collects the line numbers and the lengths of reference IDs that are numbers."""

    def __init__(self) -> None:
        self._lines = array("L")
        self._lengths = array("B")
        self._greatest = 0
        self._has_other_ids = False

    def add(self, lines: Sequence[int], references: Sequence[str]) -> None:
        """Add the IDs of the next rows. Blank IDs are ignored."""
        if self._has_other_ids:
            return
        for line, reference in zip(lines, references, strict=True):
            if reference.isdecimal() and reference.isascii() and len(reference) <= _MAX_DIGITS:
                self._lines.append(line)
                self._lengths.append(len(reference))
                self._greatest = max(self._greatest, int(reference))
            elif reference:
                self._has_other_ids = True
                return

    def find_short_ids(self) -> Iterator[tuple[int, int]]:
        """Yield the line number of each ID that is too short, and the usual number of digits.

        Nothing is yielded if some IDs are not numbers, or if the IDs count the rows.
        """
        count = len(self._lengths)
        if not count or self._has_other_ids or count > self._greatest * _MAX_SHARE_OF_NUMBERS:
            return
        lengths = np.frombuffer(self._lengths, np.uint8)
        longest = int(lengths.max())
        if longest < _MIN_DIGITS or (lengths == longest).mean() < _MIN_SHARE:
            return
        for index in (lengths < longest).nonzero()[0].tolist():
            yield self._lines[index], longest
