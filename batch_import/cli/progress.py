"""What a terminal shows while a command works, and how Ctrl-C reaches it.

This file must not know what the command does.
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

from batch_import.cli.messages import fitting, preflight_progress, progress_parts, rows, stamped
from batch_import.errors import Interrupted

if TYPE_CHECKING:
    from batch_import.importer.dispatch import Progress
    from batch_import.verification.account_reader import VerificationProgress
    from batch_import.workflows.source_checks import PreflightProgress

#: Seconds between two lines of progress where there is no terminal.
_LINE_EVERY: Final = 10.0
#: Columns: of `100% `, of the shortest and the longest bar, and of a terminal of unknown width.
_PERCENT: Final = 5
_SHORTEST: Final = 8
_LONGEST: Final = 40
_USUAL: Final = 80
#: Columns left free: where they are full, the `^C` of an interrupt would begin a new line.
_ECHO: Final = 3
#: The rest of the screen.
_CLEAR_BELOW: Final = "\x1b[J"
#: Back to the start of the line, and clear it.
_CLEAR_LINE: Final = b"\r\x1b[K"
#: Ctrl-C and SIGTERM; Windows ends a program in the background by Ctrl-Break.
_STOPS: Final = (signal.SIGINT, signal.SIGTERM, *filter(None, [getattr(signal, "SIGBREAK", None)]))
_FINISHED: Final = ("imported", "failed", "invalid", "skipped")


@contextmanager
def stoppable() -> Iterator[threading.Event]:
    """An event that Ctrl-C and SIGTERM set; the second one quits at once, all being saved."""
    stop = threading.Event()

    def request(signum: int, frame: FrameType | None) -> None:
        del signum, frame
        if stop.is_set():
            os._exit(Interrupted.exit_code)
        stop.set()
        # Not print: a signal may come while it holds its lock.
        begin = _CLEAR_LINE if os.isatty(2) else b"\n"
        os.write(2, begin + b"Stopping: finishing requests; press Ctrl-C again to quit now.\n")

    before = {number: signal.signal(number, request) for number in _STOPS}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def has_bars() -> bool:
    """Whether a bar can be drawn: stderr is a terminal that can go back to the start of a line."""
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


def finished(counts: Any) -> int:
    """How many rows have reached their end."""
    return sum(getattr(counts, name) for name in _FINISHED)


class Bar:
    """A progress bar on a terminal: one line, however narrow that is."""

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
            self._bar = self._new(total=counts.total - progress.left_alone, leave=False)
        bar, columns = self._bar, _columns()
        self._unwrap(columns)
        width = columns - _ECHO
        text = fitting(
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
        """Clear the whole line where a terminal that has become narrower has wrapped it."""
        above = max(0, self._drawn - 1) // columns
        if above:
            self._bar.fp.write(f"\x1b[{above}F{_CLEAR_BELOW}")
            # A new printer: the old one would blank a line as long as the last, and wrap again.
            self._bar.sp = self._bar.status_printer(self._bar.fp)

    def close(self) -> None:
        """Remove the bar."""
        self._bar.close()


def _columns() -> int:
    """Columns of the terminal that the bar is on, now."""
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns or _USUAL
    except OSError:
        return _USUAL


class _Interval:
    """Says when the next plain line is due."""

    def __init__(self) -> None:
        self._last = time.monotonic()

    def is_over(self) -> bool:
        """Whether a line is due; if so, the next interval begins."""
        now = time.monotonic()
        due = now - self._last >= _LINE_EVERY
        if due:
            self._last = now
        return due


class Lines:
    """A line with a timestamp every so often, for logs and cron."""

    def __init__(self) -> None:
        self._interval = _Interval()

    def show(self, progress: "Progress") -> None:
        """Show how far the import is."""
        if self._interval.is_over():
            parts = progress_parts(progress.counts, progress.eta, progress.rate, time.time())
            print(stamped(f"{rows(progress.counts.total)}: {', '.join(parts)}"), flush=True)

    def close(self) -> None:
        """Nothing is open."""


class PreflightLines:
    """A line with a timestamp every so often while source hosts are asked."""

    def __init__(self) -> None:
        self._interval = _Interval()

    def show(self, asked: "PreflightProgress") -> None:
        """Show how far preflight is."""
        if self._interval.is_over():
            print(stamped(preflight_progress(asked)), file=sys.stderr, flush=True)


class Steps:
    """How far each step of a reading is: a bar on a terminal, else a line every so often."""

    def __init__(self) -> None:
        self._interval = _Interval()
        self._what = ""
        self._bar: Any = None

    def show(self, step: "VerificationProgress") -> None:
        """Show how far it is."""
        if has_bars():
            self._draw(step)
        elif self._interval.is_over():
            of = "" if step.of is None else f" of {step.of:,}"
            print(stamped(f"{step.what}: {step.done:,}{of}"), file=sys.stderr, flush=True)

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
