"""The results of validating a manifest, and of loading it into a job."""

from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from batch_import.models import POSSIBLE_DUPLICATE_CODE
from batch_import.reports.problems import ProblemGroup
from batch_import.state.facts import NO_EDITS, IgnoredEdits
from batch_import.state.manifest_diff import ManifestDiff
from batch_import.state.reader import PossibleDuplicate, Reader
from batch_import.workflows.correction import CorrectedManifest
from batch_import.workflows.pilot import Pilot
from batch_import.workflows.source_checks import PreflightProgress

#: How many held rows are shown as examples.
_MAX_EXAMPLES: Final = 3


@dataclass(frozen=True, slots=True)
class Reading:
    """How a manifest was read.

    Attributes:
        form: the format, as text for the user.
        columns: pairs of a field and the column or rule that its values come from.
        comments: line numbers that were ignored as comments.
        notes: sentences about what the manifest has and the import does not use.
        correctable: number of cells with problems that `check --fix` can correct.
    """

    form: str
    columns: list[tuple[str, str]]
    comments: list[int]
    notes: tuple[str, ...] = ()
    correctable: int = 0


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The result of validating a manifest.

    Attributes:
        rows: number of rows.
        valid: number of rows that can be imported.
        groups: the problems by code.
        preflight: what preflight checked; None if it was not requested.
        fixed: the corrected copy; None if it was not requested.
        problems: path of the file that has every single problem.
    """

    rows: int
    valid: int
    reading: Reading
    groups: list[ProblemGroup]
    preflight: PreflightProgress | None
    fixed: CorrectedManifest | None
    problems: Path


@dataclass(frozen=True, slots=True)
class HeldRows:
    """Rows that may have the same video as other rows. They wait for a decision by the user.

    Attributes:
        first: the first few rows, as examples.
    """

    count: int
    first: tuple[PossibleDuplicate, ...]


@dataclass(frozen=True, slots=True)
class KeptIds:
    """Rows that were sent under other reference IDs than the manifest gives now.

    Attributes:
        column: name of the manifest's column of reference IDs.
        line, manifest_id, sent_id: line number of the first such row, and its two reference IDs.
    """

    count: int
    column: str
    line: int
    manifest_id: str
    sent_id: str


@dataclass(frozen=True, slots=True)
class LoadResult:
    """The result of loading a manifest into a job.

    Attributes:
        diff: what changed since the previous run; None if nothing did, or if it is the first run.
        groups: the problems by code; empty if the manifest was not read again.
        preflight: what preflight checked; None if it was not requested.
        has_new_problems: whether the problems differ from the problems of the previous run.
        retried: number of failed rows that are pending again.
        held: rows that wait for a decision by the user.
        pilot: the rows that the run sends; None if it sends all.
        is_correction: the file has corrected rows of `failed.csv`; no other row has changed.
        problems: path of the file that has every single problem.
        accepted: number of rows with an error in the manifest that are valid in the job. Their
            errors are not in `groups`.
        kept_ids: rows that were sent under another reference ID than the manifest has.
        ignored_edits: rows that were edited after they were sent.
        waiting: number of pending rows before corrections of `failed.csv` were loaded.
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
    problems: Path = Path()
    accepted: int = 0
    kept_ids: KeptIds | None = None
    ignored_edits: IgnoredEdits = NO_EDITS
    waiting: int = 0

    @property
    def groups_to_show(self) -> list[ProblemGroup]:
        """The problems without the held rows, which are shown separately."""
        return [group for group in self.groups if group.code != POSSIBLE_DUPLICATE_CODE]


def held_rows(reader: Reader) -> HeldRows:
    """Read the rows that wait for a decision by the user."""
    first = tuple(islice(reader.possible_duplicates(), _MAX_EXAMPLES))
    return HeldRows(reader.possible_duplicate_count(), first)


def kept_ids(reader: Reader, column: str) -> KeptIds | None:
    """Read the rows that were sent before the manifest had their reference IDs; None if none was.

    Args:
        column: name of the manifest's column of reference IDs.
    """
    first = reader.first_with_manifest_id()
    if first is None:
        return None
    count = reader.manifest_id_count()
    return KeptIds(count, column, first.line, first.reference_id_in_manifest, first.reference_id)
