"""Collect the problems of a chunk rule by rule, and return them row by row. No I/O.

This module must not know any rule.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence

from batch_import.manifest.readers.record import CellViolation, RecordFault
from batch_import.manifest.rules.violation import Violation
from batch_import.models import Problem, Severity


def join_problems(problems: Sequence[Problem]) -> str:
    """Join the problems of a row into one text: reasons on line 1, hints on line 2 if any."""
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
        #: Cells (row index, field) with an error that the reader of the file found.
        self._damaged_cells: set[tuple[int, int]] = set()
        #: Cells (row index, field) with an error that a rule found.
        self._invalid_cells: set[tuple[int, int]] = set()
        self._problems: defaultdict[int, list[Problem]] = defaultdict(list)
        #: Indexes of rows with an error, which must not be sent.
        self.invalid: set[int] = set()
        #: (row index, field) → the corrected cell.
        self.fixes: dict[tuple[int, int], str] = {}

    def add(self, field: int, violations: Iterable[tuple[int, Violation]]) -> None:
        """Add the violations that a rule found in the column of a field.

        Args:
            field: index of the field in `FIELDS`.
            violations: row index and violation.
        """
        for index, violation in violations:
            if (index, field) in self._damaged_cells:
                continue  # a rule cannot judge a cell that was not read correctly
            self._append(index, self._columns[field], violation, self._cells[field][index])
            if violation.code in self._allowed:
                continue
            if violation.fix:
                self.fixes[index, field] = violation.fix
            if violation.severity is Severity.ERROR:
                self._invalid_cells.add((index, field))

    def add_reader_violations(
        self,
        violations: Mapping[int, Sequence[CellViolation]],
        header: Sequence[str],
        positions: Sequence[int | None],
    ) -> None:
        """Add the violations that the reader of the file found. Must be called before `add`.

        A column that is not a field is only copied to the results. Therefore an error in it becomes
        a warning, and a warning is left out: a workbook may have a date in each row.

        Args:
            violations: row index → the violations of the row's cells.
            header: names of all columns.
            positions: position of the column of each field, in the order of `FIELDS`.
        """
        for index, cell_violations in violations.items():
            for position, violation in cell_violations:
                if position is None:
                    self._append(index, "", violation, "")
                elif position in positions:
                    field = positions.index(position)
                    self._append(index, self._columns[field], violation, self._cells[field][index])
                    if violation.severity is Severity.ERROR and violation.code not in self._allowed:
                        self._damaged_cells.add((index, field))
                elif violation.severity is Severity.ERROR:
                    as_warning = violation._replace(severity=Severity.WARNING)
                    self._append(index, header[position], as_warning, "")

    def replace(self, faults: dict[int, RecordFault]) -> None:
        """Replace all problems of the rows with uncertain cells.

        Args:
            faults: row index → why it is unclear which cell of the row belongs to which column.
        """
        for index, fault in faults.items():
            self._problems[index] = []
            self.fixes = {cell: fix for cell, fix in self.fixes.items() if cell[0] != index}
            self._append(index, "", Violation(fault.code, fault.reason, fault.hint), fault.value)

    def _append(self, index: int, column: str, violation: Violation, value: str) -> None:
        if violation.code in self._allowed:
            return
        self._problems[index].append(violation.problem(self._lines[index], column, value))
        if violation.severity is Severity.ERROR:
            self.invalid.add(index)

    def rows_with_error(self, field: int) -> frozenset[int]:
        """Return the indexes of the rows whose cell of a field has an error."""
        cells = self._invalid_cells | self._damaged_cells
        return frozenset(index for index, cell_field in cells if cell_field == field)

    def errors(self) -> dict[int, list[Problem]]:
        """Return the errors, without warnings, of each row that must not be sent, by row index."""
        return {
            index: [
                problem for problem in self._problems[index] if problem.severity is Severity.ERROR
            ]
            for index in self.invalid
        }

    def in_row_order(self) -> list[Problem]:
        """Return all problems, ordered by row."""
        return [problem for index in sorted(self._problems) for problem in self._problems[index]]
