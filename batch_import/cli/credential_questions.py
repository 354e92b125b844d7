"""The questions of `batch-import configure` about the credentials. They are tested and stored."""

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

#: Name of the file in which the keys are stored, in the folder of the configuration file.
_KEYS_FILE: Final = "credentials.yaml"
#: Values of `--store`.
_STORAGE_CHOICES: Final = ("keyring", "file", "no")


def ask_for_credentials(invocation: Invocation) -> dict[str, Any]:
    """Find the credentials or ask for them, test them, and store them.

    Returns:
        the values for the configuration file. `credentials` is the path of the file with the keys;
        None removes this value from the configuration file.

    Raises:
        UsageError: there are no credentials and no terminal, or they cannot be stored.
        CredentialsRefused: the platform refuses the credentials, and there is no terminal.
        PlatformUnreachable: the platform does not respond.
    """
    existing, location = _find_credentials(invocation)
    if existing is None and invocation["offline"] and not questions.can_ask():
        return {}
    credentials = existing or _ask_for_keys()
    if not invocation["offline"]:
        accepted = _test_credentials(invocation, credentials)
        if accepted is not credentials:
            credentials, location = accepted, ""
    variables = VARIABLES_BY_KEY.values()
    if not location and any(os.environ.get(variable) for variable in variables):
        warn(f"Unset {' and '.join(variables)}: they are used instead of stored credentials.")
    return _store(invocation, credentials, location)


def _find_credentials(invocation: Invocation) -> tuple[Credentials | None, str]:
    """Returns the existing credentials and a description of their location, or None and ""."""
    file, is_explicit = invocation["credentials"], invocation.is_on_command_line("credentials")
    if file and not is_explicit and not file.exists():
        file = None  # only the configuration file, which is going to be replaced, names it
    location = find_location(file, is_explicit=is_explicit)
    if not location.keys and not is_explicit:
        return None, ""
    print(f"Credentials: from {sanitized(location.description)}.")
    return load_credentials(file, is_explicit=is_explicit), location.description


def _ask_for_keys() -> Credentials:
    flag_hint = (
        f"Set {' and '.join(VARIABLES_BY_KEY.values())}, or give {flag('credentials')} FILE."
        f" To continue without credentials, give {flag('offline')}."
    )
    print("Both keys are under Settings > Developer Tools of your Viostream account.")
    access_key = questions.ask_text("Access key", flag_hint)
    api_key = questions.ask_text("API key (not shown)", flag_hint, is_hidden=True)
    return Credentials(access_key, api_key)


def _test_credentials(invocation: Invocation, credentials: Credentials) -> Credentials:
    """Test credentials, and ask for others until the platform accepts them.

    Returns:
        The accepted credentials: the given object, or a new one.
    """
    from batch_import.workflows import account as workflow

    settings = invocation.settings()
    while True:
        try:
            with stoppable() as stop:
                account = workflow.read_account(settings, credentials, stop)
        except CredentialsRefused as refused:
            if not questions.can_ask():
                raise
            warn(sanitized(refused.message))
            credentials = _ask_for_keys()
            continue
        message = styled("The credentials work.", SUCCESS)
        title = sanitized(account.title) or "(no title)"
        print(f"{message} Account: {title} ({sanitized(account.id)})")
        _warn_of_other_api(settings.api_base)
        return credentials


def _warn_of_other_api(api_base: str) -> None:
    """Warn that later commands need the same URL of the API, since the file cannot set it."""
    if api_base != Settings().api_base:
        option = OPTIONS["api_base"]
        warn(
            f"Tested with {sanitized(api_base)}, which is not stored in the configuration file:"
            f" set {option.variable}, or give {flag('api_base')} each time."
        )


def _store(invocation: Invocation, credentials: Credentials, location: str) -> dict[str, Any]:
    """Store the credentials where the user wants.

    Args:
        location: where existing credentials were found; empty for new credentials. Existing
            credentials are only stored if the user gave `--store`.

    Returns:
        The same as `ask_for_credentials`.
    """
    has_choice = invocation.is_given("store")
    if location and not has_choice:
        if invocation.is_on_command_line("credentials"):
            return {"credentials": str(invocation["credentials"])}
        return {}
    choice = invocation["store"] if has_choice else _ask_for_storage()
    if choice == "keyring":
        credential_storage.store_in_keyring(credentials)
        print("Stored: in the system's keyring.")
        return {"credentials": None}
    if choice == "no":
        return {"credentials": None}
    path = invocation["config"].with_name(_KEYS_FILE)
    _store_in_file(invocation, credentials, path)
    return {"credentials": str(path)}


def _ask_for_storage() -> str:
    """Ask where to store the keys. Returns one of `_STORAGE_CHOICES`."""
    choices = _STORAGE_CHOICES if credential_storage.has_keyring() else _STORAGE_CHOICES[1:]
    flag_hint = f"Give {flag('store')} {'|'.join(_STORAGE_CHOICES)}."
    return questions.ask_choice("Where to store the keys", flag_hint, choices, default=choices[0])


def _store_in_file(invocation: Invocation, credentials: Credentials, path: Path) -> None:
    if path.exists() and not invocation["replace"]:
        questions.require_yes(
            f"Replace {sanitized(str(path))}?", f"Give {flag('replace')} to replace it."
        )
    credential_storage.store_in_file(credentials, path)
    print(f"Written: {sanitized(str(path))}, for your eyes only. Keep it out of version control.")
