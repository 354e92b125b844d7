"""Find reference IDs that lost their leading zeros in a spreadsheet. No I/O.

This module must not know how a problem is reported.
"""

from array import array
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

#: Minimum length of IDs, in digits, for which equal lengths are significant. Shorter IDs may be a
#: list that counts from 1.
_SHORTEST: Final = 4
#: Minimum fraction of IDs that have the same length.
_MOST: Final = 0.75
#: Minimum fraction of the numbers up to the greatest that a counted list contains.
_COUNTED: Final = 0.5
_LONGEST: Final = 15


class LostZeros:
    """Collects the lengths of reference IDs: 13 bytes per ID that is a number."""

    def __init__(self) -> None:
        self._lines = array("L")
        self._lengths = array("B")
        self._greatest = 0
        self._others = False

    def add(self, lines: Sequence[int], references: Sequence[str]) -> None:
        """Add the IDs of the next rows. Blank IDs are ignored."""
        if self._others:
            return
        for line, reference in zip(lines, references, strict=True):
            if reference.isdecimal() and reference.isascii() and len(reference) <= _LONGEST:
                self._lines.append(line)
                self._lengths.append(len(reference))
                self._greatest = max(self._greatest, int(reference))
            elif reference:
                self._others = True
                return

    def found(self) -> Iterator[tuple[int, int]]:
        """Yield the line number of each ID that is too short, and the length of the other IDs.

        Nothing is yielded if some IDs are not numbers, or if the IDs are a counted list.
        """
        count = len(self._lengths)
        if not count or self._others or count > self._greatest * _COUNTED:
            return
        lengths = np.frombuffer(self._lengths, np.uint8)
        longest = int(lengths.max())
        if longest < _SHORTEST or (lengths == longest).mean() < _MOST:
            return
        for at in (lengths < longest).nonzero()[0].tolist():
            yield self._lines[at], longest
