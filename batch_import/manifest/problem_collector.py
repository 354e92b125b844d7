"""Collect the problems of a chunk rule by rule, and return them row by row. No I/O.

This module must not know any rule.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence

from batch_import.manifest.readers.record import CellViolation, RecordFault
from batch_import.manifest.rules.violation import Violation
from batch_import.models import Problem, Severity


def join_problems(problems: Sequence[Problem]) -> str:
    """Join problems into the text of a row's `error`: reasons on line 1, hints on line 2."""
    reasons = "; ".join(" ".join(str(problem).split()) for problem in problems)
    hints = " ".join(dict.fromkeys(problem.hint for problem in problems if problem.hint))
    return f"{reasons}\n{hints}" if hints else reasons


class ProblemCollector:
    """Collects the problems of the rows of a chunk. Rows are identified by their index in it.

    Args:
        lines: line number of each row.
        columns: name of the column of each field, in the order of `FIELDS`.
        cells: the unchanged cells of each field.
        allowed: codes that the user turned off.
    """

    def __init__(
        self,
        lines: Sequence[int],
        columns: Sequence[str],
        cells: Sequence[Sequence[str]],
        allowed: Collection[str] = (),
    ) -> None:
        self._lines = lines
        self._columns = columns
        self._cells = cells
        self._allowed = allowed
        self._damaged: set[tuple[int, int]] = set()
        self._wrong: set[tuple[int, int]] = set()
        self._problems: defaultdict[int, list[Problem]] = defaultdict(list)
        #: Indexes of rows with an error, which must not be sent.
        self.invalid: set[int] = set()
        #: (row index, field) → the corrected cell.
        self.fixes: dict[tuple[int, int], str] = {}

    def add(self, field: int, violations: Iterable[tuple[int, Violation]]) -> None:
        """Add what a rule found in a field: pairs of a row's index and its violation."""
        for at, violation in violations:
            if (at, field) in self._damaged:
                continue  # the cell is damaged; therefore further findings mean nothing
            self._append(at, self._columns[field], violation, self._cells[field][at])
            if violation.code in self._allowed:
                continue
            if violation.fix:
                self.fixes[at, field] = violation.fix
            if violation.severity is Severity.ERROR:
                self._wrong.add((at, field))

    def read(
        self,
        violations: Mapping[int, Sequence[CellViolation]],
        header: Sequence[str],
        positions: Sequence[int | None],
    ) -> None:
        """Add what the reader of the file found. This must be called before the rules.

        An error in a column that is not a field becomes a warning, because that column is only
        copied to the results.

        Args:
            header: names of all columns.
            positions: position of the column of each field, in the order of `FIELDS`.
        """
        for at, found in violations.items():
            for position, violation in found:
                if position is None:
                    self._append(at, "", violation, "")
                elif position in positions:
                    field = positions.index(position)
                    self._append(at, self._columns[field], violation, self._cells[field][at])
                    if violation.severity is Severity.ERROR and violation.code not in self._allowed:
                        self._damaged.add((at, field))
                else:
                    self._append(
                        at, header[position], violation._replace(severity=Severity.WARNING), ""
                    )

    def replace(self, faults: dict[int, RecordFault]) -> None:
        """Replace all problems of a row with uncertain cells by the fault of its cells."""
        for at, fault in faults.items():
            self._problems[at] = []
            self.fixes = {key: fix for key, fix in self.fixes.items() if key[0] != at}
            self._append(at, "", Violation(fault.code, fault.reason, fault.hint), fault.value)

    def _append(self, at: int, column: str, violation: Violation, value: str) -> None:
        if violation.code in self._allowed:
            return
        self._problems[at].append(violation.problem(self._lines[at], column, value))
        if violation.severity is Severity.ERROR:
            self.invalid.add(at)

    def wrong(self, field: int) -> frozenset[int]:
        """The rows whose cell of a field has an error."""
        return frozenset(at for at, of in self._wrong | self._damaged if of == field)

    def errors(self) -> dict[int, list[Problem]]:
        """Index of each row that must not be sent → its errors, as text."""
        return {
            at: [problem for problem in self._problems[at] if problem.severity is Severity.ERROR]
            for at in self.invalid
        }

    def in_order(self) -> list[Problem]:
        """All problems, in row order."""
        return [problem for at in sorted(self._problems) for problem in self._problems[at]]
