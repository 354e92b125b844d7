"""Load a manifest into its job: validate each row, check the sources, and store the changes."""

import json

from batch_import.configuration.request import ImportRequest
from batch_import.errors import ManifestError
from batch_import.manifest.columns.kept import column_names_by_field, refuse_other_columns
from batch_import.manifest.origin import new_job_id
from batch_import.reports.problems import ProblemGroup, ProblemWriter
from batch_import.state import facts
from batch_import.state.facts import AccountSearch, StoredFact
from batch_import.state.manifest_diff import ManifestDiff
from batch_import.state.manifest_version import LoadOptions
from batch_import.state.store import Store
from batch_import.workflows.load_corrected import correct_job
from batch_import.workflows.load_problems import held_problems
from batch_import.workflows.load_result import (
    KeptReferenceIds,
    LoadResult,
    find_unlisted_rows,
    read_held_rows,
    read_kept_ids,
)
from batch_import.workflows.problem_file import (
    drop_errors,
    open_problem_file,
    prepare_problem_path,
)
from batch_import.workflows.row_selection import select_rows
from batch_import.workflows.validated_manifest import ValidatedManifest


def update_job(
    store: Store, manifest: ValidatedManifest, *, changes_job: bool = False
) -> LoadResult:
    """Update the job with a manifest, or with the rows of a corrected `failed.csv`.

    An unchanged manifest is read again only if a setting requires it: to report every problem, or
    to check again the sources in which an earlier preflight found errors.

    Args:
        store: the job database, or a copy of it.
        changes_job: whether the command updates the job itself, and not a copy of its database.

    Raises:
        StateError: the job belongs to another manifest, or the file of problems cannot be written.
        ManifestError: a field would come from another column than in the previous run.
        UsageError: a selected row is not in the manifest.
        Interrupted: the command was stopped before the manifest was read. Nothing has changed.
    """
    if manifest.origin:
        return correct_job(store, manifest, manifest.origin, changes_job=changes_job)
    refusal = _refuse_other_columns(store, manifest)
    is_unchanged = store.facts.get(facts.FINGERPRINT) == manifest.fingerprint
    if is_unchanged and not _must_read_again(manifest.request):
        selected = select_rows(store, manifest.request, manifest.now)
        return LoadResult(
            diff=None,
            reading=manifest.describe(),
            groups=[],
            preflight=None,
            held_rows=read_held_rows(store.reader),
            pilot=selected.pilot,
            kept_ids=_read_kept_ids(store, manifest),
            ignored_edits=store.facts.get(facts.IGNORED_EDITS),
            unlisted_rows=find_unlisted_rows(store.reader),
            excluded=store.exclusions.read(),
        )
    return _read_and_store(store, manifest, refusal, changes_job=changes_job)


def manifest_facts(manifest: ValidatedManifest) -> list[StoredFact]:
    """Returns the properties of a manifest that are stored in the job database."""
    return [
        facts.MANIFEST.of(str(manifest.file.path.resolve())),
        facts.FINGERPRINT.of(manifest.fingerprint),
        facts.SIGNING.of(manifest.signing),
        facts.DEFAULTS.of(dict(manifest.request.reading.default)),
        # The videos of new rows may be in the account already: search it again.
        facts.ACCOUNT_SEARCH.of(AccountSearch.NOT_DONE),
    ]


def _must_read_again(request: ImportRequest) -> bool:
    """Whether a setting requires that an unchanged manifest is read again."""
    settings = request.settings
    return (
        request.retry_failed
        or settings.preflight
        or settings.strict
        or settings.same_videos != "ask"
    )


def _read_and_store(
    store: Store, manifest: ValidatedManifest, refusal: ManifestError | None, *, changes_job: bool
) -> LoadResult:
    """Read the manifest, and store its rows in the job database.

    Args:
        refusal: the error to raise if rows would be sent; None if they may be sent.
    """
    request, previous_fingerprint = manifest.request, store.facts.get(facts.FINGERPRINT)
    manifest.add_signing(store.facts.get(facts.SIGNING))
    problem_path = prepare_problem_path(request, is_own_list=changes_job)
    with open_problem_file(problem_path) as problems, manifest.open_preflight() as preflight:
        diff = _store_rows(store, manifest, problems, refusal)
        for problem in held_problems(store.reader, manifest.source_column):
            problems.add(problem)
        selected = select_rows(store, request, manifest.now)
        if preflight:
            preflight.check_pending(store.queue, problems, manifest.now)
    manifest.restricted_rows.keep(line for _, line in store.queue.claimable_lines())
    failed_lines = preflight.failed_lines if preflight else frozenset()
    groups, accepted_lines = problems.groups(), diff.accepted_lines - failed_lines
    if accepted_lines:
        groups, accepted_lines = drop_errors(problem_path, accepted_lines)
    return LoadResult(
        diff=diff if previous_fingerprint not in ("", manifest.fingerprint) else None,
        reading=manifest.describe(),
        groups=groups,
        preflight=preflight.progress if preflight else None,
        has_new_problems=_record_problems(store, groups),
        retried_count=selected.retried_count,
        held_rows=read_held_rows(store.reader),
        pilot=selected.pilot,
        problem_path=problem_path,
        accepted_lines=sorted(accepted_lines),
        kept_ids=_read_kept_ids(store, manifest),
        ignored_edits=store.facts.get(facts.IGNORED_EDITS),
        unlisted_rows=find_unlisted_rows(store.reader, manifest.invalid_lines | failed_lines),
        excluded=store.exclusions.read(),
    )


def _store_rows(
    store: Store,
    manifest: ValidatedManifest,
    problems: ProblemWriter,
    refusal: ManifestError | None,
) -> ManifestDiff:
    """Store the rows of the manifest; returns the changes since the previous run."""
    request = manifest.request
    options = LoadOptions(
        request.settings.same_videos,
        request.settings.allow_removals,
        request.folder is not None,
        request.job.folder,
        str(manifest.file.path.resolve()),
        manifest.signing,
        refusal,
    )
    job_id = facts.JOB_ID.of(store.facts.get(facts.JOB_ID) or new_job_id())
    stored_facts = [*manifest_facts(manifest), job_id]
    rows = (row for chunk in manifest.read_chunks(problems) for row in chunk)
    return store.load(rows, manifest.now, manifest.columns, stored_facts, options)


def _record_problems(store: Store, groups: list[ProblemGroup]) -> bool:
    """Store which problems this run shows; returns whether the previous run showed others."""
    summary = json.dumps([(group.code, group.count, group.example_lines) for group in groups])
    has_new_problems = summary != store.facts.get(facts.PROBLEMS_SHOWN)
    store.facts.save(facts.PROBLEMS_SHOWN.of(summary))
    return has_new_problems


def _read_kept_ids(store: Store, manifest: ValidatedManifest) -> KeptReferenceIds | None:
    column = manifest.reference_id_column
    return None if column is None else read_kept_ids(store.reader, column)


def _refuse_other_columns(store: Store, manifest: ValidatedManifest) -> ManifestError | None:
    """Compare the column of each field with its column in the previous run.

    Returns:
        An error to raise only if rows would be sent; None if no column is doubtful.

    Raises:
        ManifestError: a field would come from another column than in the previous run.
    """
    columns = store.reader.columns()
    if not columns.names:
        return None
    previous_names = column_names_by_field(columns.names, columns.fields)
    overrides = manifest.request.reading.map
    return refuse_other_columns(previous_names, manifest.file.header, manifest.mapping, overrides)
