"""Everything that can go wrong, in one tree.

    RunFault                    the run cannot go on; what a person reads, and the exit code
    ├── UsageError              wrong flags or settings                                   (2)
    ├── ManifestError           a manifest that cannot be read at all                     (2)
    ├── StateError              a job folder or state file that cannot be used            (2)
    │   └── JobBusy             another process runs this job
    ├── PlatformError           the platform is of no use right now                       (3)
    │   ├── CredentialsRefused  it does not let us in
    │   └── PlatformUnreachable it cannot be reached, or does not speak the API
    ├── Interrupted             Ctrl-C or SIGTERM; all state is saved                   (130)
    └── Stopped                 the moment to stop has come; all state is saved           (1)
    CallFailed                  one call brought no result; a value that the schedule weighs
    ├── Throttled               429: surely not carried out
    ├── NotSent                 no connection: surely not carried out
    ├── NoAnswer                time-out, cut, 5xx, unreadable: may have been carried out
    ├── Rejected                the platform says no to this call, for good
    └── Forbidden               401 or 403: the credentials, or this one call

A row's fault is none of these: it is data (`models.Problem`, or a row's `error`).
This file must not know who raises or catches what.
"""


class RunFault(Exception):
    """The run cannot go on.

    Args:
        message: one line: what happened, and where.
        hint: what to do next, one line.
    """

    exit_code = 2

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class UsageError(RunFault):
    """Wrong flags, environment or settings."""


class ManifestError(RunFault):
    """A manifest that cannot be read at all, or lacks a column that it needs."""


class StateError(RunFault):
    """A job folder or state file that cannot be used."""


class JobBusy(StateError):
    """Another process runs this job."""


class PlatformError(RunFault):
    """The platform is of no use right now."""

    exit_code = 3


class CredentialsRefused(PlatformError):
    """The platform does not accept the access key and API key."""


class PlatformUnreachable(PlatformError):
    """The platform cannot be reached, or what answers does not speak its API."""


class Interrupted(RunFault):
    """The user, or the system, asked the run to stop. All state is saved."""

    exit_code = 130


class Stopped(RunFault):
    """The moment has come at which the run was to stop, and rows are left. All state is saved."""

    exit_code = 1


class CallFailed(Exception):
    """One call brought no result. The message is fit to be shown to a person.

    Args:
        message: the platform's words, or what became of the connection.
        status: the HTTP status, where there was one.
        retry_after: seconds that the platform asked us to wait, where it did.
    """

    def __init__(
        self, message: str, *, status: int | None = None, retry_after: float | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.retry_after = retry_after


class Throttled(CallFailed):
    """429. The call was not carried out."""


class NotSent(CallFailed):
    """No connection could be opened. The call was not carried out."""


class NoAnswer(CallFailed):
    """Time-out, cut connection, 5xx or unreadable body. The call may have been carried out."""


class Rejected(CallFailed):
    """The platform refuses this call for good (400, 404, 409, 422…)."""


class Forbidden(CallFailed):
    """401 or 403. Whether the credentials or this one call are meant, `GET /account/info` tells."""
