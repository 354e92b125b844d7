"""All exceptions of this program.

    RunFault                    the run cannot continue; has a message for a person, and an exit
                                code, which is the number in brackets
    ├── UsageError              a setting or the command line is wrong                    (2)
    ├── ManifestError           a manifest cannot be read at all                          (2)
    │   └── ColumnUnclear       the user must say which column has a field
    ├── StateError              a job folder or its database cannot be used               (2)
    │   ├── JobBusy             another process is running this job
    │   └── StateUnavailable    the database is down, or another run took over the job      (3)
    ├── PlatformError           the platform cannot be used at present                    (3)
    │   ├── CredentialsRefused  the platform does not accept the credentials
    │   └── PlatformUnreachable the platform cannot be reached, or does not answer as expected
    ├── Interrupted             Ctrl-C or SIGTERM; all state is saved                   (130)
    └── Stopped                 the time limit of the run was reached; all state is saved (1)
    RequestFailed               one API request had no result; the importer decides what to do next
    ├── Throttled               429: the request was not carried out
    ├── NotSent                 no connection: the request was not carried out
    ├── NoAnswer                no response, an unreadable one, or 5xx: may have been carried out
    ├── RequestRejected         the platform permanently refuses this request
    └── AuthenticationFailed    401 or 403: the credentials, or only this request, are refused

An error of one row is not an exception but data (`models.Problem`, or `error` of a row).

Messages and hints must not contain option names, because the command line shows `--rate` where the
Python API shows `rate=`. They contain references to settings and commands (`setting_ref`,
`command_ref`), which are replaced by text when a message is shown (`with_refs`).
"""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Final

# Marks in a reference: start of a reference to a setting, start of a reference to a command, start
# of the setting's value, and end of the reference. Unicode reserves these characters for use inside
# a program, so no text from outside contains them.
_SETTING, _COMMAND, _VALUE, _END = "\ufdd0", "\ufdd1", "\ufdd2", "\ufdd3"
#: A reference, as `setting_ref` and `command_ref` write it. Groups: its start mark, the name of the
#: setting or command, the value, which may be None, and a full stop that ends the message.
_REFERENCE: Final = re.compile(
    rf"([{_SETTING}{_COMMAND}])([a-z_]+)(?:{_VALUE}([^{_END}]*))?{_END}(\.\Z)?"
)
#: Maximum number of line numbers that a message lists, so that it stays short.
_MAX_LISTED_LINES: Final = 10
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
        value: value that the message recommends; `KEY=VALUE` for a mapping; empty for none.
    """
    return f"{_SETTING}{setting}{_VALUE}{value}{_END}"


def command_ref(name: str) -> str:
    """Returns a reference to a command, for use in a message.

    The command line shows the command with the manifest and the job of the current command.
    """
    return f"{_COMMAND}{name}{_END}"


def with_refs(text: str, setting: Callable[[str, str], str], call: Callable[[str], str]) -> str:
    """Returns a message in which each reference is replaced by text.

    A full stop that follows a value or a command at the end of the message is removed, because
    users copy such a text up to the end of the line.

    Args:
        text: a message with references.
        setting: returns the text for a setting and a value, which may be empty.
        call: returns the text for a command.
    """

    def replacement(match: re.Match[str]) -> str:
        start_mark, name, value, full_stop = match.groups()
        if start_mark == _COMMAND:
            return call(name)
        return setting(name, value) if value else setting(name, "") + (full_stop or "")

    return _REFERENCE.sub(replacement, text)


def python_argument(setting: str, value: str = "") -> str:
    """Returns a setting as it is written in Python: `rate=`, `map={'sourceUrl': 'Link'}`."""
    if not value:
        return f"{setting}="
    key, separator, mapped_value = value.partition("=")
    shown_value = f"{{{key!r}: {mapped_value!r}}}" if separator else repr(value)
    return f"{setting}={shown_value}"


def python_call(name: str) -> str:
    """Returns the Python call for a command, or its command line if there is no Python call."""
    return _PYTHON_CALLS.get(name, f"batch-import {name}")


class RunFault(Exception):
    """The run cannot continue. `str()` returns message and hint as the Python API shows them.

    Args:
        message: what happened and where, on one line; may contain references.
        hint: what to do next, on one line; may contain references.
        setting: name, in Python, of the setting whose value is refused. The message must then begin
            with that value, because the name is shown in front of it. Empty if there is no such
            setting.

    Attributes:
        raw: message and hint with their references, for the command line.
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
        raw_message, _ = self.raw
        return subject + with_refs(raw_message, python_argument, python_call)

    @property
    def hint(self) -> str:
        """What to do next; may be empty."""
        _, raw_hint = self.raw
        return with_refs(raw_hint, python_argument, python_call)

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class UsageError(RunFault):
    """The command line, the environment or a setting is wrong."""


class ManifestError(RunFault):
    """A manifest cannot be read at all, or has no column for a required field."""


class ColumnUnclear(ManifestError):
    """The program cannot decide which column has a field; the user must name the column.

    Args:
        field: the field.
        labels: the possible columns, as the setting `map` names them; empty if every column is
            possible.
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
    """The job database cannot be reached, or another run has taken over the job."""

    exit_code = 3


class PlatformError(RunFault):
    """The platform cannot be used at present."""

    exit_code = 3


class CredentialsRefused(PlatformError):
    """The platform does not accept the access key and API key."""


class PlatformUnreachable(PlatformError):
    """The platform cannot be reached, or another server answers in its place."""


class Interrupted(RunFault):
    """The user or the operating system stopped the run. All state is saved."""

    exit_code = 130


class Stopped(RunFault):
    """The time limit of the run was reached before all rows were finished. All state is saved."""

    exit_code = 1


class RequestFailed(Exception):
    """One API request had no result.

    Args:
        message: the platform's message, or what happened to the connection. It has no secrets and
            may be shown.
        status: the HTTP status; None if there was no response.
        retry_after: seconds to wait, from the header `Retry-After`; None without this header.
    """

    def __init__(
        self, message: str, *, status: int | None = None, retry_after: float | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.retry_after = retry_after


class Throttled(RequestFailed):
    """429: the platform refused the request because of its rate limit, and did not carry it out."""


class NotSent(RequestFailed):
    """No connection could be opened: the request was not carried out."""


class NoAnswer(RequestFailed):
    """Time-out, connection lost, 1xx, 408, 5xx or unreadable body.

    The request may have been carried out: a POST may have created a media.
    """


class TimedOut(NoAnswer):
    """No answer within a time-out of this program.

    The platform may still carry out the request.
    """


class RequestRejected(RequestFailed):
    """The platform permanently refuses this request (400, 404, 409, 422…)."""


class AuthenticationFailed(RequestFailed):
    """401 or 403: the platform refuses the credentials, or only this request.

    If it accepts `GET /account/info` with the same credentials, it refuses only this request.
    """


def format_line_numbers(lines: Sequence[int]) -> str:
    """Returns the first few of some line numbers, as a part of a message."""
    more = ", …" if len(lines) > _MAX_LISTED_LINES else ""
    return f"{', '.join(map(str, lines[:_MAX_LISTED_LINES]))}{more}"


def find_similar(word: str, valid_words: Iterable[str], *, min_similarity: float = 0.6) -> str:
    """Returns the valid word that a user probably meant; empty if no valid word is similar.

    Args:
        word: what the user wrote, which is not valid.
        valid_words: the words to choose from.
        min_similarity: minimum similarity, from 0 to 1; 0.6 is the default of `difflib`.
    """
    import difflib

    matches = difflib.get_close_matches(word, list(valid_words), n=1, cutoff=min_similarity)
    return matches[0] if matches else ""
