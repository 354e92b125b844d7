"""The log of a job: each interaction with the platform as a line of JSON, rotated and capped.

A log that cannot be written ends no run. This file must not know why a call was made.
"""

import json
import logging
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any, Final, Protocol

from batch_import.api.interaction import Interaction
from batch_import.masking import mask

#: The log is cut into so many files: what is thrown away is the oldest of them.
_FILES: Final = 5


class Log(Protocol):
    """What takes notes of a run."""

    def __call__(self, interaction: Interaction) -> None:
        """Note a call."""

    def note(self, event: str, **facts: object) -> None:
        """Note what is no call."""


@contextmanager
def call_log(path: Path, most: float, trouble: Callable[[str], None]) -> Iterator[Log]:
    """Keep a log while a run goes on.

    Args:
        path: of the newest file; older ones are beside it, as `NAME.1` and so on.
        most: megabytes of all files together; 0 keeps none.
        trouble: told once, in words, if it cannot be written.
    """
    if not most:
        yield _Nothing()
        return
    _drop_oldest(path, int(most * 1e6))
    log = _CallLog(path, int(most * 1e6), trouble)
    try:
        yield log
    finally:
        log.close()


def _drop_oldest(path: Path, most: int) -> None:
    """Keep within a bound that is lower than it was; what cannot be removed stays."""
    files = [path, *(path.with_name(f"{path.name}.{n}") for n in range(1, _FILES))]
    size = 0
    with suppress(OSError):
        for file in filter(Path.is_file, files):
            size += file.stat().st_size
            if size > most and file != path:
                file.unlink()


class _Nothing:
    def __call__(self, interaction: Interaction) -> None:
        """Nothing is kept."""

    def note(self, event: str, **facts: object) -> None:
        """Nothing is kept."""


class _CallLog:
    """Safe for many threads: a handler of `logging` has a lock of its own."""

    def __init__(self, path: Path, most: int, trouble: Callable[[str], None]) -> None:
        self._job = path.parent.name
        self._file = _File(
            path,
            maxBytes=max(1, most // _FILES),
            backupCount=_FILES - 1,
            encoding="utf-8",
            delay=True,
        )
        self._file.trouble = trouble

    def __call__(self, interaction: Interaction) -> None:
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
        self._file.close()

    def _write(self, moment: float, facts: Mapping[str, Any]) -> None:
        time = datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds")
        line = json.dumps({"time": time.replace("+00:00", "Z"), "job": self._job, **facts})
        self._file.handle(logging.makeLogRecord({"msg": line}))


class _File(RotatingFileHandler):
    """A file that says once that it cannot be written, and is left alone from then on."""

    trouble: Callable[[str], None]
    _given_up = False

    def emit(self, record: logging.LogRecord) -> None:
        # Not a filter: threads that had passed it would fail here one after the other.
        if not self._given_up:
            super().emit(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        del record
        self._given_up = True
        error = sys.exc_info()[1]
        # What could not be written is tried once more when a file is closed.
        with suppress(OSError, ValueError):
            self.close()
        said = getattr(error, "strerror", None) or str(error)
        self.trouble(
            f"{self.baseFilename} cannot be written any more: {mask(said)}. The run goes on."
        )
