"""The result of a rule. This module must not know rows, lines or columns."""

from typing import NamedTuple

from batch_import.models import Problem, Severity


class Violation(NamedTuple):
    """What is wrong with a cell. It becomes a `models.Problem` with the line and the column.

    Attributes:
        code: a key of `problem_codes.CODES`.
        reason, hint: see `models.Problem`.
        severity: error or warning.
        fix: the corrected cell, if the correction is certain; otherwise empty. `check --fix` writes
            it.
    """

    code: str
    reason: str
    hint: str
    severity: Severity = Severity.ERROR
    fix: str = ""

    def problem(self, line: int, column: str, value: str) -> Problem:
        """Create the problem of a cell."""
        return Problem(line, column, self.code, self.reason, value, self.hint, self.severity)


def warning(code: str, reason: str, hint: str, fix: str = "") -> Violation:
    """Create a violation that does not prevent that its row is sent."""
    return Violation(code, reason, hint, Severity.WARNING, fix)
