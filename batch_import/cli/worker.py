"""`batch-import worker`."""

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
        *("config", "state", "accounts", "credentials_folder", "jobs"),
        *("api_base", "embed_base"),
    ),
    examples=(
        "batch-import worker --credentials-folder /etc/batch-import/accounts",
        "batch-import worker --accounts news,sport --jobs 4",
    ),
)
def worker(invocation: Invocation) -> int:
    """Take jobs from the queue, and run each job in a separate process."""
    from batch_import.cli.job_process import COMMAND, order
    from batch_import.configuration.settings import Settings
    from batch_import.workflows import worker as workflow

    if os.name != "posix":
        raise UsageError("A worker does not run on Windows.", "Use Linux or macOS.")
    folder = invocation["credentials_folder"]
    settings = Settings(**invocation.values(Settings))
    options = workflow.WorkerOptions(
        invocation.database(),
        _accounts(invocation),
        invocation["jobs"],
        COMMAND,
        order(folder, settings.api_base, settings.embed_base),
    )
    for name in ("procrastinate", "psycopg"):
        # Without a handler, Python prints warnings and tracebacks of libraries.
        logging.getLogger(name).addHandler(logging.NullHandler())
    _say(f"Worker for {', '.join(options.accounts)}: up to {options.at_once} jobs at once.")
    with stoppable() as stop:
        workflow.work(options, stop, _say)
    return OK


def _accounts(invocation: Invocation) -> list[str]:
    """The accounts of a worker. Each must have credentials on this machine."""
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
    names = names or (list_accounts(folder) if folder else [])
    if not names:
        raise UsageError(
            "There are no accounts.",
            f"Name them with {flag('accounts')}, or a folder with a file for each with"
            f" {flag('credentials_folder')}.",
        )
    for name in names:
        load_account_credentials(name, folder)
    return names


def _say(text: str) -> None:
    with suppress(OSError):  # a worker goes on without its log
        print(with_timestamp(sanitized(text)), flush=True)
