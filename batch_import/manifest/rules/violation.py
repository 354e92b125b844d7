"""What a rule finds. This file must not know rows, lines or columns."""

from typing import NamedTuple

from batch_import.models import Problem, Severity


class Violation(NamedTuple):
    """What is wrong with a cell: a `models.Problem` before it is known whose.

    Attributes:
        code, reason, hint: as `models.Problem` has them; codes are those of `problem_codes.CODES`.
        fix: the cell as it should be, where that is beyond doubt; `check --fix` writes it.
    """

    code: str
    reason: str
    hint: str
    severity: Severity = Severity.ERROR
    fix: str = ""

    def problem(self, line: int, column: str, value: str) -> Problem:
        """What is wrong, now that it is known with which cell."""
        return Problem(line, column, self.code, self.reason, value, self.hint, self.severity)


def warning(code: str, reason: str, hint: str, fix: str = "") -> Violation:
    """A violation that does not keep its row from being sent."""
    return Violation(code, reason, hint, Severity.WARNING, fix)
