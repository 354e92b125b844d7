"""What is to be said of a manifest that was read, or taken over into a job."""

from dataclasses import dataclass

from batch_import.models import POSSIBLE_DUPLICATE
from batch_import.reports.problems import ProblemGroup
from batch_import.state.manifest_diff import ManifestDiff
from batch_import.state.reader import HeldRow
from batch_import.workflows.correction import Fixed
from batch_import.workflows.pilot import Pilot
from batch_import.workflows.source_checks import PreflightProgress


@dataclass(frozen=True, slots=True)
class Reading:
    """How a manifest was read.

    Attributes:
        form: in words.
        columns: each field, and the column or rule that its values come from.
        comments: the lines that were left out.
        notes: what was seen and is not used, one line each.
    """

    form: str
    columns: list[tuple[str, str]]
    comments: list[int]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Checked:
    """What is to be said of a manifest.

    Attributes:
        fixed: the corrected manifest, where one was asked for.
        valid: rows that may be sent.
        groups: of the problems; every single one is in `problems.csv`.
        preflight: what it did; None without it.
    """

    rows: int
    valid: int
    reading: Reading
    groups: list[ProblemGroup]
    preflight: PreflightProgress | None
    fixed: Fixed | None = None


@dataclass(frozen=True, slots=True)
class HeldRows:
    """Rows that are not sent before the user has said whether they are other rows' videos.

    Attributes:
        first: three of them, as examples.
    """

    count: int
    first: tuple[HeldRow, ...]


@dataclass(frozen=True, slots=True)
class LoadResult:
    """What taking a manifest over into the state brought.

    Attributes:
        diff: what changed; None where there was no earlier one, or it was the same.
        groups: of the problems, where the manifest was read; `preflight` as above.
        has_new_problems: they are not those of the last time that the job was read.
        retried: failed rows that are pending again.
        held: rows that are not sent before the user has said what they are.
        pilot: the rows that the run takes up; None where it takes up all.
        is_correction: the file holds rows of `failed.csv`, and no other row has changed.
    """

    diff: ManifestDiff | None
    reading: Reading
    groups: list[ProblemGroup]
    preflight: PreflightProgress | None
    has_new_problems: bool = False
    retried: int = 0
    held: HeldRows = HeldRows(0, ())
    is_correction: bool = False
    pilot: Pilot | None = None

    @property
    def groups_to_show(self) -> list[ProblemGroup]:
        """Those of the problems that `held` does not tell."""
        return [group for group in self.groups if group.code != POSSIBLE_DUPLICATE]
