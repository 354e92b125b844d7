"""`batch-import state`: a database for the states of jobs."""

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
        argument("action", "init, copy or ended", click.Choice(["init", "copy", "ended"])),
        argument(
            "names",
            "copy: from where to where, each a manifest, a job folder or the database's URL;"
            " ended: the manifest or job folder",
            nargs=-1,
        ),
    ],
    examples=(
        "batch-import state init --state postgresql://importer@db/imports",
        "batch-import state copy library.csv postgresql://importer@db/imports",
        "batch-import state ended library.csv      the machine that was cut off is off for good",
    ),
)
def state(invocation: Invocation) -> int:
    """Keep the states of jobs in a PostgreSQL database."""
    {"init": _init, "copy": _copy, "ended": _ended}[invocation["action"]](
        invocation, invocation["names"]
    )
    return OK


def _init(invocation: Invocation, names: Sequence[str]) -> None:
    from batch_import.workflows.fleet import prepare

    _expect(names, 0)
    is_new = prepare(invocation.database())
    print("The database is prepared." if is_new else "The database was prepared before.")


def _copy(_: Invocation, names: Sequence[str]) -> None:
    from batch_import.state.location import display_name as where
    from batch_import.workflows.move import move

    _expect(names, 2)
    source, target = (_is_database(name) for name in names)
    if source == target:
        raise UsageError(
            "A state is copied from a job folder to a database, or back.",
            "Name one of each: the job has the folder's name in the database.",
        )
    job = _job(names[source], "")
    in_database = _job(names[source], names[target])
    before, after = (in_database, job) if source else (job, in_database)
    many = move(before, after)
    print(f"{format_row_count(many)} moved to {sanitized(where(after))}.")


def _ended(invocation: Invocation, names: Sequence[str]) -> None:
    from batch_import.state.location import mark_runs_ended

    _expect(names, 1)
    ended = mark_runs_ended(_job(names[0], invocation.database()))
    for name in ended:
        print(f"Noted: the run of {sanitized(name)} has ended.")
    if not ended:
        print("No run of the job is in doubt.")


def _expect(names: Sequence[str], many: int) -> None:
    if len(names) != many:
        raise UsageError(
            f"This takes {many or 'no'} name{'' if many == 1 else 's'}, not {len(names)}.",
            "See: batch-import state --help",
        )


def _is_database(name: str) -> bool:
    return name.startswith(("postgresql:", "postgres:"))


def _job(name: str, database: str) -> "Job":
    from batch_import.configuration import base_urls
    from batch_import.job import Job, default_job

    if database:
        try:
            base_urls.checked_database_url(database)
        except ValueError as error:
            raise UsageError(f"{error}.") from None
    path = Path(name)
    return Job(path, database) if path.is_dir() else default_job(path, database)
