"""`batch-import init`."""

from pathlib import Path

from batch_import.cli.command import FOLDER, Invocation, argument, command
from batch_import.cli.exits import OK
from batch_import.cli.messages import sanitized
from batch_import.cli.options import CONFIG


@command(
    arguments=[argument("folder", "where to write; default: here", FOLDER, default=Path())],
    examples=("batch-import init", "batch-import init my-migration"),
)
def init(invocation: Invocation) -> int:
    """Write template manifests, and a configuration file that lists every option."""
    from batch_import.cli.template import config_template
    from batch_import.manifest.template import write_templates

    for path in write_templates(invocation["folder"], {CONFIG.name: config_template()}):
        print(f"Written: {sanitized(str(path))}")
    print("Fill in one of the manifests, then: batch-import check MANIFEST")
    return OK
