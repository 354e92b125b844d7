"""Runs the real command, which stops itself (SIGSTOP) right before it sends the body of a POST.

At this moment, the last check of the lease is done, but the platform has not received the POST. The
process stops once, as soon as the file exists whose path is in `STOP_FILE`. With `NO_ALARM=1`, the
process does not end itself when it wakes up after its lease has expired, as if a whole virtual
machine with its clocks had been paused.
"""

import os
import signal
from pathlib import Path
from typing import Any

from batch_import.cli import entry_point
from batch_import.state.lease import Lease
from batch_import.web import bounded

_STOP = Path(os.environ["STOP_FILE"])


def _send(self: Any, data: Any) -> None:
    bounded._thread_state.exchange.check_may_send()  # noqa: SLF001 - the process must stop after it
    if isinstance(data, bytes) and data.startswith(b"{"):
        try:
            _STOP.unlink()
        except FileNotFoundError:
            pass
        else:
            os.kill(os.getpid(), signal.SIGSTOP)
    super(bounded._BoundedConnection, self).send(data)  # type: ignore[misc]  # noqa: SLF001


bounded._BoundedConnection.send = _send  # type: ignore[method-assign]  # noqa: SLF001
if os.environ.get("NO_ALARM"):
    signal.setitimer = lambda *_: (0.0, 0.0)
    Lease.may_send = lambda _: True  # type: ignore[method-assign]
entry_point()
