"""`batch-import status --watch`: wait for a run to start, and show it until it ends."""

import signal
import sys
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from batch_import.cli.exits import OK
from batch_import.cli.messages import progress_parts, sanitized
from batch_import.cli.progress import finished
from batch_import.cli.status import lines
from batch_import.workflows import status

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType

    from batch_import.job import Job
    from batch_import.workflows.status import JobStatus

#: Seconds between two readings of the status.
_EVERY: Final = 2.0
#: The completion rate is measured over the readings of this many seconds. It is longer than the
#: poll interval, because many rows complete together when a page of the media list is read.
_WINDOW: Final = 300.0
#: Width of the bar in columns.
_BAR: Final = 40


@dataclass(slots=True)
class CompletionRate:
    """Measures how many rows are completed per second."""

    _looks: deque[tuple[float, int]] = field(default_factory=deque)

    def seconds_left(self, done: int, total: int, now: float) -> float | None:
        """Add a reading.

        Returns:
            Estimated seconds until all rows are completed; None if it is not known yet.
        """
        self._looks.append((now, done))
        while now - self._looks[0][0] > _WINDOW:
            self._looks.popleft()
        then, before = self._looks[0]
        if done <= before or now <= then:
            return None
        return (total - done) * (now - then) / (done - before)


def watch(job: "Job") -> int:
    """Show the status until the run ends, or until Ctrl-C or SIGTERM."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with suppress(KeyboardInterrupt):
            (_redraw if sys.stdout.isatty() else _print_changes)(job)
    finally:
        signal.signal(signal.SIGTERM, before)
    return OK


def _looks(job: "Job") -> "Iterator[JobStatus | None]":
    """Yield the status at intervals until a run ends; None while there is no job yet."""
    has_run = False
    while True:
        seen = status.read_job_status(job) if job.state.is_file() else None
        yield seen
        is_running = seen is not None and seen.running
        if has_run and not is_running:
            return
        has_run = has_run or is_running
        time.sleep(_EVERY)


def _waiting(job: "Job") -> str:
    return f"Waiting for a run to begin in {sanitized(str(job.folder))} (Ctrl-C ends this)."


def _redraw(job: "Job") -> None:
    """Draw on the alternate screen of the terminal. The last status stays visible at the end."""
    from rich.live import Live

    from batch_import.cli.console import console

    shown_on, pace = console(), CompletionRate()
    seen: JobStatus | None = None
    with suppress(KeyboardInterrupt), Live(console=shown_on, screen=True) as live:
        for seen in _looks(job):
            live.update(_screen(job, seen, pace), refresh=True)
    if seen:
        print("\n".join(lines(job, seen, time.time())))


def _screen(job: "Job", seen: "JobStatus | None", pace: CompletionRate) -> "RenderableType":
    from rich.console import Group
    from rich.progress_bar import ProgressBar
    from rich.table import Table
    from rich.text import Text

    if seen is None:
        return Text(_waiting(job))
    now, counts = time.time(), seen.counts
    done = finished(counts)
    left = pace.seconds_left(done, counts.total, now) if seen.running else None
    parts = progress_parts(counts, left, None, now)
    text = " · ".join(parts) if seen.running else _waiting(job)
    body = "\n".join(lines(job, seen, now))
    bar = Table.grid()  # a bar by itself would not end its line
    bar.add_row(ProgressBar(total=max(1, counts.total), completed=done, width=_BAR))
    return Group(bar, Text(text), Text(), Text.from_ansi(body))


def _print_changes(job: "Job") -> None:
    """Print a block of plain lines after each change."""
    before: JobStatus | str | None = None
    for seen in _looks(job):
        is_waiting = seen is None or not seen.running
        if seen != before or before is None:
            text = [] if seen is None else lines(job, seen, time.time())
            if is_waiting and before is None:
                text.append(_waiting(job))
            if text:
                print("\n".join(text), end="\n\n", flush=True)
        before = seen if seen is not None else "waiting"
