"""The result of a rule: a violation. This module must not know rows, lines or columns."""

from typing import NamedTuple

from batch_import.models import Problem, Severity


class Violation(NamedTuple):
    """An error or a warning about a cell, without the position of the cell.

    Attributes:
        code: a key of `problem_codes.CODES`.
        reason: one sentence for the user, without the value of the cell.
        hint: a sentence on how to fix the cell, or the corrected value; may be empty.
        severity: an error prevents the row from being sent, a warning does not.
        fix: the corrected cell, which `check --fix` writes; empty if no correction is certain.
    """

    code: str
    reason: str
    hint: str
    severity: Severity = Severity.ERROR
    fix: str = ""

    def problem(self, line: int, column: str, value: str) -> Problem:
        """Return the violation as a problem of a cell.

        Args:
            line: line number of the row, from 1.
            column: name of the column; empty if the problem is of the whole row.
            value: the cell.
        """
        return Problem(line, column, self.code, self.reason, value, self.hint, self.severity)


def warning(code: str, reason: str, hint: str, fix: str = "") -> Violation:
    """Create a violation with the severity of a warning."""
    return Violation(code, reason, hint, Severity.WARNING, fix)
