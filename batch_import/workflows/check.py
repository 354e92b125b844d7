"""Validate a manifest; the platform is not called."""

import threading
import time
from pathlib import Path

from batch_import.configuration.request import ImportRequest
from batch_import.workflows.load import ManifestLoader
from batch_import.workflows.load_result import Checked
from batch_import.workflows.observer import SILENT, Observer


def check(
    request: ImportRequest,
    observer: Observer = SILENT,
    stop: threading.Event | None = None,
    fix: Path | None = None,
) -> Checked:
    """Validate a manifest, and write its problems.

    Args:
        stop: set it to end early.
        fix: where to write the manifest with all safe corrections.

    Raises:
        ManifestError: it cannot be read at all.
        UsageError: a setting does not go with it.
        StateError: the problems cannot be written.
        Interrupted: `stop` was set.
    """
    loader = ManifestLoader(request, time.time(), stop or threading.Event(), observer.preflight)
    return loader.examine(fix)
