"""What follows the end of a job's process, depending on the error that ended its run."""

import os
import signal
import subprocess

import pytest

from batch_import.cli.job_process import COMMAND, _end_after
from batch_import.errors import (
    CredentialsRefused,
    Interrupted,
    PlatformUnreachable,
    RunFault,
    StateUnavailable,
    UsageError,
)
from batch_import.sources.source import SourceUnavailable, SourceUnreachable
from batch_import.workflows.worker import _stop_signals_blocked


@pytest.mark.parametrize(
    ("fault", "end"),
    [
        (Interrupted("Interrupted."), "stopped"),
        (PlatformUnreachable("No route."), "later"),
        (StateUnavailable("The database is away."), "later"),
        (SourceUnreachable("No URL could be signed for 900 s."), "later"),
        (CredentialsRefused("No."), "set aside"),
        (SourceUnavailable("The token has expired."), "set aside"),
        (UsageError("A key is not set."), "set aside"),
    ],
)
def test_the_entry_of_a_failed_run_is_retried_if_the_fault_is_temporary(
    fault: RunFault, end: str
) -> None:
    assert _end_after(fault)[0] == end


@pytest.mark.skipif(os.name != "posix", reason="a worker does not run on Windows")
def test_a_process_that_is_stopped_before_it_has_an_order_prints_nothing() -> None:
    with _stop_signals_blocked():
        process = subprocess.Popen(
            COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
    process.send_signal(signal.SIGINT)  # Ctrl-C at the worker's terminal
    assert process.communicate() == (b"", b"")
    assert process.returncode == 0
