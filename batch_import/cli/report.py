"""`batch-import report`."""

from batch_import.cli.command import RESULTS, Call, command, manifest
from batch_import.cli.exits import OK
from batch_import.cli.messages import print_outcome, shown


@command(
    *("config", "job", "format", "cms_format"),
    *RESULTS,
    arguments=[manifest()],
    examples=(
        "batch-import report library.csv",
        'batch-import report library.csv --results-columns "referenceId,embedCode=Embed code"',
        "batch-import report library.csv --group-by department",
        "batch-import report library.csv --format cms --cms-format json",
    ),
)
def report(call: Call) -> int:
    """Write the results again from the state."""
    from batch_import.configuration.settings import ResultOptions
    from batch_import.workflows import report as workflow

    job = call.existing_job()
    written = workflow.report(job, call["format"], call.values(ResultOptions))
    print_outcome(job, written.counts, written=call["format"])
    for notice in written.notices:
        print(shown(notice))
    return OK
