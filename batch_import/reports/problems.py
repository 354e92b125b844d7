"""Converts problems of a manifest to lines of `problems.csv`, and counts them by code. No I/O.

A problem is an error or a warning about one row. This module must not know the rules that find
problems, nor where the lines are written to.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from batch_import.addresses.masking import mask
from batch_import.models import Problem, Severity

#: The columns of `problems.csv`. Users' scripts depend on these names.
COLUMNS: Final = ("line referenceId filename column code severity reason value hint").split()
#: Maximum number of line numbers per group that are stored as examples.
_MAX_EXAMPLE_LINES: Final = 5


@dataclass(slots=True)
class ProblemGroup:
    """All problems with one code and severity.

    Attributes:
        code: the code.
        severity: error or warning.
        count: number of problems.
        example_lines: numbers of the first few lines with such a problem, each once.
        example: the first problem.
        has_more_lines: whether further lines have such a problem.
        has_one_hint: whether the hint of the example is the hint of all problems.
    """

    code: str
    severity: Severity
    count: int
    example_lines: list[int]
    example: Problem
    has_more_lines: bool = False
    has_one_hint: bool = True


@dataclass(slots=True)
class ProblemWriter:
    """Writes problems one by one. Of each group, only the count and examples stay in memory.

    Attributes:
        write_line: called with the cells of each problem, in the order of `COLUMNS`.
    """

    write_line: Callable[[Sequence[str]], object]
    _groups: dict[tuple[str, Severity], ProblemGroup] = field(default_factory=dict)

    def add(self, problem: Problem) -> None:
        """Write one problem and count it."""
        self.write_line(_csv_row(problem))
        key = problem.code, problem.severity
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = ProblemGroup(*key, 0, [], problem)
        group.count += 1
        group.has_one_hint &= problem.hint == group.example.hint
        if problem.line in group.example_lines:
            return
        if len(group.example_lines) < _MAX_EXAMPLE_LINES:
            group.example_lines.append(problem.line)
        else:
            group.has_more_lines = True

    def groups(self) -> list[ProblemGroup]:
        """Returns the groups: first errors, then warnings; in each, the most frequent first."""
        return sorted(
            self._groups.values(),
            key=lambda group: (group.severity is Severity.WARNING, -group.count),
        )


def _csv_row(problem: Problem) -> list[str]:
    """Returns the cells of a problem in `problems.csv`, with secrets in URLs masked."""
    return [
        str(problem.line),
        problem.reference_id,
        mask(problem.filename),
        problem.column,
        problem.code,
        str(problem.severity),
        mask(problem.reason),
        mask(problem.value),
        mask(problem.hint),
    ]


def read_problem(cells: Mapping[str, str]) -> Problem:
    """Returns the problem of a line of `problems.csv`.

    Args:
        cells: name of the column → cell.
    """
    return Problem(
        int(cells["line"]), cells["column"], cells["code"], cells["reason"], cells["value"],
        cells["hint"], Severity(cells["severity"]), cells["referenceId"], cells["filename"],
    )  # fmt: skip
