"""`batch-import report`: write the results of a job again."""

from batch_import.cli.command import RESULTS, Invocation, command, manifest_argument
from batch_import.cli.exits import OK
from batch_import.cli.messages import print_outcome, sanitized


@command(
    options=(
        "config",
        "job",
        "state",
        "format",
        "cms_format",
        *RESULTS,
    ),
    arguments=[manifest_argument()],
    examples=(
        "batch-import report library.csv",
        'batch-import report library.csv --results-columns "referenceId,embedCode=Embed code"',
        "batch-import report library.csv --group-by department",
        "batch-import report library.csv --format cms --cms-format json",
    ),
)
def report(invocation: Invocation) -> int:
    """Write the results of a job again."""
    from batch_import.configuration.result_options import ResultOptions
    from batch_import.workflows import report as workflow

    job = invocation.existing_job()
    written = workflow.report(job, invocation["format"], invocation.values(ResultOptions))
    print_outcome(job, written.counts, written=written.format_suffixes)
    for notice in written.notices:
        print(sanitized(notice))
    return OK
