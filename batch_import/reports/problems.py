"""The problems of a manifest: every one as a line of `problems.csv`, and a count of each group.

Pure. This file must not know the rules, nor where the lines are written to.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from batch_import.addresses.masking import mask
from batch_import.models import Problem, Severity

#: The columns of `problems.csv`; people script against them.
COLUMNS: Final = ["line", "column", "code", "severity", "reason", "value", "hint"]
#: Lines of a group that are named where there is no room for all.
_NAMED: Final = 5


@dataclass(slots=True)
class ProblemGroup:
    """All problems of one code and severity.

    Attributes:
        lines: of the first few, as `models.Problem` has them.
        first: the first one, as an example.
    """

    code: str
    severity: Severity
    count: int
    lines: list[int]
    first: Problem


@dataclass(slots=True)
class ProblemWriter:
    """Takes problems one by one, and keeps no more than a count and an example of each group.

    Attributes:
        write: where the line of each problem goes.
    """

    write: Callable[[Sequence[str]], object]
    _groups: dict[tuple[str, Severity], ProblemGroup] = field(default_factory=dict)

    def add(self, problem: Problem) -> None:
        """Take one up."""
        self.write(_line(problem))
        key = problem.code, problem.severity
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = ProblemGroup(*key, 0, [], problem)
        group.count += 1
        if len(group.lines) < _NAMED:
            group.lines.append(problem.line)

    def groups(self) -> list[ProblemGroup]:
        """What there is: errors first, the most frequent first."""
        return sorted(
            self._groups.values(),
            key=lambda group: (group.severity is Severity.WARNING, -group.count),
        )


def _line(problem: Problem) -> list[str]:
    """A line of `problems.csv`. What is secret in a URL is masked."""
    return [
        str(problem.line),
        problem.column,
        problem.code,
        str(problem.severity),
        mask(problem.reason),
        mask(problem.value),
        mask(problem.hint),
    ]
