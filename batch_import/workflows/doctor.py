"""Find out why nothing works: one check after the other, from this machine to the account."""

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from batch_import.configuration.credentials import Credentials
from batch_import.configuration.settings import Settings
from batch_import.errors import RunFault, setting_ref
from batch_import.job import Job
from batch_import.workflows import account, machine_checks, status
from batch_import.workflows.finding import DoctorFinding, ok, problem, skipped
from batch_import.workflows.network_checks import Route

#: Rows that a job is assumed to have before its manifest was loaded: a usual library.
_USUAL_ROWS = 10_000


@dataclass(frozen=True, slots=True)
class DoctorRequest:
    """What is examined.

    Attributes:
        folder: where the job is, or all jobs are.
        jobs: all existing jobs.
        credentials: finds them; raises `UsageError` where there are none.
        offline: the platform is not contacted.
    """

    settings: Settings
    folder: Path
    jobs: Sequence[Job]
    credentials: Callable[[], Credentials]
    offline: bool = False


def examine(request: DoctorRequest, stop: threading.Event) -> Iterator[tuple[str, DoctorFinding]]:
    """Make all checks; yields the name and the finding of each when it is made.

    A check on the network needs those before it: after the first problem the others are skipped.
    """
    for name, check in _machine(request).items():
        yield name, _explained(check)
    reason = f"not with {setting_ref('offline')}" if request.offline else ""
    for name, check in _network(request, stop).items():
        finding = skipped(reason) if reason else _explained(check)
        if finding.result == "problem":
            reason = f"needs the check “{name}”"
        yield name, finding


def _machine(request: DoctorRequest) -> dict[str, Callable[[], DoctorFinding]]:
    return {
        "program": machine_checks.program,
        "packages": machine_checks.packages,
        "folder": lambda: machine_checks.folder(request.folder),
        "disk": lambda: _disk(request),
        "open files": lambda: machine_checks.open_files(request.jobs),
        "credentials": lambda: _credentials(request),
    }


def _disk(request: DoctorRequest) -> DoctorFinding:
    rows = sum(status.counts(job).total for job in request.jobs) or _USUAL_ROWS
    return machine_checks.disk(request.folder, rows, request.settings.log_max, len(request.jobs))


def _credentials(request: DoctorRequest) -> DoctorFinding:
    request.credentials()
    return ok("Both keys are there.")


def _network(
    request: DoctorRequest, stop: threading.Event
) -> dict[str, Callable[[], DoctorFinding]]:
    route = Route(request.settings.api_base)
    return {
        "proxy": route.proxy,
        "dns": route.dns,
        "tls": route.tls,
        "platform": route.platform,
        "clock": route.clock,
        "account": lambda: _account(request, stop),
    }


def _account(request: DoctorRequest, stop: threading.Event) -> DoctorFinding:
    found = account.account(request.settings, request.credentials(), stop)
    return ok(f"The credentials work. Account: {found.title or '(no title)'} ({found.id}).")


def _explained(check: Callable[[], DoctorFinding]) -> DoctorFinding:
    try:
        return check()
    except RunFault as fault:
        return problem(*fault.raw)
