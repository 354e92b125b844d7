"""Update a job with the rows of a corrected `failed.csv`.

The file has a part of the job's rows, in any order, and possibly new rows. The other rows of the
job do not change.
"""

from collections.abc import Iterator

from batch_import.manifest.origin import OriginColumns
from batch_import.reports.problems import ProblemWriter
from batch_import.state import facts
from batch_import.state.corrections import CorrectedRow, CorrectionResult
from batch_import.state.facts import AccountSearch
from batch_import.state.store import Store
from batch_import.workflows.load_problems import duplicate_problem
from batch_import.workflows.load_result import LoadResult, find_unlisted_rows, read_held_rows
from batch_import.workflows.original_job import row_number_in_job
from batch_import.workflows.problem_file import (
    drop_errors,
    open_problem_file,
    prepare_problem_path,
)
from batch_import.workflows.row_selection import select_rows
from batch_import.workflows.validated_manifest import ValidatedManifest


def correct_job(
    store: Store, manifest: ValidatedManifest, origin: OriginColumns, *, changes_job: bool
) -> LoadResult:
    """Update a job with the corrected rows, and restrict the run to them.

    Args:
        store: the job database, or a copy of it.
        manifest: the corrected `failed.csv`.
        origin: its columns that name the job and the row.
        changes_job: whether the command updates the job itself, and not a copy of its database.

    Raises:
        ManifestError: a line is neither a row of the job nor a new row.
        StateError: the file of problems cannot be written.
        UsageError: a selected row is not in the job.
        Interrupted: the command was stopped before the file was read. Nothing has changed.
    """
    request = manifest.request
    manifest.add_signing(store.facts.get(facts.SIGNING))
    problem_path = prepare_problem_path(request, is_own_list=False)
    with open_problem_file(problem_path) as problems, manifest.open_preflight() as preflight:
        corrected = _store_rows(store, manifest, origin, problems)
        selected = select_rows(store, request, manifest.now, list(corrected.lines))
        if preflight:
            preflight.check_pending(store.queue, problems, manifest.now, corrected.lines)
    claimable_numbers = (number for number, _ in store.queue.claimable_lines())
    manifest.restricted_rows.keep(
        corrected.lines[number] for number in claimable_numbers if number in corrected.lines
    )
    if changes_job and request.job.problems.exists():
        drop_errors(request.job.problems, store.reader.corrected_lines())
    return LoadResult(
        diff=corrected.diff,
        reading=manifest.describe(),
        groups=problems.groups(),
        preflight=preflight.progress if preflight else None,
        has_new_problems=True,
        retried_count=selected.retried_count,
        held_rows=read_held_rows(store.reader),
        is_correction=True,
        pilot=selected.pilot,
        problem_path=problem_path,
        other_pending_count=store.reader.counts().pending - store.queue.claimable_count(),
        rejected_count=corrected.rejected_count,
        unlisted_rows=find_unlisted_rows(store.reader, listed_numbers=corrected.lines),
        excluded=store.exclusions.read(),
    )


def _store_rows(
    store: Store, manifest: ValidatedManifest, origin: OriginColumns, problems: ProblemWriter
) -> CorrectionResult:
    """Store the corrected rows, and add a problem for each duplicate reference ID."""
    # The videos of new rows may be in the account already: search it again.
    changed_facts = [facts.ACCOUNT_SEARCH.of(AccountSearch.NOT_DONE)]
    rows = _read_rows(store, manifest, origin, problems)
    corrected = store.correct(rows, manifest.now, changed_facts)
    for duplicate in corrected.duplicates:
        problems.add(duplicate_problem(duplicate, manifest.reference_id_column or ""))
    return corrected


def _read_rows(
    store: Store, manifest: ValidatedManifest, origin: OriginColumns, problems: ProblemWriter
) -> Iterator[CorrectedRow]:
    """Yield each row of the file, with its number in the job; raises as `row_number_in_job`."""
    job_id = store.facts.get(facts.JOB_ID)
    place = f"{manifest.file.path} is no row of the job {manifest.request.job.folder}"
    for chunk in manifest.read_chunks(problems, store):
        for row in chunk:
            number = row_number_in_job(row, origin, job_id, place)
            yield CorrectedRow(number, row, manifest.columns)
