"""Where the runs of an account share the record of its rate limit: a small file on this machine.

The file belongs to the operating system's user; therefore runs of other users do not see it. If the
job database is in PostgreSQL, the record is there, too (`database_ledger.py`). This module must not
know the content of the record.
"""

import hashlib
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

from batch_import.errors import StateError
from batch_import.job import DatabaseState, Job

_T = TypeVar("_T")

#: How long to wait for the lock of the file. Another run needs it for a few hundred bytes only.
_LOCK_SECONDS: Final = 2.0


def open_ledger(job: Job, account: str) -> Any:
    """Returns the ledger of an account (`shared_rate_limiter.Ledger`).

    Args:
        account: text that identifies the account among all accounts of all APIs.

    Raises:
        StateError: the database cannot be used.
    """
    name = hashlib.sha256(account.encode()).hexdigest()[:32]
    if isinstance(job.state, DatabaseState):
        from batch_import.state.database_ledger import DatabaseLedger

        return DatabaseLedger(job.state.url, name)
    return FileLedger(_folder() / f"{name}.json")


def _folder() -> Path:
    """Returns the folder for data that programs keep about this machine's user."""
    if os.name == "nt":
        home = os.environ.get("LOCALAPPDATA") or _home() / "AppData" / "Local"
    else:
        home = os.environ.get("XDG_STATE_HOME") or _home() / ".local" / "state"
    return Path(home) / "batch-import"


def _home() -> Path:
    """Returns the user's home folder; if there is none, the folder of temporary files."""
    try:
        return Path.home()
    except RuntimeError:
        return Path(tempfile.gettempdir())


class FileLedger:
    """A record in a file.

    Its clock is the monotonic clock of the machine, which all processes share, and which restarts
    with the machine.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def update(self, change: Callable[[str, float], tuple[str, _T]]) -> _T:
        """As in `shared_rate_limiter.Ledger`."""
        from filelock import FileLock, Timeout

        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with FileLock(self._path.with_suffix(".lock"), timeout=_LOCK_SECONDS):
                known = self._path.read_text(encoding="utf-8") if self._path.exists() else ""
                text, result = change(known, time.monotonic())
                # If the process is killed here, the incomplete record is ignored later.
                self._path.write_text(text, encoding="utf-8")
        except (OSError, ValueError, Timeout) as error:
            raise StateError(f"{self._path} cannot be used: {error}.") from None
        return result

    def close(self) -> None:
        """As in `shared_rate_limiter.Ledger`."""
