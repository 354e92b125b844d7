"""The log of a job: each interaction with the platform as a line of JSON, rotated and capped.

A log that cannot be written ends no run. This file must not know why a call was made.
"""

import json
import logging
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any, BinaryIO, Final, Protocol

from batch_import.addresses.masking import mask
from batch_import.viostream.call_record import CallRecord

#: The log is cut into so many files: what is thrown away is the oldest of them.
_FILES: Final = 5
#: Bytes; a reference ID is the only part of a line whose length nobody limits.
_LONGEST_LINE: Final = 1_000_000


class Log(Protocol):
    """What takes notes of a run."""

    def __call__(self, interaction: CallRecord) -> None:
        """Note a call."""

    def note(self, event: str, **facts: object) -> None:
        """Note what is no call."""


@contextmanager
def call_log(path: Path, most: float, on_failure: Callable[[str], None]) -> Iterator[Log]:
    """Keep a log while a run goes on.

    Args:
        path: of the newest file; older ones are beside it, as `NAME.1` and so on.
        most: megabytes of all files together; 0 keeps none.
        on_failure: called once, with a sentence, if it cannot be written.
    """
    if not most:
        yield _Nothing()
        return
    log = _CallLog(path, int(most * 1e6), on_failure)
    try:
        yield log
    finally:
        log.close()


class _Nothing:
    def __call__(self, interaction: CallRecord) -> None:
        """Nothing is kept."""

    def note(self, event: str, **facts: object) -> None:
        """Nothing is kept."""


class _CallLog:
    def __init__(self, path: Path, most: int, on_failure: Callable[[str], None]) -> None:
        self._job = path.parent.name
        self._file = _RotatingFile(path, most, on_failure)

    def __call__(self, interaction: CallRecord) -> None:
        request, row = interaction.request, interaction.request.row
        self._write(
            interaction.left_at,
            {
                "row": row and row.line,
                "referenceId": interaction.reference_id if row else None,
                "call": request.kind,
                "method": request.method,
                "path": request.path,
                "page": interaction.page,
                "attempt": interaction.attempt,
                "status": interaction.status,
                "fault": interaction.fault or None,
                "ms": round(interaction.seconds * 1e3, 1),
                "bytes": interaction.size,
                "request_id": interaction.request_id or None,
            },
        )

    def note(self, event: str, **facts: object) -> None:
        self._write(datetime.now(UTC).timestamp(), {"event": event, **facts})

    def close(self) -> None:
        with suppress(OSError):  # what could not be written is tried once more here
            self._file.close()

    def _write(self, time: float, facts: Mapping[str, Any]) -> None:
        text = datetime.fromtimestamp(time, UTC).isoformat(timespec="milliseconds")
        self._file.append(
            json.dumps({"time": text.replace("+00:00", "Z"), "job": self._job, **facts})
        )


class _RotatingFile(RotatingFileHandler):
    """Appends lines to a file; when it is full, it becomes the newest of the older ones.

    Each line is flushed, so that a crash loses none. At the first error it gives up, for good.
    """

    def __init__(self, path: Path, most: int, on_failure: Callable[[str], None]) -> None:
        super().__init__(
            path, maxBytes=most // _FILES, backupCount=_FILES - 1, encoding="ascii", delay=True
        )
        self._paths = [path, *(path.with_name(f"{path.name}.{n}") for n in range(1, _FILES))]
        self._most = most
        self._on_failure = on_failure
        self._failed = False

    def append(self, line: str) -> None:
        """Write one line."""
        if not self._failed:
            self.handle(logging.makeLogRecord({"msg": line}))

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: ARG002, N802 - of logging
        """Report the error once; the run goes on without a log."""
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            raise  # noqa: PLE0704 - logging calls this while it handles the error
        self._failed = True
        with suppress(OSError):
            self.close()
        said = mask(error.strerror or str(error))
        self._on_failure(f"Cannot write {self._paths[0]}: {said}. The run goes on without a log.")

    def _open(self) -> TextIOWrapper:
        """Open the newest file, after the older ones were brought within a bound lowered since."""
        size = 0
        for path in filter(Path.is_file, self._paths):
            size += path.stat().st_size
            if size > self._most and path != self._paths[0]:
                path.unlink()
        # Not through a link: it may lead to a file of somebody else's.
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0)
        file = os.fdopen(os.open(self._paths[0], flags, 0o666), "ab+")
        _cut_incomplete_line(file)
        return TextIOWrapper(file, "ascii", newline="\n")


def _cut_incomplete_line(file: BinaryIO) -> None:
    """Remove what a crash or a full disk left of a line."""
    size = file.seek(0, os.SEEK_END)
    start = file.seek(max(0, size - _LONGEST_LINE))
    whole = start + file.read(size - start).rfind(b"\n") + 1
    if whole < size:
        file.truncate(whole)
