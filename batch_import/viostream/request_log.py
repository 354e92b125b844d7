"""The log of a job: one line of JSON per API request, in rotated files of limited size.

If the log cannot be written, the run continues without it.
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
from batch_import.viostream.request_record import RequestRecord

#: Number of files that share the size limit. When the newest is full, the oldest is deleted.
_FILE_COUNT: Final = 5
#: Maximum length of an incomplete last line that is found and removed, in bytes. Most lines have a
#: few hundred bytes, but the length of a reference ID has no limit.
_MAX_LINE_BYTES: Final = 1_000_000


class RequestLog(Protocol):
    """The log that a run writes to."""

    def __call__(self, record: RequestRecord) -> None:
        """Log an API request."""

    def note(self, event: str, **fields: object) -> None:
        """Log another event than an API request, with the fields of its JSON object."""


@contextmanager
def open_request_log(
    path: Path, max_megabytes: float, on_failure: Callable[[str], None]
) -> Iterator[RequestLog]:
    """Open the log for the duration of a run.

    Args:
        path: path of the newest file; older files are `NAME.1`, `NAME.2` and so on.
        max_megabytes: maximum size of all files together; 0 for no log.
        on_failure: called once, with a message, if the log cannot be written.
    """
    if not max_megabytes:
        yield _NoLog()
        return
    log = _FileLog(path, int(max_megabytes * 1e6), on_failure)
    try:
        yield log
    finally:
        log.close()


class _NoLog:
    """A `RequestLog` that writes nothing."""

    def __call__(self, record: RequestRecord) -> None:
        """Do nothing."""

    def note(self, event: str, **fields: object) -> None:
        """Do nothing."""


class _FileLog:
    """A `RequestLog` that writes one line of JSON per request or event to rotated files."""

    def __init__(self, path: Path, max_bytes: int, on_failure: Callable[[str], None]) -> None:
        self._job_name = path.parent.name
        self._file = _RotatingFile(path, max_bytes, on_failure)

    def __call__(self, record: RequestRecord) -> None:
        request, row = record.request, record.request.row
        self._write(
            record.sent_at,
            {
                "row": row.line if row else None,
                "referenceId": record.reference_id if row else None,
                "call": request.kind,
                "method": request.method,
                "path": request.path,
                "page": record.page,
                "attempt": record.attempt,
                "status": record.status,
                "fault": record.fault or None,
                "ms": round(record.seconds * 1e3, 1),
                "bytes": record.size,
                "request_id": record.request_id or None,
            },
        )

    def note(self, event: str, **fields: object) -> None:
        self._write(datetime.now(UTC).timestamp(), {"event": event, **fields})

    def close(self) -> None:
        with suppress(OSError):  # closing writes what is still buffered, which may fail again
            self._file.close()

    def _write(self, time: float, fields: Mapping[str, Any]) -> None:
        text = datetime.fromtimestamp(time, UTC).isoformat(timespec="milliseconds")
        self._file.append(
            json.dumps({"time": text.replace("+00:00", "Z"), "job": self._job_name, **fields})
        )


class _RotatingFile(RotatingFileHandler):
    """Appends lines to a file. A full file is renamed, and a new file is started.

    Each line is written to the system at once, so that a crash of the process loses no line. After
    the first error, nothing more is written.
    """

    def __init__(self, path: Path, max_bytes: int, on_failure: Callable[[str], None]) -> None:
        super().__init__(
            path,
            maxBytes=max_bytes // _FILE_COUNT,
            backupCount=_FILE_COUNT - 1,
            encoding="ascii",
            delay=True,
        )
        self._paths = [path, *(path.with_name(f"{path.name}.{n}") for n in range(1, _FILE_COUNT))]
        self._max_bytes = max_bytes
        self._on_failure = on_failure
        self._has_failed = False

    def append(self, line: str) -> None:
        """Write one line."""
        if not self._has_failed:
            self.handle(logging.makeLogRecord({"msg": line}))

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: ARG002, N802 - of logging
        """Report the first error, and write nothing more. The base class calls this method."""
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            raise  # noqa: PLE0704 - logging calls this while it handles the error
        self._has_failed = True
        with suppress(OSError):
            self.close()
        reason = mask(error.strerror or str(error))
        self._on_failure(f"Cannot write {self._paths[0]}: {reason}. The run goes on without a log.")

    def _open(self) -> TextIOWrapper:
        """Open the newest file, and delete old files if all files exceed the size limit.

        They can exceed the limit if the user has lowered it since the previous run. The base class
        calls this method.
        """
        total_bytes = 0
        for path in filter(Path.is_file, self._paths):
            total_bytes += path.stat().st_size
            if total_bytes > self._max_bytes and path != self._paths[0]:
                path.unlink()
        # Links are not followed: a link may lead to a file of another user.
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0)
        file = os.fdopen(os.open(self._paths[0], flags, 0o666), "ab+")
        _cut_incomplete_line(file)
        return TextIOWrapper(file, "ascii", newline="\n")


def _cut_incomplete_line(file: BinaryIO) -> None:
    """Remove an incomplete last line, which remains after a crash or if the disk was full."""
    total_bytes = file.seek(0, os.SEEK_END)
    start = file.seek(max(0, total_bytes - _MAX_LINE_BYTES))
    complete_bytes = start + file.read(total_bytes - start).rfind(b"\n") + 1
    if complete_bytes < total_bytes:
        file.truncate(complete_bytes)
