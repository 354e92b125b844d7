"""Which ids of a column of numbers have lost the zeros in front of them. Pure.

This file must not know how a problem is reported.
"""

from array import array
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

#: Digits of the shortest ids of equal lengths that mean something: with fewer, a list that counts
#: from 1 looks the same.
_SHORTEST: Final = 4
#: Of all ids, how many have the one length.
_MOST: Final = 0.75
#: Of all numbers up to the greatest, how many are in a list that is counted through.
_COUNTED: Final = 0.5
_LONGEST: Final = 15


class LostZeros:
    """The lengths of all ids so far: 13 bytes for each that is a number."""

    def __init__(self) -> None:
        self._lines = array("L")
        self._lengths = array("B")
        self._greatest = 0
        self._others = False

    def add(self, lines: Sequence[int], references: Sequence[str]) -> None:
        """Take up the ids of the next rows; blank ones do not count."""
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
        """Line of each id that is too short, and how long the others are.

        None is where other texts are ids too, or where the numbers are a list that is counted
        through.
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
