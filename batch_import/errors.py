"""All exceptions of this program.

    RunFault                    the run cannot continue; has a message for a person and an exit code
    ├── UsageError              a setting or the command line is wrong                    (2)
    ├── ManifestError           a manifest cannot be read at all                          (2)
    │   └── ColumnUnclear       the user has to name the column of a field
    ├── StateError              a job folder or its database cannot be used               (2)
    │   ├── JobBusy             another process is running this job
    │   └── StateUnavailable    the database is down, or another machine took it over      (3)
    ├── PlatformError           the platform cannot be used at present                    (3)
    │   ├── CredentialsRefused  the platform does not accept the credentials
    │   └── PlatformUnreachable the platform cannot be reached, or does not answer as expected
    ├── Interrupted             Ctrl-C or SIGTERM; all state is saved                   (130)
    └── Stopped                 the time at which the run had to stop; all state is saved (1)
    RequestFailed               one API request had no result; the importer decides what follows
    ├── Throttled               429: not carried out
    ├── NotSent                 no connection: not carried out
    ├── NoAnswer                no or unreadable answer, 5xx: may have been carried out
    ├── RequestRejected         the platform permanently refuses this request
    └── AuthenticationFailed    401 or 403: the credentials or this one request are refused

An error of one row is not an exception but data (`models.Problem`, or `error` of a row).

Messages and hints refer to settings and commands with `setting_ref` and `command_ref`, never with
option names: the command line shows `--rate` where the Python API shows `rate=`.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Final

# Unicode reserves these characters for use inside a program, so no text from outside has them.
_SETTING, _COMMAND, _VALUE, _END = "\ufdd0", "\ufdd1", "\ufdd2", "\ufdd3"
#: A reference to a setting or command in a message, as `setting_ref` and `command_ref` write it.
_REFERENCE: Final = re.compile(f"([{_SETTING}{_COMMAND}])([a-z_]+)(?:{_VALUE}([^{_END}]*))?{_END}")
#: The call of the Python API for a command, by the command's name.
_PYTHON_CALLS: Final = {
    "check": "check_manifest(…)",
    "run": "import_manifest(…)",
    "retry": "import_manifest(…, retry_failed=True)",
    "status": "job_status(…)",
}


def setting_ref(setting: str, value: str = "") -> str:
    """Returns a reference to a setting, for use in a message.

    Args:
        setting: name of the setting in Python.
        value: recommended value; `KEY=VALUE` for a mapping; empty for none.
    """
    return f"{_SETTING}{setting}{_VALUE}{value}{_END}"


def command_ref(name: str) -> str:
    """Returns a reference to a command, for use in a message.

    The command is shown with the manifest and the job that the user gave.
    """
    return f"{_COMMAND}{name}{_END}"


def with_refs(text: str, setting: Callable[[str, str], str], call: Callable[[str], str]) -> str:
    """Returns a message in which each reference is replaced by text.

    Args:
        text: a message with references.
        setting: returns the text for a setting and a value, which may be empty.
        call: returns the text for a command.
    """

    def replacement(match: re.Match[str]) -> str:
        kind, name, value = match.groups()
        return setting(name, value or "") if kind == _SETTING else call(name)

    return _REFERENCE.sub(replacement, text)


def python_argument(setting: str, value: str = "") -> str:
    """Returns a setting as it is written in Python: `rate=`, `map={'sourceUrl': 'Link'}`."""
    key, is_mapping, rest = value.partition("=")
    shown = f"{{{key!r}: {rest!r}}}" if is_mapping else value and repr(value)
    return f"{setting}={shown}"


def python_call(name: str) -> str:
    """Returns the Python call for a command, or its command line if there is no Python call."""
    return _PYTHON_CALLS.get(name, f"batch-import {name}")


class RunFault(Exception):
    """The run cannot continue. `str()` gives message and hint in the words of the Python API.

    Args:
        message: what happened and where, on one line.
        hint: what to do next, on one line.
        setting: name, in Python, of the setting whose value is refused. The message then begins
            with that value.
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
        return subject + with_refs(self.raw[0], python_argument, python_call)

    @property
    def hint(self) -> str:
        """What to do next; may be empty."""
        return with_refs(self.raw[1], python_argument, python_call)

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class UsageError(RunFault):
    """The command line, the environment or a setting is wrong."""


class ManifestError(RunFault):
    """A manifest cannot be read at all, or lacks a required column."""


class ColumnUnclear(ManifestError):
    """The column of a field cannot be found out; the user has to name it.

    Args:
        field: the field.
        labels: the columns that it may be, as the setting `map` names them; empty if any may be.
    """

    def __init__(self, message: str, hint: str, *, field: str, labels: Sequence[str] = ()) -> None:
        super().__init__(message, hint)
        self.field = field
        self.labels = labels


class StateError(RunFault):
    """A job folder or its database cannot be used."""


class JobBusy(StateError):
    """Another process is running this job."""


class StateUnavailable(StateError):
    """The database that keeps the state is away, or another run has taken the job over."""

    exit_code = 3


class PlatformError(RunFault):
    """The platform cannot be used at present."""

    exit_code = 3


class CredentialsRefused(PlatformError):
    """The platform does not accept the access key and API key."""


class PlatformUnreachable(PlatformError):
    """The platform cannot be reached, or the server that answers is not the platform."""


class Interrupted(RunFault):
    """The user or the operating system stopped the run. All state is saved."""

    exit_code = 130


class Stopped(RunFault):
    """The time at which the run had to stop has come before all rows were done. State is saved."""

    exit_code = 1


class RequestFailed(Exception):
    """One API request had no result.

    Args:
        message: the platform's message, or what happened to the connection; fit to be shown.
        status: the HTTP status; None if there was no response.
        retry_after: seconds to wait that the platform asked for; None if it did not.
    """

    def __init__(
        self, message: str, *, status: int | None = None, retry_after: float | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.retry_after = retry_after


class Throttled(RequestFailed):
    """429: the request was not carried out."""


class NotSent(RequestFailed):
    """No connection could be opened: the request was not carried out."""


class NoAnswer(RequestFailed):
    """Time-out, connection lost, 5xx or unreadable body: the request may have been carried out."""


class RequestRejected(RequestFailed):
    """The platform permanently refuses this request (400, 404, 409, 422…)."""


class AuthenticationFailed(RequestFailed):
    """401 or 403: the credentials or this request are refused. `GET /account/info` shows which."""


def nearest(word: str, known: Iterable[str], *, least: float = 0.6) -> str:
    """The known word that a user probably meant, for messages; empty if no word is similar.

    Args:
        least: minimum similarity, from 0 to 1; 0.6 is the default of `difflib`.
    """
    import difflib

    return next(iter(difflib.get_close_matches(word, list(known), n=1, cutoff=least)), "")
