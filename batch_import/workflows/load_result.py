"""The results of validating a manifest, and of loading it into a job."""

from array import array
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from batch_import.models import POSSIBLE_DUPLICATE_CODE
from batch_import.reports.problems import ProblemGroup
from batch_import.state.exclusions import NOTHING_EXCLUDED, ExcludedRows
from batch_import.state.facts import NO_EDITS, IgnoredEdits
from batch_import.state.manifest_diff import ManifestDiff
from batch_import.state.reader import PossibleDuplicate, Reader
from batch_import.workflows.correction import CorrectedManifest
from batch_import.workflows.pilot import Pilot
from batch_import.workflows.source_checks import PreflightProgress

#: Maximum number of held rows that are listed as examples.
_MAX_EXAMPLES: Final = 3
#: Maximum number of line numbers of unlisted rows.
_MAX_EXAMPLE_LINES: Final = 10


@dataclass(frozen=True, slots=True)
class ManifestReading:
    """How a manifest was read.

    Attributes:
        format_description: the file format, as a text for the user.
        columns: each field, with the column or rule that its values come from, as a text.
        comment_lines: numbers of the lines that were ignored as comments.
        notes: sentences about parts of the manifest that the import does not use.
        correctable_count: number of cells with problems that `check --fix` can correct.
    """

    format_description: str
    columns: list[tuple[str, str]]
    comment_lines: list[int]
    notes: tuple[str, ...] = ()
    correctable_count: int = 0


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The result of validating a manifest.

    Attributes:
        row_count: number of rows.
        valid_count: number of rows that can be imported.
        reading: how the manifest was read.
        groups: the problems, grouped by code.
        preflight: the number of checked sources; None if preflight was not requested.
        corrected: the corrected copy of the manifest; None if it was not requested.
        problem_path: path of the file that lists every problem.
    """

    row_count: int
    valid_count: int
    reading: ManifestReading
    groups: list[ProblemGroup]
    preflight: PreflightProgress | None
    corrected: CorrectedManifest | None
    problem_path: Path


@dataclass(frozen=True, slots=True)
class HeldRows:
    """Rows that are not sent until the user decides whether they are the same videos as sent rows.

    Attributes:
        count: number of rows.
        examples: the first few rows.
    """

    count: int
    examples: tuple[PossibleDuplicate, ...]


@dataclass(frozen=True, slots=True)
class UnlistedRows:
    """Invalid rows of the job whose problems were not found while the file was loaded.

    Their problems were found earlier: the manifest is unchanged and was not read again, or the file
    has only some rows of the job.

    Attributes:
        count: number of rows.
        example_lines: line numbers of the first few rows in the manifest.
    """

    count: int = 0
    example_lines: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class KeptReferenceIds:
    """Rows that keep the reference ID with which they were sent, and have another in the manifest.

    Attributes:
        count: number of rows.
        column: name of the manifest's column of reference IDs.
        line: line number of the first of these rows.
        manifest_id, sent_id: reference ID of this row in the manifest, and the ID that was sent.
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
        diff: the changes since the previous run; None if nothing has changed, or if it is the
            first run.
        reading: how the manifest was read.
        groups: the problems, grouped by code; empty if the manifest was not read again.
        preflight: the number of checked sources; None if preflight was not requested.
        has_new_problems: whether the problems differ from the problems of the previous run.
        retried_count: number of failed rows that are pending again.
        held_rows: rows that wait for a decision by the user.
        pilot: the rows that the run sends; None if it is not a pilot.
        is_correction: whether the file is a corrected `failed.csv`, so that only its rows changed.
        problem_path: path of the file that lists every problem.
        accepted_lines: line numbers of rows that have an error in the manifest and are valid in the
            job, because they were corrected in `failed.csv`, or were sent before the manifest was
            edited. Their errors are not in `groups`.
        kept_ids: rows that were sent with another reference ID than the manifest has; None if
            there are none.
        ignored_edits: rows that were edited in the manifest after they were sent.
        other_pending_count: if the file is a corrected `failed.csv`: number of pending rows of the
            job that the run does not send; otherwise 0.
        rejected_count: if the file is a corrected `failed.csv`: number of its new rows that were
            not added to the job, because they are invalid; otherwise 0.
        unlisted_rows: invalid rows of the job whose problems are not in `groups`.
        excluded: the rows that the user has excluded from the import.
    """

    diff: ManifestDiff | None
    reading: ManifestReading
    groups: list[ProblemGroup]
    preflight: PreflightProgress | None
    has_new_problems: bool = False
    retried_count: int = 0
    held_rows: HeldRows = HeldRows(0, ())
    is_correction: bool = False
    pilot: Pilot | None = None
    problem_path: Path = Path()
    accepted_lines: Sequence[int] = ()
    kept_ids: KeptReferenceIds | None = None
    ignored_edits: IgnoredEdits = NO_EDITS
    other_pending_count: int = 0
    rejected_count: int = 0
    unlisted_rows: UnlistedRows = UnlistedRows()
    excluded: ExcludedRows = NOTHING_EXCLUDED

    @property
    def groups_to_show(self) -> list[ProblemGroup]:
        """The problems, grouped by code. Those of held rows are missing, and shown separately."""
        return [group for group in self.groups if group.code != POSSIBLE_DUPLICATE_CODE]


def read_held_rows(reader: Reader) -> HeldRows:
    """Read the rows that wait for a decision by the user."""
    examples = tuple(islice(reader.possible_duplicates(), _MAX_EXAMPLES))
    return HeldRows(reader.possible_duplicate_count(), examples)


def find_unlisted_rows(
    reader: Reader,
    listed_lines: Collection[int] = (),
    listed_numbers: Collection[int] = (),
) -> UnlistedRows:
    """Find the invalid rows of a job whose problems the user does not see.

    Held rows are left out, because they are shown separately.

    Args:
        listed_lines: lines of the manifest whose problems are shown.
        listed_numbers: numbers of the rows whose problems are shown.
    """
    lines = array(
        "q",
        (
            line
            for number, line, codes in reader.invalid_rows()
            if codes != POSSIBLE_DUPLICATE_CODE
            and line not in listed_lines
            and number not in listed_numbers
        ),
    )
    return UnlistedRows(len(lines), tuple(lines[:_MAX_EXAMPLE_LINES]))


def read_kept_ids(reader: Reader, column: str) -> KeptReferenceIds | None:
    """Read the rows that keep the reference ID with which they were sent; None if there are none.

    Args:
        column: name of the manifest's column of reference IDs.
    """
    first = reader.first_with_manifest_id()
    if first is None:
        return None
    count = reader.manifest_id_count()
    return KeptReferenceIds(
        count, column, first.line, first.reference_id_in_manifest, first.reference_id
    )
