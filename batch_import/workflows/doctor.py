"""Check everything that a run needs, from this machine to the account (`batch-import doctor`)."""

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from batch_import.configuration.credentials import Credentials
from batch_import.configuration.settings import Settings
from batch_import.errors import RunFault, setting_ref
from batch_import.job import Job
from batch_import.workflows import machine_checks, status
from batch_import.workflows.account import read_account
from batch_import.workflows.finding import DoctorFinding, ok, problem, skipped
from batch_import.workflows.network_checks import Route

#: Number of rows for which disk space is checked if no job has rows yet: a library of usual size.
_DEFAULT_ROW_COUNT = 10_000


@dataclass(frozen=True, slots=True)
class DoctorRequest:
    """What to check.

    Attributes:
        settings: settings of the next run.
        folder: the job folder, or the folder of all job folders.
        jobs: the existing jobs.
        load_credentials: returns the credentials; raises `UsageError` if there are none.
        is_offline: whether to skip the checks that need the network.
    """

    settings: Settings
    folder: Path
    jobs: Sequence[Job]
    load_credentials: Callable[[], Credentials]
    is_offline: bool = False


def examine(request: DoctorRequest, stop: threading.Event) -> Iterator[tuple[str, DoctorFinding]]:
    """Make all checks. Yield the name and the finding of each check as soon as it is made.

    Each network check needs the checks before it. After the first problem, the others are skipped.
    """
    for name, check in _machine_checks(request).items():
        yield name, _make(check)
    skip_reason = f"not with {setting_ref('offline')}" if request.is_offline else ""
    for name, check in _network_checks(request, stop).items():
        finding = skipped(skip_reason) if skip_reason else _make(check)
        if finding.result == "problem":
            skip_reason = f"needs the check “{name}”"
        yield name, finding


def _machine_checks(request: DoctorRequest) -> dict[str, Callable[[], DoctorFinding]]:
    return {
        "program": machine_checks.check_program,
        "packages": machine_checks.check_packages,
        "folder": lambda: machine_checks.check_folder(request.folder),
        "disk": lambda: _check_disk_space(request),
        "open files": lambda: machine_checks.check_open_files(request.jobs),
        "credentials": lambda: _check_credentials(request),
    }


def _check_disk_space(request: DoctorRequest) -> DoctorFinding:
    row_count = sum(status.count_rows(job).total for job in request.jobs)
    return machine_checks.check_disk_space(
        request.folder,
        row_count or _DEFAULT_ROW_COUNT,
        request.settings.log_max,
        len(request.jobs),
    )


def _check_credentials(request: DoctorRequest) -> DoctorFinding:
    request.load_credentials()
    return ok("Both keys are set.")


def _network_checks(
    request: DoctorRequest, stop: threading.Event
) -> dict[str, Callable[[], DoctorFinding]]:
    route = Route(request.settings.api_base)
    return {
        "proxy": route.check_proxy,
        "dns": route.check_dns,
        "tls": route.check_tls,
        "platform": route.check_platform,
        "clock": route.check_clock,
        "account": lambda: _check_account(request, stop),
    }


def _check_account(request: DoctorRequest, stop: threading.Event) -> DoctorFinding:
    account = read_account(request.settings, request.load_credentials(), stop)
    return ok(f"The credentials work. Account: {account.title or '(no title)'} ({account.id}).")


def _make(check: Callable[[], DoctorFinding]) -> DoctorFinding:
    """Make a check. Its error, if it raises one, becomes a finding."""
    try:
        return check()
    except RunFault as fault:
        message, hint = fault.raw  # their placeholders for settings are not replaced yet
        return problem(message, hint)
