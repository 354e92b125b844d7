"""Progress bars and progress lines, and the signal handlers for Ctrl-C and SIGTERM.

This module must not know what the command does.
"""

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Any, Final

from batch_import.cli.messages import (
    format_row_count,
    join_fitting,
    preflight_progress,
    progress_parts,
    with_timestamp,
)
from batch_import.errors import Interrupted

if TYPE_CHECKING:
    from batch_import.importer.dispatch import Progress
    from batch_import.models import Counts
    from batch_import.verification.account_reader import VerificationProgress
    from batch_import.workflows.source_checks import PreflightProgress

#: Seconds between two lines of progress if stderr is not a terminal.
_LINE_SECONDS: Final = 10.0
#: Width of `100% `, in columns.
_PERCENT_WIDTH: Final = 5
#: Minimum and maximum width of the bar itself, in columns. In a narrow terminal it is left out.
_MIN_BAR_WIDTH: Final = 8
_MAX_BAR_WIDTH: Final = 40
#: Width of a terminal whose width is unknown, in columns.
_DEFAULT_WIDTH: Final = 80
#: Columns that stay empty at the end of the line. Otherwise the `^C` that a terminal prints for
#: Ctrl-C would wrap the line.
_MARGIN_WIDTH: Final = 3
#: Terminal control sequence: clear the rest of the screen.
_CLEAR_BELOW: Final = "\x1b[J"
#: Terminal control sequence: return to the start of the line, and clear the line.
_CLEAR_LINE: Final = b"\r\x1b[K"
#: The signals that stop a command: of Ctrl-C, SIGTERM, and on Windows of Ctrl-Break, which ends a
#: program in the background.
_STOP_SIGNALS: Final = (
    signal.SIGINT,
    signal.SIGTERM,
    *filter(None, [getattr(signal, "SIGBREAK", None)]),
)
#: Statuses of rows that need no more requests.
_FINISHED_STATUSES: Final = ("imported", "failed", "invalid", "skipped")


@contextmanager
def stoppable() -> Iterator[threading.Event]:
    """Yield an event that Ctrl-C and SIGTERM set. A second signal ends the process at once."""
    stop = threading.Event()

    def request_stop(signum: int, frame: FrameType | None) -> None:
        del signum, frame
        if stop.is_set():
            os._exit(Interrupted.exit_code)
        stop.set()
        # print() would wait for ever if the signal interrupted another print() to stderr.
        start = _CLEAR_LINE if os.isatty(2) else b"\n"
        os.write(2, start + b"Stopping: finishing requests; press Ctrl-C again to quit now.\n")

    previous_handlers = {number: signal.signal(number, request_stop) for number in _STOP_SIGNALS}
    try:
        yield stop
    finally:
        for number, handler in previous_handlers.items():
            signal.signal(number, handler)


def has_bars() -> bool:
    """Whether stderr is a terminal that can draw a progress bar."""
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


def finished_count(counts: "Counts") -> int:
    """Count the rows that need no more requests."""
    return sum(getattr(counts, name) for name in _FINISHED_STATUSES)


class ImportBar:
    """Shows the progress of an import as a bar on a terminal.

    The bar is one line, even in a narrow terminal.
    """

    def __init__(self) -> None:
        from tqdm import tqdm

        tqdm.monitor_interval = 0  # without tqdm's thread, which redraws bars: `show` draws the bar
        self._tqdm = tqdm
        self._bar = tqdm(disable=True)
        self._drawn_width = 0

    def show(self, progress: "Progress") -> None:
        """Draw the bar with the current progress."""
        counts = progress.counts
        if self._bar.disable:
            self._bar = self._tqdm(total=counts.total - progress.not_selected_count, leave=False)
        bar, terminal_width = self._bar, _terminal_width()
        self._clear_wrapped_lines(terminal_width)
        width = terminal_width - _MARGIN_WIDTH
        text = join_fitting(
            progress_parts(counts, progress.eta, progress.rate, time.time()), width - _PERCENT_WIDTH
        )
        bar_width = min(_MAX_BAR_WIDTH, width - _PERCENT_WIDTH - len(text) - len("|| "))
        bar_part = f"|{{bar:{bar_width}}}| " if bar_width >= _MIN_BAR_WIDTH else ""
        bar.ncols, bar.n = width, finished_count(counts)
        bar.bar_format = f"{{percentage:3.0f}}% {bar_part}{{desc}}"
        bar.set_description_str(text, refresh=False)
        bar.refresh()
        self._drawn_width = len(str(bar))

    def _clear_wrapped_lines(self, terminal_width: int) -> None:
        """Clear the bar if the terminal became narrower, and shows it on several lines."""
        lines_above = max(0, self._drawn_width - 1) // terminal_width
        if lines_above:
            self._bar.fp.write(f"\x1b[{lines_above}F{_CLEAR_BELOW}")
            # The old printer of tqdm would clear the width of the last line, which was wider.
            self._bar.sp = self._bar.status_printer(self._bar.fp)

    def close(self) -> None:
        """Remove the bar."""
        self._bar.close()


def _terminal_width() -> int:
    """Returns the current width of the terminal, in columns."""
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns or _DEFAULT_WIDTH
    except OSError:
        return _DEFAULT_WIDTH


class _Interval:
    """Measures the time since the last line of progress."""

    def __init__(self) -> None:
        self._started_at = time.monotonic()

    def is_over(self) -> bool:
        """Whether to print a line now. If so, the next interval starts."""
        now = time.monotonic()
        is_over = now - self._started_at >= _LINE_SECONDS
        if is_over:
            self._started_at = now
        return is_over


class ImportLines:
    """Shows the progress of an import as lines with a timestamp, for logs and cron."""

    def __init__(self) -> None:
        self._interval = _Interval()

    def show(self, progress: "Progress") -> None:
        """Print a line with the current progress, if the interval is over."""
        if self._interval.is_over():
            parts = progress_parts(progress.counts, progress.eta, progress.rate, time.time())
            print(
                with_timestamp(f"{format_row_count(progress.counts.total)}: {', '.join(parts)}"),
                flush=True,
            )

    def close(self) -> None:
        """Do nothing: there is no bar to remove."""


class PreflightLines:
    """Shows the progress of preflight as lines with a timestamp."""

    def __init__(self) -> None:
        self._interval = _Interval()

    def show(self, progress: "PreflightProgress") -> None:
        """Print a line with the current progress, if the interval is over."""
        if self._interval.is_over():
            print(with_timestamp(preflight_progress(progress)), file=sys.stderr, flush=True)


class VerificationBar:
    """Shows the progress of each step of `plan` or `verify`, such as listing the account's media.

    It is a bar on a terminal, otherwise lines with a timestamp.
    """

    def __init__(self) -> None:
        self._interval = _Interval()
        self._step_name = ""
        self._bar: Any = None

    def show(self, step: "VerificationProgress") -> None:
        """Show the current progress of a step."""
        if has_bars():
            self._draw(step)
        elif self._interval.is_over():
            total = "" if step.total_count is None else f" of {step.total_count:,}"
            print(
                with_timestamp(f"{step.unit}: {step.done_count:,}{total}"),
                file=sys.stderr,
                flush=True,
            )

    def _draw(self, step: "VerificationProgress") -> None:
        from tqdm import tqdm

        if step.unit != self._step_name:
            self.close()
            self._step_name = step.unit
            self._bar = tqdm(desc=step.unit, dynamic_ncols=True, leave=False)
        self._bar.total = step.total_count
        self._bar.update(step.done_count - self._bar.n)

    def close(self) -> None:
        """Remove the bar."""
        if self._bar is not None:
            self._bar.close()


class ListingProgress:
    """Shows how many items were listed: a counter on a terminal, otherwise lines at intervals."""

    def __init__(self) -> None:
        self._interval = _Interval()
        self._bar: Any = None

    def show(self, count: int) -> None:
        """Show the number of items that were listed so far."""
        if has_bars():
            self._draw(count)
        elif self._interval.is_over():
            print(with_timestamp(f"Listing: {count:,} items"), file=sys.stderr, flush=True)

    def _draw(self, count: int) -> None:
        if self._bar is None:
            from tqdm import tqdm

            width = _terminal_width() - _MARGIN_WIDTH
            self._bar = tqdm(desc="Listing", unit=" items", ncols=width, leave=False)
        self._bar.ncols = _terminal_width() - _MARGIN_WIDTH
        self._bar.update(count - self._bar.n)

    def close(self) -> None:
        """Remove the counter."""
        if self._bar is not None:
            self._bar.close()
