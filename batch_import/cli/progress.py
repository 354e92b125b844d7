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
    from batch_import.verification.account_reader import VerificationProgress
    from batch_import.workflows.source_checks import PreflightProgress

#: Seconds between two lines of progress if stderr is not a terminal.
_LINE_EVERY: Final = 10.0
#: Widths in columns: of `100% `, of the shortest and the longest bar, of an unknown terminal.
_PERCENT: Final = 5
_SHORTEST: Final = 8
_LONGEST: Final = 40
_USUAL: Final = 80
#: Columns that stay empty, because the `^C` of an interrupt would otherwise wrap the line.
_ECHO: Final = 3
#: Terminal control sequence: clear the rest of the screen.
_CLEAR_BELOW: Final = "\x1b[J"
#: Terminal control sequence: return to the start of the line, and clear the line.
_CLEAR_LINE: Final = b"\r\x1b[K"
#: Ctrl-C and SIGTERM; Windows ends a program in the background by Ctrl-Break.
_STOPS: Final = (signal.SIGINT, signal.SIGTERM, *filter(None, [getattr(signal, "SIGBREAK", None)]))
_FINISHED: Final = ("imported", "failed", "invalid", "skipped")


@contextmanager
def stoppable() -> Iterator[threading.Event]:
    """Yield an event that Ctrl-C and SIGTERM set. A second signal ends the process at once."""
    stop = threading.Event()

    def request(signum: int, frame: FrameType | None) -> None:
        del signum, frame
        if stop.is_set():
            os._exit(Interrupted.exit_code)
        stop.set()
        # Not print(): the signal may interrupt a print() that holds the lock of stderr.
        begin = _CLEAR_LINE if os.isatty(2) else b"\n"
        os.write(2, begin + b"Stopping: finishing requests; press Ctrl-C again to quit now.\n")

    before = {number: signal.signal(number, request) for number in _STOPS}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def has_bars() -> bool:
    """Whether stderr is a terminal that can draw a progress bar."""
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


def finished(counts: Any) -> int:
    """The number of rows that need no more requests."""
    return sum(getattr(counts, name) for name in _FINISHED)


class Bar:
    """A progress bar on a terminal. It is one line, even in a narrow terminal."""

    def __init__(self) -> None:
        from tqdm import tqdm

        tqdm.monitor_interval = 0  # it is drawn by `show` alone: no thread need watch it
        self._bar = tqdm(disable=True)
        self._new = tqdm
        self._drawn = 0

    def show(self, progress: "Progress") -> None:
        """Show how far the import is."""
        counts = progress.counts
        if self._bar.disable:
            self._bar = self._new(total=counts.total - progress.not_selected_count, leave=False)
        bar, columns = self._bar, _columns()
        self._unwrap(columns)
        width = columns - _ECHO
        text = join_fitting(
            progress_parts(counts, progress.eta, progress.rate, time.time()), width - _PERCENT
        )
        room = min(_LONGEST, width - _PERCENT - len(text) - len("|| "))
        drawn = f"|{{bar:{room}}}| " if room >= _SHORTEST else ""
        bar.ncols, bar.n = width, finished(counts)
        bar.bar_format = f"{{percentage:3.0f}}% {drawn}{{desc}}"
        bar.set_description_str(text, refresh=False)
        bar.refresh()
        self._drawn = len(str(bar))

    def _unwrap(self, columns: int) -> None:
        """Clear the bar if the terminal became narrower and wrapped it."""
        above = max(0, self._drawn - 1) // columns
        if above:
            self._bar.fp.write(f"\x1b[{above}F{_CLEAR_BELOW}")
            # A new printer, because the old one would clear the width of the last, wider line.
            self._bar.sp = self._bar.status_printer(self._bar.fp)

    def close(self) -> None:
        """Remove the bar."""
        self._bar.close()


def _columns() -> int:
    """The current width of the terminal, in columns."""
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns or _USUAL
    except OSError:
        return _USUAL


class _Interval:
    """Limits how often a line of progress is printed."""

    def __init__(self) -> None:
        self._last = time.monotonic()

    def is_over(self) -> bool:
        """Whether to print a line now. If so, the next interval starts."""
        now = time.monotonic()
        due = now - self._last >= _LINE_EVERY
        if due:
            self._last = now
        return due


class Lines:
    """Prints a line with a timestamp at intervals, for logs and cron."""

    def __init__(self) -> None:
        self._interval = _Interval()

    def show(self, progress: "Progress") -> None:
        """Show how far the import is."""
        if self._interval.is_over():
            parts = progress_parts(progress.counts, progress.eta, progress.rate, time.time())
            print(
                with_timestamp(f"{format_row_count(progress.counts.total)}: {', '.join(parts)}"),
                flush=True,
            )

    def close(self) -> None:
        """Do nothing: there is no bar to remove."""


class PreflightLines:
    """Prints a line with a timestamp at intervals during preflight."""

    def __init__(self) -> None:
        self._interval = _Interval()

    def show(self, asked: "PreflightProgress") -> None:
        """Show the progress of preflight."""
        if self._interval.is_over():
            print(with_timestamp(preflight_progress(asked)), file=sys.stderr, flush=True)


class Steps:
    """Shows the steps of a verification: a bar on a terminal, otherwise lines at intervals."""

    def __init__(self) -> None:
        self._interval = _Interval()
        self._what = ""
        self._bar: Any = None

    def show(self, step: "VerificationProgress") -> None:
        """Show the progress of a step."""
        if has_bars():
            self._draw(step)
        elif self._interval.is_over():
            of = "" if step.of is None else f" of {step.of:,}"
            print(with_timestamp(f"{step.what}: {step.done:,}{of}"), file=sys.stderr, flush=True)

    def _draw(self, step: "VerificationProgress") -> None:
        from tqdm import tqdm

        if step.what != self._what:
            self.close()
            self._what = step.what
            self._bar = tqdm(desc=step.what, dynamic_ncols=True, leave=False)
        self._bar.total = step.of
        self._bar.update(step.done - self._bar.n)

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
        """Show the number of items so far."""
        if has_bars():
            self._draw(count)
        elif self._interval.is_over():
            print(with_timestamp(f"Listing: {count:,} items"), file=sys.stderr, flush=True)

    def _draw(self, count: int) -> None:
        if self._bar is None:
            from tqdm import tqdm

            width = _columns() - _ECHO
            self._bar = tqdm(desc="Listing", unit=" items", ncols=width, leave=False)
        self._bar.ncols = _columns() - _ECHO
        self._bar.update(count - self._bar.n)

    def close(self) -> None:
        """Remove the counter."""
        if self._bar is not None:
            self._bar.close()
