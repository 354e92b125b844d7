"""`batch-import doctor`: check the machine, the network and the credentials."""

import json
from typing import TYPE_CHECKING, Final

from batch_import.addresses.masking import mask
from batch_import.cli.command import FILE, Invocation, argument, command
from batch_import.cli.console import ERROR, SUCCESS, styled
from batch_import.cli.exits import INCOMPLETE, OK
from batch_import.cli.messages import sanitized, with_option_names
from batch_import.cli.progress import stoppable

if TYPE_CHECKING:
    from batch_import.workflows.doctor import DoctorRequest
    from batch_import.workflows.finding import DoctorFinding

_COLOURS: Final = {"ok": SUCCESS, "problem": ERROR, "skipped": ""}


@command(
    options=("config", "job", "credentials", "offline", "json", "verbose", "log_max", "api_base"),
    arguments=[argument("manifest", "the manifest whose job is checked", FILE, required=False)],
    examples=(
        "batch-import doctor",
        "batch-import doctor library.csv",
        "batch-import doctor --offline --json",
    ),
)
def doctor(invocation: Invocation) -> int:
    """Check this machine, the network and the credentials, and explain problems."""
    from batch_import.workflows import doctor as workflow

    findings = {}
    with stoppable() as stop:
        for name, finding in workflow.examine(_request(invocation), stop):
            findings[name] = finding
            if not invocation["json"]:
                _print(name, finding)
    has_no_problem = all(finding.result != "problem" for finding in findings.values())
    if invocation["json"]:
        checks = [_check_json(name, finding) for name, finding in findings.items()]
        print(json.dumps({"ok": has_no_problem, "checks": checks}))
    return OK if has_no_problem else INCOMPLETE


def _request(invocation: Invocation) -> "DoctorRequest":
    from batch_import.job import OUTPUT_FOLDER, Job, default_job, find_jobs
    from batch_import.workflows.doctor import DoctorRequest

    folder, jobs = OUTPUT_FOLDER, find_jobs()
    if invocation["job"] or invocation["manifest"]:
        job = Job(invocation["job"]) if invocation["job"] else default_job(invocation["manifest"])
        folder, jobs = job.folder, [job] if job.file.is_file() else []
    return DoctorRequest(
        invocation.settings(), folder, jobs, invocation.load_credentials, invocation["offline"]
    )


def _print(name: str, finding: "DoctorFinding") -> None:
    colour = _COLOURS[finding.result]
    result = f"{finding.result:<8}"
    print(
        f"{styled(result, colour) if colour else result} {name:<11} {_text(finding.message)}",
        flush=True,
    )
    if finding.hint:
        print(f"{'':<20} {_text(finding.hint)}", flush=True)


def _check_json(name: str, finding: "DoctorFinding") -> dict[str, str]:
    """Returns a check as a JSON object. docs/generate/json_keys.yaml documents the keys."""
    texts = {"message": finding.message, "hint": finding.hint}
    return {
        "check": name,
        "result": finding.result,
        **{key: mask(with_option_names(text)) for key, text in texts.items()},
    }


def _text(text: str) -> str:
    return sanitized(with_option_names(text))
