"""Callbacks that a workflow calls to report its progress.

This module must not know how progress is shown.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from batch_import.importer.dispatch import Progress
    from batch_import.verification.account_reader import VerificationProgress
    from batch_import.workflows.run import LoadedManifest
    from batch_import.workflows.source_checks import PreflightProgress


@dataclass(frozen=True, slots=True)
class Observer:
    """Callbacks. They are called in the thread of the workflow, except for `problem`.

    Attributes:
        preflight: called repeatedly during preflight.
        loaded: called once, when the manifest is loaded and before the first request is sent.
        progress: called repeatedly while an import sends requests.
        pictures: called before picture sizes are requested, with the number of pictures.
        waiting: called with a sentence that says why a run on standby does not begin yet.
        step: called repeatedly while `plan` or `verify` lists the account's media.
        problem: called with a sentence about an error that does not end the command. It may be
            called in any thread.
        interval: seconds between two calls of `progress`.
    """

    preflight: Callable[["PreflightProgress"], None] = lambda _: None
    loaded: Callable[["LoadedManifest"], None] = lambda _: None
    progress: Callable[["Progress"], None] = lambda _: None
    pictures: Callable[[int], None] = lambda _: None
    waiting: Callable[[str], None] = lambda _: None
    step: Callable[["VerificationProgress"], None] = lambda _: None
    problem: Callable[[str], None] = lambda _: None
    interval: float = 0.5


#: Ignores all progress.
SILENT = Observer()
