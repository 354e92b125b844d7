"""The problems of one chunk, gathered rule by rule, told row by row. Pure.

This file must not know any rule.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence

from batch_import.manifest.readers.record import CellFlaw, Fault
from batch_import.manifest.rules.flaw import Flaw
from batch_import.models import Problem, Severity


def in_one(problems: Sequence[Problem]) -> str:
    """Problems of one row as its `error`: what is wrong on the first line, what to do below it."""
    reasons = "; ".join(" ".join(str(problem).split()) for problem in problems)
    hints = " ".join(dict.fromkeys(problem.hint for problem in problems if problem.hint))
    return f"{reasons}\n{hints}" if hints else reasons


class Found:
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

    def add(self, field: int, flaws: Iterable[tuple[int, Flaw]]) -> None:
        """Note what a rule found in the cells of a field; a pair is a row's index and its flaw."""
        for at, flaw in flaws:
            if (at, field) in self._damaged:
                continue  # what the cell seems to be does not matter
            self._append(at, self._columns[field], flaw, self._cells[field][at])
            if flaw.fix and flaw.code not in self._allowed:
                self.fixes[at, field] = flaw.fix

    def read(
        self,
        flaws: Mapping[int, Sequence[CellFlaw]],
        header: Sequence[str],
        positions: Sequence[int | None],
    ) -> None:
        """Note what the reader found, before the rules are asked.

        An error in a column that is no field keeps nothing back: it only shows in the results.

        Args:
            header: the names of all columns.
            positions: of the fields' columns, in the order of `FIELDS`.
        """
        for at, found in flaws.items():
            for position, flaw in found:
                if position is None:
                    self._append(at, "", flaw, "")
                elif position in positions:
                    field = positions.index(position)
                    self._append(at, self._columns[field], flaw, self._cells[field][at])
                    if flaw.severity is Severity.ERROR and flaw.code not in self._allowed:
                        self._damaged.add((at, field))
                else:
                    self._append(at, header[position], flaw._replace(severity=Severity.WARNING), "")

    def replace(self, faults: dict[int, Fault]) -> None:
        """What the cells seem to be does not matter where they cannot be trusted."""
        for at, fault in faults.items():
            self._problems[at] = []
            self.fixes = {key: fix for key, fix in self.fixes.items() if key[0] != at}
            self._append(at, "", Flaw(fault.code, fault.reason, fault.hint), fault.value)

    def _append(self, at: int, column: str, flaw: Flaw, value: str) -> None:
        if flaw.code in self._allowed:
            return
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
