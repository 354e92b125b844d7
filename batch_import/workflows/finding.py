"""The finding of one check of `batch-import doctor`."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class DoctorFinding:
    """The finding of one check.

    Attributes:
        message: a sentence about what was checked, or about the problem. It may have placeholders
            for settings (`errors.setting_ref`).
        hint: what to do about a problem; empty if there is no problem.
    """

    result: Literal["ok", "problem", "skipped"]
    message: str
    hint: str = ""


def ok(message: str) -> DoctorFinding:
    """Create the finding of a check that found no problem."""
    return DoctorFinding("ok", message)


def problem(message: str, hint: str) -> DoctorFinding:
    """Create the finding of a check that found a problem."""
    return DoctorFinding("problem", message, hint)


def skipped(reason: str) -> DoctorFinding:
    """Create the finding of a check that was not made, for this reason."""
    return DoctorFinding("skipped", reason)
