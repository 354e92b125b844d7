"""The ledger of an account: stores the text by which its runs share the rate limit of the account.

This text is called the record. It is in a small file on this machine, or in the PostgreSQL database
if the job database is there (`database_ledger.py`). The file belongs to the operating system's
user; therefore runs of other users do not see it. This module must not know the content of the
record.
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

#: Maximum number of seconds to wait for the lock of the file. Another run needs the lock only to
#: write a few hundred bytes.
_LOCK_SECONDS: Final = 2.0


def open_ledger(job: Job, account: str) -> Any:
    """Returns the ledger of an account, which implements `shared_rate_limiter.Ledger`.

    The return type is `Any`, because this package must not import the package of that type.

    Args:
        job: a job of the account. Its job database decides where the ledger is.
        account: text that identifies the account, also among accounts of other API servers.

    Raises:
        StateError: the PostgreSQL database cannot be used.
    """
    account_hash = hashlib.sha256(account.encode()).hexdigest()[:32]
    if isinstance(job.state, DatabaseState):
        from batch_import.state.database_ledger import DatabaseLedger

        return DatabaseLedger(job.state.url, account_hash)
    return FileLedger(_folder() / f"{account_hash}.json")


def _folder() -> Path:
    """Returns the program's folder for data of this user that is not a setting."""
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
    """A ledger whose record is in a file.

    Its clock is the monotonic clock of the machine. All processes share this clock. It starts again
    from zero when the machine starts.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def update(self, change: Callable[[str, float], tuple[str, _T]]) -> _T:
        """As in `shared_rate_limiter.Ledger`."""
        from filelock import FileLock, Timeout

        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with FileLock(self._path.with_suffix(".lock"), timeout=_LOCK_SECONDS):
                record = self._path.read_text(encoding="utf-8") if self._path.exists() else ""
                new_record, result = change(record, time.monotonic())
                # If the process is killed here, the next run ignores the incomplete record.
                self._path.write_text(new_record, encoding="utf-8")
        except (OSError, ValueError, Timeout) as error:
            raise StateError(f"{self._path} cannot be used: {error}.") from None
        return result

    def close(self) -> None:
        """As in `shared_rate_limiter.Ledger`."""
