"""Everything that can go wrong, in one tree.

    RunFault                    the run cannot go on; what a person reads, and the exit code
    ├── UsageError              a wrong setting or command line                           (2)
    ├── ManifestError           a manifest that cannot be read at all                     (2)
    │   └── ColumnUnclear       which column is a field's, only the user knows
    ├── StateError              a job folder or state file that cannot be used            (2)
    │   └── JobBusy             another process runs this job
    ├── PlatformError           the platform is of no use right now                       (3)
    │   ├── CredentialsRefused  it does not let us in
    │   └── PlatformUnreachable it cannot be reached, or does not speak the API
    ├── Interrupted             Ctrl-C or SIGTERM; all state is saved                   (130)
    └── Stopped                 the time to stop has come; all state is saved           (1)
    CallFailed                  one call brought no result; a value that the schedule weighs
    ├── Throttled               429: surely not carried out
    ├── NotSent                 no connection: surely not carried out
    ├── NoAnswer                time-out, cut, 5xx, unreadable: may have been carried out
    ├── Rejected                the platform says no to this call, for good
    └── Forbidden               401 or 403: the credentials, or this one call

A row's fault is none of these: it is data (`models.Problem`, or a row's `error`).
This file must not know who raises or catches what.

Messages and hints name settings and commands through `named` and `command`, never as flags:
the command line and the Python API render `--rate` (the command line) or `rate=` (Python).
"""

import re
from collections.abc import Callable
from typing import Final

# Unicode reserves these characters for use inside a program: no text from outside has them.
_SETTING, _COMMAND, _VALUE, _END = "\ufdd0", "\ufdd1", "\ufdd2", "\ufdd3"
_REFERENCE: Final = re.compile(f"([{_SETTING}{_COMMAND}])([a-z_]+)(?:{_VALUE}([^{_END}]*))?{_END}")
#: The function that does what a command does.
_FUNCTIONS: Final = {
    "check": "check_manifest(…)",
    "run": "import_manifest(…)",
    "retry": "import_manifest(…, retry_failed=True)",
    "status": "job_status(…)",
}


def named(setting: str, value: str = "") -> str:
    """A reference to a setting in a message.

    Args:
        setting: its name in Python.
        value: one that is recommended; of a mapping, `KEY=VALUE`.
    """
    return f"{_SETTING}{setting}{_VALUE}{value}{_END}"


def command(name: str) -> str:
    """A reference to a command in a message, to be shown with the manifest and the job."""
    return f"{_COMMAND}{name}{_END}"


def rendered(text: str, setting: Callable[[str, str], str], call: Callable[[str], str]) -> str:
    """A message with its references written out.

    Args:
        setting: a setting and a value (may be empty) → text.
        call: a command → text.
    """

    def write(found: re.Match[str]) -> str:
        kind, name, value = found.groups()
        return setting(name, value or "") if kind == _SETTING else call(name)

    return _REFERENCE.sub(write, text)


def as_keyword(setting: str, value: str = "") -> str:
    """A setting as it is given in Python: `rate=`, `map={'sourceUrl': 'Link'}`."""
    key, is_pair, rest = value.partition("=")
    shown = f"{{{key!r}: {rest!r}}}" if is_pair else value and repr(value)
    return f"{setting}={shown}"


def as_function(name: str) -> str:
    """A command as it is called in Python, where there is a function for it."""
    return _FUNCTIONS.get(name, f"batch-import {name}")


class RunFault(Exception):
    """The run cannot go on. As a text, it is written for a Python program.

    Args:
        message: one line: what happened, and where.
        hint: what to do next, one line.
        setting: the setting whose value is refused, by its name in Python. The message then
            begins with the value, where one was given.
    """

    exit_code = 2

    def __init__(self, message: str, hint: str = "", *, setting: str = "") -> None:
        self.raw = message, hint
        self.setting = setting
        super().__init__(self.message, self.hint)

    @property
    def message(self) -> str:
        """What happened, and where."""
        subject = f"{self.setting}=" if self.setting else ""
        return subject + rendered(self.raw[0], as_keyword, as_function)

    @property
    def hint(self) -> str:
        """What to do next; may be empty."""
        return rendered(self.raw[1], as_keyword, as_function)

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class UsageError(RunFault):
    """A wrong command line, environment or setting."""


class ManifestError(RunFault):
    """A manifest that cannot be read at all, or lacks a column that it needs."""


class ColumnUnclear(ManifestError):
    """The column of a field cannot be found out; the user has to name it.

    Args:
        field: the field.
    """

    def __init__(self, message: str, hint: str, *, field: str) -> None:
        super().__init__(message, hint)
        self.field = field


class StateError(RunFault):
    """A job folder or state file that cannot be used."""


class JobBusy(StateError):
    """Another process runs this job."""


class PlatformError(RunFault):
    """The platform cannot be used now."""

    exit_code = 3


class CredentialsRefused(PlatformError):
    """The platform does not accept the access key and API key."""


class PlatformUnreachable(PlatformError):
    """The platform cannot be reached, or something else answers."""


class Interrupted(RunFault):
    """The user or the system stopped the run. All state is saved."""

    exit_code = 130


class Stopped(RunFault):
    """The time at which the run had to stop has come, and rows are left. All state is saved."""

    exit_code = 1


class CallFailed(Exception):
    """One call brought no result. The message is fit to be shown to a person.

    Args:
        message: the platform's message, or what became of the connection.
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
