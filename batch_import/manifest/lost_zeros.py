"""Find reference IDs that lost their leading zeros in a spreadsheet program. No I/O.

Such a program changes the ID `0042` to the number 42. If nearly all IDs are numbers of the same
length, or most of the longest IDs start with a zero, an ID with fewer digits has probably lost
zeros. This module must not know how a problem is reported.
"""

from array import array
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

#: Minimum number of digits of the longest IDs. Shorter IDs may be a list that counts from 1.
_MIN_DIGITS: Final = 4
#: Minimum fraction of IDs that are as long as the longest.
_MIN_SHARE: Final = 0.75
#: If more than this fraction of the longest IDs start with a zero, the IDs were written with zeros.
_MIN_SHARE_WITH_ZERO: Final = 0.5
#: If the IDs are more than this fraction of the numbers from 1 to the greatest ID, they count the
#: rows. Then they have different lengths without a loss of zeros.
_MAX_SHARE_OF_NUMBERS: Final = 0.5
#: Maximum number of digits of an ID that is a number. Spreadsheet programs store 15 digits.
_MAX_DIGITS: Final = 15


class LostZeros:
    """Collects the line numbers, lengths and first digits of reference IDs that are numbers."""

    def __init__(self) -> None:
        self._lines = array("L")
        self._lengths = array("B")
        #: 1 for an ID that starts with a zero; otherwise 0.
        self._zeros = array("B")
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
                self._zeros.append(reference.startswith("0"))
                self._greatest = max(self._greatest, int(reference))
            elif reference:
                self._has_other_ids = True
                return

    def find_short_ids(self) -> Iterator[tuple[int, int]]:
        """Yield the line number of each ID that is too short, and the usual number of digits.

        Nothing is yielded if some IDs are not numbers, or if the IDs count the rows without zeros.
        """
        if not self._lengths or self._has_other_ids:
            return
        lengths = np.frombuffer(self._lengths, np.uint8)
        longest = int(lengths.max())
        zeros = np.frombuffer(self._zeros, np.uint8)[lengths == longest]
        if longest < _MIN_DIGITS:
            return
        if zeros.mean() <= _MIN_SHARE_WITH_ZERO:
            counts_rows = lengths.size > self._greatest * _MAX_SHARE_OF_NUMBERS
            if counts_rows or zeros.size < _MIN_SHARE * lengths.size:
                return
        for index in (lengths < longest).nonzero()[0].tolist():
            yield self._lines[index], longest
