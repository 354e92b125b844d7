"""Where the runs of an account keep the record of its budget: a small file of this machine.

It is the user's: runs of other users of the machine do not see it. Where the state is in a
database, the record is there (`database_ledger.py`). This file must not know what a record says.
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

#: Seconds that another run may take to write a few hundred bytes.
_LOCK: Final = 2.0


def ledger_of(job: Job, account: str) -> Any:
    """The ledger of an account (`shared_budget.Ledger`).

    Args:
        account: names it, as no other account of any API.

    Raises:
        StateError: the database cannot be used.
    """
    name = hashlib.sha256(account.encode()).hexdigest()[:32]
    if isinstance(job.state, DatabaseState):
        from batch_import.state.database_ledger import DatabaseLedger

        return DatabaseLedger(job.state.url, name)
    return FileLedger(_folder() / f"{name}.json")


def _folder() -> Path:
    """Where programs keep what they remember of this machine's user."""
    if os.name == "nt":
        home = os.environ.get("LOCALAPPDATA") or _home() / "AppData" / "Local"
    else:
        home = os.environ.get("XDG_STATE_HOME") or _home() / ".local" / "state"
    return Path(home) / "batch-import"


def _home() -> Path:
    """The user's folder; where the system knows none, that of temporary files."""
    try:
        return Path.home()
    except RuntimeError:
        return Path(tempfile.gettempdir())


class FileLedger:
    """A record in a file.

    Its clock is the machine's, which all processes share, and which begins anew with each start.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def update(self, change: Callable[[str, float], tuple[str, _T]]) -> _T:
        """As in `shared_budget.Ledger`."""
        from filelock import FileLock, Timeout

        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with FileLock(self._path.with_suffix(".lock"), timeout=_LOCK):
                known = self._path.read_text(encoding="utf-8") if self._path.exists() else ""
                text, result = change(known, time.monotonic())
                # A process that is killed here leaves half a record, which is taken for none.
                self._path.write_text(text, encoding="utf-8")
        except (OSError, ValueError, Timeout) as error:
            raise StateError(f"{self._path} cannot be used: {error}.") from None
        return result

    def close(self) -> None:
        """As in `shared_budget.Ledger`."""
