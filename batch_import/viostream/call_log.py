"""The log of a job: each interaction with the platform as a line of JSON, rotated and capped.

A log that cannot be written ends no run. This file must not know why a call was made.
"""

import json
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any, BinaryIO, Final, Protocol

from batch_import.masking import mask
from batch_import.viostream.call_record import Interaction

#: The log is cut into so many files: what is thrown away is the oldest of them.
_FILES: Final = 5
#: Bytes; a reference ID is the only part of a line whose length nobody limits.
_LONGEST_LINE: Final = 1_000_000


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
    log = _CallLog(path, int(most * 1e6), trouble)
    try:
        yield log
    finally:
        log.close()


class _Nothing:
    def __call__(self, interaction: Interaction) -> None:
        """Nothing is kept."""

    def note(self, event: str, **facts: object) -> None:
        """Nothing is kept."""


class _CallLog:
    def __init__(self, path: Path, most: int, trouble: Callable[[str], None]) -> None:
        self._job = path.parent.name
        self._files = _Files(path, most, trouble)

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
        self._files.close()

    def _write(self, moment: float, facts: Mapping[str, Any]) -> None:
        time = datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds")
        line = json.dumps({"time": time.replace("+00:00", "Z"), "job": self._job, **facts})
        self._files.append(f"{line}\n".encode("ascii"))


class _Files:
    """A file that lines are appended to, and older ones beside it. Safe for many threads.

    A handler of `logging` would do the same at three times the cost, a tenth of a whole call's.
    """

    def __init__(self, path: Path, most: int, trouble: Callable[[str], None]) -> None:
        self._paths = [path, *(path.with_name(f"{path.name}.{n}") for n in range(1, _FILES))]
        self._most = most
        self._trouble = trouble
        self._lock = threading.Lock()
        self._file: BinaryIO | None = None
        self._size = 0
        self._given_up = False

    def append(self, line: bytes) -> None:
        """Write a line at once, so that a crash loses none."""
        with self._lock:
            if self._given_up:
                return
            try:
                file = self._ready_for(len(line))
                file.write(line)
                file.flush()
                self._size += len(line)
            except OSError as error:
                self._give_up(error)

    def close(self) -> None:
        if self._file:
            # What could not be written is tried once more here.
            with suppress(OSError):
                self._file.close()
            self._file = None

    def _ready_for(self, size: int) -> BinaryIO:
        file = self._file or self._open()
        if self._size and self._size + size > self._most // _FILES:
            self._put_aside()
            file = self._open()
        return file

    def _open(self) -> BinaryIO:
        self._drop_oldest()
        self._file = self._paths[0].open("ab+")
        self._size = _without_half_a_line(self._file)
        return self._file

    def _put_aside(self) -> None:
        """Make room for a new file; the oldest one goes."""
        self.close()
        for newer, older in reversed(list(pairwise(self._paths))):
            with suppress(FileNotFoundError):
                newer.replace(older)

    def _drop_oldest(self) -> None:
        """Keep within a bound that is lower than it was."""
        size = 0
        for path in filter(Path.is_file, self._paths):
            size += path.stat().st_size
            if size > self._most and path != self._paths[0]:
                path.unlink()

    def _give_up(self, error: OSError) -> None:
        self._given_up = True
        self.close()
        said = mask(error.strerror or str(error))
        self._trouble(f"{self._paths[0]} cannot be written any more: {said}. The run goes on.")


def _without_half_a_line(file: BinaryIO) -> int:
    """Cut off what a crash or a full disk left of a line; returns the file's size in bytes."""
    size = file.seek(0, os.SEEK_END)
    start = file.seek(max(0, size - _LONGEST_LINE))
    whole = start + file.read(size - start).rfind(b"\n") + 1
    if whole < size:
        file.truncate(whole)
    return whole
