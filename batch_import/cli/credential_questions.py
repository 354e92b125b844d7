"""Questions of `batch-import configure` about the credentials, which are tested and stored."""

import os
from pathlib import Path
from typing import Any, Final

from batch_import.cli import questions
from batch_import.cli.command import Invocation
from batch_import.cli.console import SUCCESS, styled, warn
from batch_import.cli.messages import sanitized
from batch_import.cli.options import OPTIONS, flag
from batch_import.cli.progress import stoppable
from batch_import.configuration import credential_storage
from batch_import.configuration.credentials import (
    VARIABLES_BY_KEY,
    Credentials,
    find_location,
    load_credentials,
)
from batch_import.configuration.settings import Settings
from batch_import.errors import CredentialsRefused

#: Name of the file for the keys, beside the configuration file.
_KEYS_FILE: Final = "credentials.yaml"
_STORAGE_CHOICES: Final = ("keyring", "file", "no")


def ask_for_credentials(invocation: Invocation) -> dict[str, Any]:
    """Find the credentials or ask for them, test them, and store them.

    Returns:
        the values for the configuration file: `credentials` is None if it names no file.

    Raises:
        UsageError: there are no credentials and nobody can be asked, or they cannot be stored.
        CredentialsRefused: the platform refuses them, and nobody can be asked for others.
        PlatformUnreachable: the platform does not respond.
    """
    found, origin = _found(invocation)
    if found is None and invocation["offline"] and not questions.can_ask():
        return {}
    keys = found or _typed()
    if not invocation["offline"]:
        accepted = _accepted(invocation, keys)
        origin = origin if accepted is keys else ""
        keys = accepted
    if not origin and any(os.environ.get(variable) for variable in VARIABLES_BY_KEY.values()):
        warn(
            f"Unset {' and '.join(VARIABLES_BY_KEY.values())}: they are used before stored credentials."
        )
    return _kept(invocation, keys, origin)


def _found(invocation: Invocation) -> tuple[Credentials | None, str]:
    """Returns the existing credentials, and where they were found."""
    file, is_explicit = invocation["credentials"], invocation.is_flag("credentials")
    if file and not is_explicit and not file.exists():
        file = None  # named by the configuration file, which is replaced
    place = find_location(file, is_explicit=is_explicit)
    if not place.keys and not is_explicit:
        return None, ""
    print(f"Credentials: from {sanitized(place.description)}.")
    return load_credentials(file, is_explicit=is_explicit), place.description


def _typed() -> Credentials:
    answer = (
        f"Set {' and '.join(VARIABLES_BY_KEY.values())}, or give {flag('credentials')} FILE;"
        f" {flag('offline')} goes on without them."
    )
    print("Both keys are under Settings > Developer Tools of your Viostream account.")
    access_key = questions.text("Access key", answer)
    return Credentials(access_key, questions.text("API key (not shown)", answer, hidden=True))


def _accepted(invocation: Invocation, keys: Credentials) -> Credentials:
    """Returns credentials that the platform accepts: these, or others that the user enters."""
    from batch_import.workflows import account as workflow

    settings = invocation.settings()
    while True:
        try:
            with stoppable() as stop:
                account = workflow.account(settings, keys, stop)
        except CredentialsRefused as refused:
            if not questions.can_ask():
                raise
            warn(sanitized(refused.message))
            keys = _typed()
            continue
        work = styled("The credentials work.", SUCCESS)
        print(
            f"{work} Account: {sanitized(account.title) or '(no title)'} ({sanitized(account.id)})"
        )
        _warn_of_other_platform(settings.api_base)
        return keys


def _warn_of_other_platform(api_base: str) -> None:
    """Warn that later commands need the same URL of the API, since the file cannot set it."""
    if api_base != Settings().api_base:
        option = OPTIONS["api_base"]
        warn(
            f"Tested with {sanitized(api_base)}, which the file does not keep:"
            f" set {option.variable} or give {flag('api_base')} each time."
        )


def _kept(invocation: Invocation, keys: Credentials, origin: str) -> dict[str, Any]:
    """Store the keys where the user wants. Existing keys are not moved."""
    if origin and not invocation.is_given("store"):
        return (
            {"credentials": str(invocation["credentials"])}
            if invocation.is_flag("credentials")
            else {}
        )
    where = invocation["store"] if invocation.is_given("store") else _asked_where()
    if where == "keyring":
        credential_storage.store_in_keyring(keys)
        print("Stored: in the system's keyring.")
        return {"credentials": None}
    if where == "no":
        return {"credentials": None}
    path = invocation["config"].with_name(_KEYS_FILE)
    _store_in_file(invocation, keys, path)
    return {"credentials": str(path)}


def _asked_where() -> str:
    usable = _STORAGE_CHOICES if credential_storage.has_keyring() else _STORAGE_CHOICES[1:]
    answer = f"Give {flag('store')} {'|'.join(_STORAGE_CHOICES)}."
    return questions.choice("Where to store the keys", answer, usable, default=usable[0])


def _store_in_file(invocation: Invocation, keys: Credentials, path: Path) -> None:
    if path.exists() and not invocation["replace"]:
        questions.insist(
            f"Replace {sanitized(str(path))}?", f"Give {flag('replace')} to replace it."
        )
    credential_storage.store_in_file(keys, path)
    print(f"Written: {sanitized(str(path))}, for your eyes only. Keep it out of version control.")
