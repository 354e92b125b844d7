"""`batch-import verify`."""

import json
import sys
from typing import TYPE_CHECKING

from batch_import.cli.command import Call, command, manifest
from batch_import.cli.console import SUCCESS, WARNING, styled
from batch_import.cli.exits import INCOMPLETE, OK
from batch_import.cli.messages import print_trouble, rows, shortened, shown
from batch_import.cli.progress import Steps, stoppable

if TYPE_CHECKING:
    from batch_import.job import Job
    from batch_import.verification.comparison import Kind, Proof


@command(
    *("config", "credentials", "job", "json", "verbose", "embeds"),
    *("rate", "log_max", "api_base", "embed_base"),
    arguments=[manifest()],
    examples=(
        "batch-import verify library.csv",
        "batch-import verify library.csv --embeds --json",
    ),
)
def verify(call: Call) -> int:
    """Compare each row with what the account really has."""
    from batch_import.workflows import verify as workflow
    from batch_import.workflows.observer import Observer

    job = call.existing_job()
    if job.state.is_file() and job.is_running:
        print("A run is in progress: rows are compared as they are now.", file=sys.stderr)
    steps = Steps()
    try:
        with stoppable() as stop:
            proof = workflow.verify(
                call.request(),
                call.credentials(),
                embeds=call["embeds"],
                observer=Observer(step=steps.show, problem=print_trouble),
                stop=stop,
            )
    finally:
        steps.close()
    (_print_json if call["json"] else _print)(job, proof)
    return OK if proof.holds else INCOMPLETE


def _print(job: "Job", proof: "Proof") -> None:
    """A verdict a line; an example below it where there is something to say."""
    print(
        f"{proof.listed:,} media in the account{_list_note(proof)},"
        f" {proof.others:,} of them in no row."
    )
    parts = ", ".join(f"{kind.count:,} {kind.verdict}" for kind in proof.kinds)
    print(styled(f"{rows(proof.rows)}: {parts or 'none'}.", SUCCESS if proof.holds else WARNING))
    for kind in proof.kinds:
        if kind.first[1]:
            _print_kind(kind)
    if proof.list_fault:
        print(f"The account's list cannot be read to its end: {proof.list_fault}.")
        print("Each row was looked for by itself; media in no row may be missing here.")
    print(f"Every row: {shown(str(job.proof))}")


def _print_kind(kind: "Kind") -> None:
    more = ", …" if kind.count > len(kind.lines) else ""
    lines = ", ".join(map(str, kind.lines))
    print(
        f"  {kind.verdict}: {rows(kind.count)}, line{'' if kind.count == 1 else 's'} {lines}{more}"
    )
    reference, detail = kind.first
    print(f"    {shortened(reference, 40)}: {shortened(detail, 200)}")


def _list_note(proof: "Proof") -> str:
    """A note on an incomplete list: what it does not show cannot be compared."""
    if proof.reported_total is None or proof.reported_total <= proof.listed:
        return ""
    return f" (its list reports {proof.reported_total:,}, and does not show them all)"


def _print_json(job: "Job", proof: "Proof") -> None:
    """Documented in docs/generate/json_keys.yaml."""
    found = {
        "ok": proof.holds,
        "rows": proof.rows,
        "verdicts": {str(kind.verdict): kind.count for kind in proof.kinds},
        "media": proof.listed,
        "reported_total": proof.reported_total,
        "unmatched_media": proof.others,
        "file": str(job.proof),
    }
    print(json.dumps(found))
