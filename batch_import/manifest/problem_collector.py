"""The problems of one chunk, gathered rule by rule, told row by row. Pure.

This file must not know any rule.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from batch_import.manifest.readers.record import Fault
from batch_import.manifest.rules.flaw import Flaw
from batch_import.models import Problem, Severity


class Found:
    """What is wrong with the rows of a chunk, by their index in it.

    Args:
        lines: of the rows.
        columns: the manifest's names of the fields' columns, in the order of `FIELDS`.
        cells: a list of cells for each field, as they stand in the manifest.
    """

    def __init__(
        self, lines: Sequence[int], columns: Sequence[str], cells: Sequence[Sequence[str]]
    ) -> None:
        self._lines = lines
        self._columns = columns
        self._cells = cells
        self._problems: defaultdict[int, list[Problem]] = defaultdict(list)
        #: Rows that are not to be sent.
        self.invalid: set[int] = set()

    def add(self, field: int, flaws: Iterable[tuple[int, Flaw]]) -> None:
        """Note what a rule found in the cells of a field; a pair is a row's index and its flaw."""
        for at, flaw in flaws:
            self._append(at, self._columns[field], flaw, self._cells[field][at])

    def replace(self, faults: dict[int, Fault]) -> None:
        """What the cells seem to be does not matter where they cannot be trusted."""
        for at, fault in faults.items():
            self._problems[at] = []
            self._append(at, "", Flaw(fault.code, fault.reason, fault.hint), fault.value)

    def _append(self, at: int, column: str, flaw: Flaw, value: str) -> None:
        self._problems[at].append(flaw.problem(self._lines[at], column, value))
        if flaw.severity is Severity.ERROR:
            self.invalid.add(at)

    def errors(self) -> dict[int, list[Problem]]:
        """Of each row that is not to be sent: the problems that keep it from that."""
        return {
            at: [problem for problem in self._problems[at] if problem.severity is Severity.ERROR]
            for at in self.invalid
        }

    def in_order(self) -> list[Problem]:
        """All problems, in the order of the rows."""
        return [problem for at in sorted(self._problems) for problem in self._problems[at]]
