"""`batch-import state`: prepare a PostgreSQL database for the states of jobs, and move jobs to it.

A job's state is its job database: an SQLite file in its folder, or tables in PostgreSQL.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from batch_import.cli.command import Invocation, argument, command
from batch_import.cli.exits import OK
from batch_import.cli.messages import format_row_count, sanitized
from batch_import.errors import UsageError

if TYPE_CHECKING:
    from batch_import.job import Job


@command(
    options=("config", "state"),
    arguments=[
        argument(
            "action",
            "init: prepare the database; copy: move a job to the database or back; ended: confirm"
            " that the run of a machine that lost its connection has ended",
            click.Choice(["init", "copy", "ended"]),
        ),
        argument(
            "names",
            "for copy: a manifest or job folder, and the URL of the database, in the direction of"
            " the move; for ended: a manifest or job folder",
            nargs=-1,
        ),
    ],
    examples=(
        "batch-import state init --state postgresql://importer@db/imports",
        "batch-import state copy library.csv postgresql://importer@db/imports",
        "batch-import state ended library.csv      after the machine of its run was switched off",
    ),
)
def state(invocation: Invocation) -> int:
    """Prepare a PostgreSQL database for the states of jobs, and move jobs to it."""
    actions = {"init": _prepare, "copy": _move, "ended": _mark_ended}
    actions[invocation["action"]](invocation, invocation["names"])
    return OK


def _prepare(invocation: Invocation, names: Sequence[str]) -> None:
    from batch_import.workflows.fleet import prepare

    _expect_names(names, 0)
    is_new = prepare(invocation.database())
    print("The database is prepared." if is_new else "The database was prepared before.")


def _move(_: Invocation, names: Sequence[str]) -> None:
    """Move a job to the database or back. The job has its folder's name in the database."""
    from batch_import.state.location import display_name
    from batch_import.workflows.move import move

    _expect_names(names, 2)
    first, second = names
    if _is_database(first) == _is_database(second):
        raise UsageError(
            "A state is copied from a job folder to a database, or back.",
            "Name one of each: the job has the folder's name in the database.",
        )
    if _is_database(first):
        source, target = _find_job(second, first), _find_job(second, "")
    else:
        source, target = _find_job(first, ""), _find_job(first, second)
    row_count = move(source, target)
    print(f"{format_row_count(row_count)} moved to {sanitized(display_name(target))}.")


def _mark_ended(invocation: Invocation, names: Sequence[str]) -> None:
    """Record that runs have ended whose machine was cut off from the database."""
    from batch_import.state.location import mark_runs_ended

    _expect_names(names, 1)
    ended_runs = mark_runs_ended(_find_job(names[0], invocation.database()))
    for name in ended_runs:
        print(f"Noted: the run of {sanitized(name)} has ended.")
    if not ended_runs:
        print("There is no run of this job whose end is unknown.")


def _expect_names(names: Sequence[str], count: int) -> None:
    if len(names) != count:
        raise UsageError(
            f"This takes {count or 'no'} name{'' if count == 1 else 's'}, not {len(names)}.",
            "See: batch-import state --help",
        )


def _is_database(name: str) -> bool:
    return name.startswith(("postgresql:", "postgres:"))


def _find_job(name: str, database: str) -> "Job":
    """Returns the job of a manifest or job folder.

    Args:
        name: path of the manifest or of the job folder.
        database: URL of the database that has the job; empty if the job folder has it.

    Raises:
        UsageError: the URL is not valid.
    """
    from batch_import.configuration import base_urls
    from batch_import.job import Job, default_job

    if database:
        try:
            base_urls.checked_database_url(database)
        except ValueError as error:
            raise UsageError(f"{error}.") from None
    path = Path(name)
    return Job(path, database) if path.is_dir() else default_job(path, database)
