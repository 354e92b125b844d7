"""The problems of one chunk, collected rule by rule, reported row by row. Pure.

This file must not know any rule.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence

from batch_import.manifest.readers.record import CellViolation, RecordFault
from batch_import.manifest.rules.violation import Violation
from batch_import.models import Problem, Severity


def in_one(problems: Sequence[Problem]) -> str:
    """Problems of one row as its `error`: what is wrong on the first line, what to do below it."""
    reasons = "; ".join(" ".join(str(problem).split()) for problem in problems)
    hints = " ".join(dict.fromkeys(problem.hint for problem in problems if problem.hint))
    return f"{reasons}\n{hints}" if hints else reasons


class ProblemCollector:
    """What is wrong with the rows of a chunk, by their index in it.

    Args:
        lines: of the rows.
        columns: the manifest's names of the fields' columns, in the order of `FIELDS`.
        cells: a list of cells for each field, as they stand in the manifest.
        allowed: codes that do not count, because the user says so.
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
        self._problems: defaultdict[int, list[Problem]] = defaultdict(list)
        #: Rows that are not to be sent.
        self.invalid: set[int] = set()
        #: Row's index and field → the cell as it should be.
        self.fixes: dict[tuple[int, int], str] = {}

    def add(self, field: int, violations: Iterable[tuple[int, Violation]]) -> None:
        """Add what a rule found in a field: pairs of a row's index and its violation."""
        for at, violation in violations:
            if (at, field) in self._damaged:
                continue  # what the cell seems to be does not matter
            self._append(at, self._columns[field], violation, self._cells[field][at])
            if violation.fix and violation.code not in self._allowed:
                self.fixes[at, field] = violation.fix

    def read(
        self,
        violations: Mapping[int, Sequence[CellViolation]],
        header: Sequence[str],
        positions: Sequence[int | None],
    ) -> None:
        """Note what the reader found, before the rules are asked.

        An error in a column that is no field keeps nothing back: it only shows in the results.

        Args:
            header: the names of all columns.
            positions: of the fields' columns, in the order of `FIELDS`.
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
        """What the cells seem to be does not matter where they cannot be trusted."""
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

    def errors(self) -> dict[int, list[Problem]]:
        """Of each row that is not to be sent: the problems that keep it from that."""
        return {
            at: [problem for problem in self._problems[at] if problem.severity is Severity.ERROR]
            for at in self.invalid
        }

    def in_order(self) -> list[Problem]:
        """All problems, in the order of the rows."""
        return [problem for at in sorted(self._problems) for problem in self._problems[at]]
