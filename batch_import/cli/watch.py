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
from batch_import.cli.progress import finished_count
from batch_import.cli.status import status_lines
from batch_import.state.location import exists
from batch_import.workflows import status

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType

    from batch_import.job import Job
    from batch_import.workflows.status import JobStatus

#: Seconds between two readings of the status.
_READING_SECONDS: Final = 2.0
#: Number of seconds over which the completion rate is measured. It is longer than the poll
#: interval, because many rows complete together when a page of the media list is read.
_RATE_WINDOW_SECONDS: Final = 300.0
#: Width of the progress bar, in columns.
_BAR_WIDTH: Final = 40


@dataclass(slots=True)
class CompletionRate:
    """Measures how many rows are completed per second."""

    #: Time (epoch seconds) and number of completed rows of each reading in the window.
    _readings: deque[tuple[float, int]] = field(default_factory=deque)

    def add_reading(self, completed: int, total: int, now: float) -> float | None:
        """Add a reading of the status.

        Args:
            completed: number of completed rows.
            total: number of all rows.
            now: the time of the reading, in epoch seconds.

        Returns:
            Estimated seconds until all rows are completed; None if it is not known yet.
        """
        self._readings.append((now, completed))
        while now - self._readings[0][0] > _RATE_WINDOW_SECONDS:
            self._readings.popleft()
        first_time, first_completed = self._readings[0]
        if completed <= first_completed or now <= first_time:
            return None
        return (total - completed) * (now - first_time) / (completed - first_completed)


def watch(job: "Job") -> int:
    """Show the status until the run ends, or until Ctrl-C or SIGTERM. Returns the exit code."""
    previous_handler = signal.signal(signal.SIGTERM, signal.default_int_handler)
    show = _redraw if sys.stdout.isatty() else _print_changes
    try:
        with suppress(KeyboardInterrupt):
            show(job)
    finally:
        signal.signal(signal.SIGTERM, previous_handler)
    return OK


def _read_repeatedly(job: "Job") -> "Iterator[JobStatus | None]":
    """Yield the status at intervals until a run has ended. Yields None while there is no job."""
    was_running = False
    while True:
        job_status = status.read_job_status(job) if exists(job) else None
        yield job_status
        is_running = job_status is not None and job_status.is_running
        if was_running and not is_running:
            return
        was_running = is_running
        time.sleep(_READING_SECONDS)


def _waiting_text(job: "Job") -> str:
    return f"Waiting for a run to begin in {sanitized(str(job.folder))} (press Ctrl-C to stop)."


def _redraw(job: "Job") -> None:
    """Draw on the alternate screen of the terminal. The last status stays visible at the end."""
    from rich.live import Live

    from batch_import.cli.console import console

    rate = CompletionRate()
    job_status: JobStatus | None = None
    with suppress(KeyboardInterrupt), Live(console=console(), screen=True) as live:
        for job_status in _read_repeatedly(job):
            live.update(_screen(job, job_status, rate), refresh=True)
    if job_status:
        print("\n".join(status_lines(job, job_status, time.time())))


def _screen(job: "Job", job_status: "JobStatus | None", rate: CompletionRate) -> "RenderableType":
    """Returns the content of the screen: a progress bar, its text, and the lines of `status`."""
    from rich.console import Group
    from rich.progress_bar import ProgressBar
    from rich.table import Table
    from rich.text import Text

    if job_status is None:
        return Text(_waiting_text(job))
    now, counts = time.time(), job_status.counts
    completed = finished_count(counts)
    text = _waiting_text(job)
    if job_status.is_running:
        seconds_left = rate.add_reading(completed, counts.total, now)
        text = " · ".join(progress_parts(counts, seconds_left, None, now))
    body = "\n".join(status_lines(job, job_status, now))
    bar = Table.grid()  # a ProgressBar outside of a table would not end its line
    bar.add_row(ProgressBar(total=max(1, counts.total), completed=completed, width=_BAR_WIDTH))
    return Group(bar, Text(text), Text(), Text.from_ansi(body))


def _print_changes(job: "Job") -> None:
    """Print the status as a block of plain lines after each change."""
    is_first = True
    previous: JobStatus | None = None
    for job_status in _read_repeatedly(job):
        if is_first or job_status != previous:
            lines = [] if job_status is None else status_lines(job, job_status, time.time())
            is_running = job_status is not None and job_status.is_running
            if is_first and not is_running:
                lines.append(_waiting_text(job))
            if lines:
                print("\n".join(lines), end="\n\n", flush=True)
        previous, is_first = job_status, False
