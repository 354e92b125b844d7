"""What a workflow reports while it works; whoever shows it passes functions.

This file must not know how anything is shown.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from batch_import.importer.dispatch import Progress
    from batch_import.verification.account_reader import VerificationProgress
    from batch_import.workflows.run import Loaded
    from batch_import.workflows.source_checks import PreflightProgress


@dataclass(frozen=True, slots=True)
class Observer:
    """Functions that a workflow calls, in the thread that called it unless said otherwise.

    Attributes:
        preflight: again and again during preflight.
        loaded: once, before the first call leaves.
        progress: again and again while an import makes calls.
        pictures: before pictures are asked for, with how many there are.
        step: again and again while the account is read.
        problem: with a sentence: something went wrong that does not end the command. In any thread.
        interval: seconds between two calls of `progress`.
    """

    preflight: Callable[["PreflightProgress"], None] = lambda _: None
    loaded: Callable[["Loaded"], None] = lambda _: None
    progress: Callable[["Progress"], None] = lambda _: None
    pictures: Callable[[int], None] = lambda _: None
    step: Callable[["VerificationProgress"], None] = lambda _: None
    problem: Callable[[str], None] = lambda _: None
    interval: float = 0.5


#: Nobody watches.
SILENT = Observer()
