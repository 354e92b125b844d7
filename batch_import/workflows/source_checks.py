"""Preflight: request the first bytes of each row's video from its host, and report problems."""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType, TracebackType
from typing import Final, Self
from urllib.parse import urlsplit

from batch_import.configuration.request import ImportRequest
from batch_import.manifest.problem_collector import join_problems
from batch_import.manifest.rules.violation import Violation, warning
from batch_import.models import Problem, Severity, Status, StatusUpdate, VideoSource
from batch_import.reports.problems import ProblemWriter
from batch_import.sources.signing import UrlSigner
from batch_import.sources.source import ReferenceRefused, SigningFailed
from batch_import.state.queue import Queue

#: Number of rows that are checked before their results are committed to the database. An
#: interrupted preflight loses at most so many results.
_BATCH_ROWS: Final = 2_000
_SIGNING_HINT: Final = "The storage could not be reached from this machine. Try again later."


@dataclass(frozen=True, slots=True)
class PreflightProgress:
    """Progress of preflight.

    Attributes:
        sources: number of sources that were checked.
        size: total bytes of the videos whose host sent a size.
    """

    sources: int = 0
    size: int = 0


class SourceChecks:
    """Checks the source URLs of rows. It is a context manager, which closes all connections.

    Args:
        request: settings, API and turned-off problem codes of the command.
        column: name of the manifest's column of source URLs.
        stop: set it to stop early.
        on_progress: called after each source.

    Attributes:
        progress: number and total size of the sources that were checked so far.
        failed_lines: line numbers of the rows whose source has an error.
    """

    def __init__(
        self,
        request: ImportRequest,
        column: str,
        stop: threading.Event,
        on_progress: Callable[[PreflightProgress], object],
    ) -> None:
        from batch_import.sources.preflight import Preflight

        self._column = column
        self._allowed = request.reading.allow
        self._stop = stop
        self._on_progress = on_progress
        platform_host = urlsplit(request.settings.api_base).hostname or ""
        self._preflight = Preflight(stop, platform_host, own_host=request.settings.own_host)
        self._sign = UrlSigner(request.settings.link_life).sign
        self.progress = PreflightProgress()
        self.failed_lines: set[int] = set()

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
        self, sources: Iterable[VideoSource], problems: ProblemWriter
    ) -> Iterator[tuple[VideoSource, Problem]]:
        """Check sources, and add their problems to `problems`.

        Yields:
            Each source that has an error, with the problem. Warnings are not yielded.

        Raises:
            SourceUnavailable: no reference to cloud storage can be signed at present.
        """
        for source, violation, size in self._check_each(sources):
            progress = self.progress
            self.progress = PreflightProgress(progress.sources + 1, progress.size + (size or 0))
            self._on_progress(self.progress)
            if violation and violation.code not in self._allowed:
                problem = replace(
                    violation.problem(source.line, self._column, source.url),
                    reference_id=source.reference_id,
                    filename=source.filename,
                )
                problems.add(problem)
                if problem.severity is Severity.ERROR:
                    self.failed_lines.add(source.line)
                    yield source, problem

    def _check_each(
        self, sources: Iterable[VideoSource]
    ) -> Iterator[tuple[VideoSource, Violation | None, int | None]]:
        """Sign the references to cloud storage, and request the first bytes of each source.

        Yields:
            Each source with its violation, or None, and the size of the video in bytes, or None.
        """
        requestable = []
        for source in sources:
            if self._stop.is_set():
                break
            signed = self._sign_source(source)
            if isinstance(signed, Violation):
                yield source, signed, None
            else:
                requestable.append(signed)
        yield from self._preflight.check(requestable)

    def _sign_source(self, source: VideoSource) -> VideoSource | Violation:
        """Add the signed URL of a reference. A source that has a URL is returned unchanged."""
        try:
            signed = self._sign(source.url)
        except ReferenceRefused as refused:
            return Violation("source-forbidden", f"no URL can be signed for it: {refused}", "")
        except SigningFailed as failed:
            reason = f"no URL could be signed for it: {failed}"
            return warning("source-unreachable", reason, _SIGNING_HINT)
        return replace(source, signed_url=signed.url) if signed else source

    def check_pending(
        self,
        queue: Queue,
        problems: ProblemWriter,
        now: float,
        lines: Mapping[int, int] = MappingProxyType({}),
    ) -> None:
        """Check the sources of all pending rows. A row whose source has an error becomes invalid.

        Args:
            now: epoch seconds of the status changes.
            lines: row number → line number in a corrected `failed.csv`. Problems of all other rows
                have the line numbers of the manifest.
        """
        sources = queue.pending_sources(0, _BATCH_ROWS)
        while sources and not self._stop.is_set():
            last = sources[-1].row_number
            sources = [
                replace(each, line=lines.get(each.row_number, each.line)) for each in sources
            ]
            changes = [
                StatusUpdate(
                    source.row_number,
                    Status.INVALID,
                    "preflight",
                    join_problems([problem]),
                    problem.code,
                )
                for source, problem in self.check(sources, problems)
            ]
            queue.apply(changes, now)
            sources = queue.pending_sources(last, _BATCH_ROWS)
