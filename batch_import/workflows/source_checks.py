"""Preflight of a manifest's rows: their sources are asked for, and what is wrong is reported."""

import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self
from urllib.parse import urlsplit

from batch_import.configuration.request import ImportRequest
from batch_import.manifest.problem_collector import in_one
from batch_import.models import Change, Problem, Severity, Status, VideoSource
from batch_import.reports.problems import Problems
from batch_import.sources.preflight import Preflight
from batch_import.state.queue import Queue

#: Rows whose sources are asked for before what was found is committed.
_BATCH: Final = 2_000


@dataclass(frozen=True, slots=True)
class PreflightProgress:
    """How far preflight is: sources asked, and the bytes of those whose hosts sent their size."""

    sources: int = 0
    size: int = 0


class SourceChecks:
    """Asks for sources while it is open, as a context manager.

    Args:
        column: the name of the manifest's column of addresses.
        stop: set it to end early.
        on_progress: called for each source that was asked for.

    Attributes:
        progress: so far.
    """

    def __init__(
        self,
        request: ImportRequest,
        column: str,
        stop: threading.Event,
        on_progress: Callable[[PreflightProgress], object],
    ) -> None:
        self._column = column
        self._allowed = request.reading.allow
        self._stop = stop
        self._on_progress = on_progress
        platform = urlsplit(request.settings.api_base).hostname or ""
        self._preflight = Preflight(stop, platform, own_host=request.settings.own_host)
        self.progress = PreflightProgress()

    def __enter__(self) -> Self:
        self._preflight.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._preflight.__exit__(kind, error, traceback)

    def check(
        self, sources: Iterable[VideoSource], problems: Problems
    ) -> Iterator[tuple[VideoSource, Problem]]:
        """Report what is wrong with sources; yield those for whom it is an error."""
        for source, violation, size in self._preflight.ask(sources):
            progress = self.progress
            self.progress = PreflightProgress(progress.sources + 1, progress.size + (size or 0))
            self._on_progress(self.progress)
            if violation and violation.code not in self._allowed:
                problem = violation.problem(source.line, self._column, source.url)
                problems.add(problem)
                if problem.severity is Severity.ERROR:
                    yield source, problem

    def check_pending(self, queue: Queue, problems: Problems, now: float) -> None:
        """Check the sources of all rows that wait; those without a video do not any more."""
        sources = queue.pending_sources(0, _BATCH)
        while sources and not self._stop.is_set():
            changes = [
                Change(source.number, Status.INVALID, "preflight", in_one([problem]), problem.code)
                for source, problem in self.check(sources, problems)
            ]
            queue.apply(changes, now)
            sources = queue.pending_sources(sources[-1].number, _BATCH)
