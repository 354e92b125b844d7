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
from typing import TYPE_CHECKING, Any

from batch_import.cli.words import asked_so_far, progress_text, rows
from batch_import.errors import Interrupted

if TYPE_CHECKING:
    from batch_import.importer.dispatch import Progress
    from batch_import.intake import Asked
    from batch_import.proof.account import Step

#: Seconds between two lines of progress where there is no terminal.
_LINE_EVERY = 10.0
_FINISHED = ("imported", "failed", "invalid", "skipped")


@contextmanager
def stoppable() -> Iterator[threading.Event]:
    """An event that Ctrl-C and SIGTERM set; the second one leaves at once, all being saved."""
    stop = threading.Event()

    def ask(signum: int, frame: FrameType | None) -> None:
        del signum, frame
        if stop.is_set():
            os._exit(Interrupted.exit_code)
        stop.set()
        # Not print: a signal may come while it holds its lock.
        os.write(2, b"\nStopping: calls under way are brought home (again to leave at once).\n")

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def has_bars() -> bool:
    """Whether a bar can be drawn: stderr is a terminal that can go back to the start of a line."""
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


class Bar:
    """A progress bar on a terminal."""

    def __init__(self) -> None:
        from tqdm import tqdm

        self._bar = tqdm(unit="row", disable=True)
        self._new = tqdm

    def show(self, progress: "Progress") -> None:
        """Show how far the import is."""
        counts = progress.counts
        done = sum(getattr(counts, name) for name in _FINISHED)
        if self._bar.disable:
            self._bar = self._new(
                total=counts.total - progress.left_alone, initial=done, unit="row",
                dynamic_ncols=True, leave=False,
                bar_format="{percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt}{postfix}"
                " [{elapsed}, {remaining} left]",
            )  # fmt: skip
        self._bar.set_postfix_str(progress_text(progress), refresh=False)
        self._bar.update(done - self._bar.n)
        self._bar.refresh()

    def close(self) -> None:
        """Take the bar away."""
        self._bar.close()


class Lines:
    """A plain line every so often, for logs and cron."""

    def __init__(self) -> None:
        self._last = time.monotonic()

    def show(self, progress: "Progress") -> None:
        """Show how far the import is."""
        if time.monotonic() - self._last >= _LINE_EVERY:
            self._last = time.monotonic()
            print(f"{rows(progress.counts.total)}: {progress_text(progress)}", flush=True)

    def close(self) -> None:
        """Nothing is open."""


class Asking:
    """A plain line every so often while preflight is under way."""

    def __init__(self) -> None:
        self._last = time.monotonic()

    def show(self, asked: "Asked") -> None:
        """Show how far preflight is."""
        if time.monotonic() - self._last >= _LINE_EVERY:
            self._last = time.monotonic()
            print(asked_so_far(asked), file=sys.stderr, flush=True)


class Steps:
    """How far each step of a proof is: a bar on a terminal, else a plain line every so often."""

    def __init__(self) -> None:
        self._last = time.monotonic()
        self._what = ""
        self._bar: Any = None

    def show(self, step: "Step") -> None:
        """Show how far it is."""
        if has_bars():
            self._draw(step)
        elif time.monotonic() - self._last >= _LINE_EVERY:
            self._last = time.monotonic()
            of = "" if step.of is None else f" of {step.of}"
            print(f"{step.what}: {step.done}{of}", file=sys.stderr, flush=True)

    def _draw(self, step: "Step") -> None:
        from tqdm import tqdm

        if step.what != self._what:
            self.close()
            self._what = step.what
            self._bar = tqdm(desc=step.what, dynamic_ncols=True, leave=False)
        self._bar.total = step.of
        self._bar.update(step.done - self._bar.n)

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.close()
