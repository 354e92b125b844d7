"""Validate a manifest without any request to the platform."""

import threading
import time
from pathlib import Path

from batch_import.configuration.request import ImportRequest
from batch_import.workflows.correction import open_corrector
from batch_import.workflows.job_videos import open_job
from batch_import.workflows.load_result import CheckResult
from batch_import.workflows.observer import SILENT, Observer
from batch_import.workflows.problem_file import open_problem_file, prepare_problem_path
from batch_import.workflows.validated_manifest import ValidatedManifest


def check(
    request: ImportRequest,
    observer: Observer = SILENT,
    stop: threading.Event | None = None,
    fix: Path | None = None,
) -> CheckResult:
    """Validate a manifest, and write a file with all problems. The job does not change.

    If there is no problem, the job folder is not created.

    Args:
        stop: set it to stop early.
        fix: path of the copy to write, with all safe corrections; None means no copy.

    Raises:
        ManifestError: the manifest cannot be read.
        UsageError: a setting does not fit the manifest, or `fix` is not a valid path for the copy.
        StateError: the file of problems or the corrected copy cannot be written.
        Interrupted: `stop` was set.
    """
    stop = stop or threading.Event()
    manifest = ValidatedManifest(request, time.time(), stop, observer.preflight)
    with request.job.discarding_unused_folder():
        return _check(manifest, fix)


def _check(manifest: ValidatedManifest, fix: Path | None) -> CheckResult:
    """Validate all rows of a manifest; raises as `check`."""
    request = manifest.request
    problem_path = prepare_problem_path(request, is_own_list=False)
    row_count = valid_count = 0
    with (
        open_problem_file(problem_path) as problems,
        manifest.open_preflight() as preflight,
        open_corrector(manifest.file, fix) as corrector,
        open_job(request.job, manifest.origin) as store,
    ):
        for rows in manifest.read_chunks(problems, store):
            if corrector:
                corrector.add(rows)
            row_count += len(rows)
            valid_count += len(rows) - len(rows.errors)
            if preflight:
                valid_count -= sum(1 for _ in preflight.check(rows.sources(), problems))
        manifest.raise_if_stopped()
    if preflight:
        manifest.restricted_rows.remove(preflight.failed_lines)
    return CheckResult(
        row_count,
        valid_count,
        manifest.describe(),
        problems.groups(),
        preflight.progress if preflight else None,
        corrector.result if corrector else None,
        problem_path,
    )
