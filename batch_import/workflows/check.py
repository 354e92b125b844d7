"""Validate a manifest without any request to the platform."""

import threading
import time
from pathlib import Path

from batch_import.configuration.request import ImportRequest
from batch_import.workflows.load import ManifestLoader
from batch_import.workflows.load_result import CheckResult
from batch_import.workflows.observer import SILENT, Observer


def check(
    request: ImportRequest,
    observer: Observer = SILENT,
    stop: threading.Event | None = None,
    fix: Path | None = None,
) -> CheckResult:
    """Validate a manifest, and write a file with all problems.

    If there is no problem, the job folder is not created.

    Args:
        stop: set it to stop early.
        fix: path of the copy to write, with all safe corrections; None means no copy.

    Raises:
        ManifestError: the manifest cannot be read.
        UsageError: a setting does not fit the manifest.
        StateError: the file of problems cannot be written.
        Interrupted: `stop` was set.
    """
    loader = ManifestLoader(request, time.time(), stop or threading.Event(), observer.preflight)
    with request.job.discarding_unused_folder():
        return loader.check(fix)
