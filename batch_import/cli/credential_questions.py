"""The part of `batch-import configure` about the credentials: found or asked for, tested, kept."""

import os
from pathlib import Path
from typing import Any, Final

from batch_import.cli import questions
from batch_import.cli.command import Call
from batch_import.cli.console import SUCCESS, styled, warn
from batch_import.cli.messages import shown
from batch_import.cli.options import flag
from batch_import.cli.progress import stoppable
from batch_import.configuration import credential_storage
from batch_import.configuration.credentials import NAMES, Credentials, credentials, find
from batch_import.errors import CredentialsRefused

#: Where the keys are kept beside the configuration file, if in a file.
_FILE: Final = "credentials.yaml"
_WHERE: Final = ("keyring", "file", "no")


def ask_for_credentials(call: Call) -> dict[str, Any]:
    """Find or ask for the credentials, test and keep them.

    Returns:
        What the configuration file says of them: `credentials` is None where it names no file.

    Raises:
        UsageError: there are none and nobody can be asked, or they cannot be kept as asked.
        CredentialsRefused: the platform does not accept them, and nobody can be asked for others.
        PlatformUnreachable: it does not answer.
    """
    found, origin = _found(call)
    if found is None and call["offline"] and not questions.can_ask():
        return {}
    keys = found or _typed()
    if not call["offline"]:
        accepted = _accepted(call, keys)
        origin = origin if accepted is keys else ""
        keys = accepted
    if not origin and any(os.environ.get(variable) for variable in NAMES.values()):
        warn(f"Unset {' and '.join(NAMES.values())}: they are stronger than what is stored.")
    return _kept(call, keys, origin)


def _found(call: Call) -> tuple[Credentials | None, str]:
    """The credentials that there are, and where."""
    file, insisted = call["credentials"], call.is_flag("credentials")
    if file and not insisted and not file.exists():
        file = None  # the configuration file names it, and it is to be written again
    place = find(file, insisted=insisted)
    if not place.keys and not insisted:
        return None, ""
    print(f"Credentials: from {shown(place.origin)}.")
    return credentials(file, insisted=insisted), place.origin


def _typed() -> Credentials:
    answer = (
        f"Set {' and '.join(NAMES.values())}, or give {flag('credentials')} FILE;"
        f" {flag('offline')} goes on without them."
    )
    print("Both keys are under Settings > Developer Tools of your Viostream account.")
    access_key = questions.text("Access key", answer)
    return Credentials(access_key, questions.text("API key (not shown)", answer, hidden=True))


def _accepted(call: Call, keys: Credentials) -> Credentials:
    """Credentials that the platform accepts: these, or others that are asked for."""
    from batch_import.workflows import account as workflow

    settings = call.settings()
    while True:
        try:
            with stoppable() as stop:
                account = workflow.account(settings, keys, stop)
        except CredentialsRefused as refused:
            if not questions.can_ask():
                raise
            warn(shown(refused.message))
            keys = _typed()
            continue
        work = styled("The credentials work.", SUCCESS)
        print(f"{work} Account: {shown(account.title) or '(no title)'} ({shown(account.id)})")
        return keys


def _kept(call: Call, keys: Credentials, origin: str) -> dict[str, Any]:
    """Keep the keys where the user wants them; what was found is left where it is."""
    if origin and not call.is_given("store"):
        return {"credentials": str(call["credentials"])} if call.is_flag("credentials") else {}
    where = call["store"] if call.is_given("store") else _asked_where()
    if where == "keyring":
        credential_storage.store_in_keyring(keys)
        print("Stored: in the system's keyring.")
        return {"credentials": None}
    if where == "no":
        return {"credentials": None}
    path = call["config"].with_name(_FILE)
    _store_in_file(call, keys, path)
    return {"credentials": str(path)}


def _asked_where() -> str:
    usable = _WHERE if credential_storage.has_keyring() else _WHERE[1:]
    answer = f"Give {flag('store')} {'|'.join(_WHERE)}."
    return questions.choice("Where to store the keys", answer, usable, default=usable[0])


def _store_in_file(call: Call, keys: Credentials, path: Path) -> None:
    if path.exists() and not call["replace"]:
        questions.insist(f"Replace {shown(str(path))}?", f"Give {flag('replace')} to replace it.")
    credential_storage.store_in_file(keys, path)
    print(f"Written: {shown(str(path))}, for your eyes only. Keep it out of version control.")
