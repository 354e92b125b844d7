"""The proof at the end, and what it says."""

import argparse
import json
import sys
from typing import TYPE_CHECKING

from batch_import.cli.arguments import credentials_of, job_of, settings_of
from batch_import.cli.exits import INCOMPLETE, OK
from batch_import.cli.terminal import Steps, stoppable
from batch_import.cli.words import print_trouble, rows, shortened
from batch_import.workflows import pipeline

if TYPE_CHECKING:
    from batch_import.job import Job
    from batch_import.verification.comparison import Kind, Proof


def verify(arguments: argparse.Namespace) -> int:
    """Compare each row with what the account really holds."""
    job = job_of(arguments)
    if job.state.is_file() and job.is_running:
        print("A run is at work: rows are taken as they are now.", file=sys.stderr, flush=True)
    steps = Steps()
    try:
        with stoppable() as stop:
            proof = pipeline.verify(
                job,
                settings_of(arguments),
                credentials_of(arguments),
                embeds=arguments.embeds,
                tell=steps.show,
                trouble=print_trouble,
                stop=stop,
            )
    finally:
        steps.close()
    if arguments.json:
        _print_json(job, proof)
    else:
        _print_proof(job, proof)
    return OK if proof.holds else INCOMPLETE


def _print_proof(job: "Job", proof: "Proof") -> None:
    """A verdict a line; an example below it where there is something to say."""
    print(f"{proof.listed} media in the account{_fewer(proof)}, {proof.others} of them in no row.")
    parts = ", ".join(f"{kind.count} {kind.verdict}" for kind in proof.kinds)
    print(f"{rows(proof.rows)}: {parts or 'none'}.")
    for kind in proof.kinds:
        if kind.first[1]:
            _print_kind(kind)
    if proof.list_fault:
        print(f"The account's list cannot be read to its end: {proof.list_fault}.")
        print("Each row was looked for by itself; media in no row may be missing here.")
    print(f"Every row: {job.proof}")


def _print_kind(kind: "Kind") -> None:
    more = ", …" if kind.count > len(kind.lines) else ""
    lines = ", ".join(map(str, kind.lines))
    print(
        f"  {kind.verdict}: {rows(kind.count)}, line{'' if kind.count == 1 else 's'} {lines}{more}"
    )
    reference, detail = kind.first
    print(f"    {shortened(reference, 40)}: {shortened(detail, 200)}")


def _fewer(proof: "Proof") -> str:
    """A list with holes is told of: what it does not show cannot be compared."""
    if proof.told is None or proof.told <= proof.listed:
        return ""
    return f" (its list tells of {proof.told}, and does not show them all)"


def _print_json(job: "Job", proof: "Proof") -> None:
    """The shape stands in the README."""
    told = {
        "holds": proof.holds,
        "rows": proof.rows,
        "verdicts": {str(kind.verdict): kind.count for kind in proof.kinds},
        "media": proof.listed,
        "told": proof.told,
        "others": proof.others,
        "file": str(job.proof),
    }
    print(json.dumps(told))
