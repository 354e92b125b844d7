"""What a check of `doctor` found."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class DoctorFinding:
    """The result of one check.

    Attributes:
        message: what is there, or what is wrong. It may name settings (`errors.setting_ref`).
        hint: what to do about a problem; empty otherwise.
    """

    result: Literal["ok", "problem", "skipped"]
    message: str
    hint: str = ""


def ok(message: str) -> DoctorFinding:
    """All is well."""
    return DoctorFinding("ok", message)


def problem(message: str, hint: str) -> DoctorFinding:
    """Something is wrong, and what to do about it."""
    return DoctorFinding("problem", message, hint)


def skipped(reason: str) -> DoctorFinding:
    """Not checked, and why."""
    return DoctorFinding("skipped", reason)
