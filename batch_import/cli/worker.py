"""`batch-import worker`: take jobs from the queue, and run each in a separate process."""

import logging
import os
from contextlib import suppress

from batch_import.cli.command import Invocation, command
from batch_import.cli.exits import OK
from batch_import.cli.messages import sanitized, with_timestamp
from batch_import.cli.options import flag
from batch_import.cli.progress import stoppable
from batch_import.errors import UsageError


@command(
    options=(
        "config",
        "state",
        "accounts",
        "credentials_folder",
        "jobs",
        "api_base",
        "embed_base",
    ),
    examples=(
        "batch-import worker --credentials-folder /etc/batch-import/accounts",
        "batch-import worker --accounts news,sport --jobs 4",
    ),
)
def worker(invocation: Invocation) -> int:
    """Take jobs from the queue, and run each job in a separate process."""
    from batch_import.cli.job_process import COMMAND, make_order
    from batch_import.configuration.settings import Settings
    from batch_import.workflows import worker as workflow

    if os.name != "posix":
        raise UsageError("A worker does not run on Windows.", "Use Linux or macOS.")
    folder = invocation["credentials_folder"]
    settings = Settings(**invocation.values(Settings))
    options = workflow.WorkerOptions(
        invocation.database(),
        _account_names(invocation),
        invocation["jobs"],
        COMMAND,
        make_order(folder, settings.api_base, settings.embed_base),
    )
    for name in ("procrastinate", "psycopg"):
        # Without a handler, Python would print warnings and tracebacks of these libraries.
        logging.getLogger(name).addHandler(logging.NullHandler())
    _log(f"Worker for {', '.join(options.accounts)}: up to {options.max_jobs} jobs at once.")
    with stoppable() as stop:
        workflow.work(options, stop, _log)
    return OK


def _account_names(invocation: Invocation) -> list[str]:
    """Returns the names of the accounts whose jobs the worker takes.

    Raises:
        UsageError: there is no account, or the credentials of an account are not on this machine.
    """
    from batch_import.configuration.credentials import (
        checked_account_name,
        list_accounts,
        load_account_credentials,
    )

    folder = invocation["credentials_folder"]
    try:
        names = [checked_account_name(name) for name in invocation["accounts"] or ()]
    except ValueError as error:
        raise UsageError(f"{error}.", setting="accounts") from None
    if not names and folder:
        names = list_accounts(folder)
    if not names:
        raise UsageError(
            "There are no accounts.",
            f"Name them with {flag('accounts')}, or name a folder that has a file for each account"
            f" with {flag('credentials_folder')}.",
        )
    for name in names:
        load_account_credentials(name, folder)
    return names


def _log(text: str) -> None:
    """Print a line with a timestamp. If this fails, the worker continues without its log."""
    with suppress(OSError):
        print(with_timestamp(sanitized(text)), flush=True)
