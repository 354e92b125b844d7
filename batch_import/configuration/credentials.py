"""Find the credentials.

The first of these sources that has them is used:

    1. the file of the option --credentials
    2. the environment
    3. the file that a configuration file names
    4. the system's keyring, if the extra `keyring` is installed

Both keys are taken from the same source, because the access key of one account does not fit the API
key of another. No message contains a key. This module must not know what the credentials are for.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from batch_import.errors import UsageError, command_ref, find_similar, setting_ref

#: The service name in the keyring.
SERVICE: Final = "viostream-batch-import"
#: Names of the two keys in files and in the keyring → names of their environment variables.
NAMES: Final = {"access-key": "VIOSTREAM_ACCESS_KEY", "api-key": "VIOSTREAM_API_KEY"}
#: What follows the name of an account in the name of its file.
ACCOUNT_FILE_SUFFIX: Final = ".yaml"
#: Maximum length of an account's name: shorter than a queue's name and a file's name may be.
_MAX_NAME_LENGTH: Final = 100
_ACCOUNT_NAME: Final = re.compile(rf"[a-z0-9][a-z0-9-]{{0,{_MAX_NAME_LENGTH - 1}}}")


@dataclass(frozen=True, slots=True)
class Credentials:
    """HTTP Basic credentials (Viostream API guide, "API Authentication")."""

    access_key: str
    api_key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Place:
    """A source of credentials.

    Attributes:
        origin: description of the source, for messages.
        labels: the name of each key in this source.
        keys: the keys that were found.
        trouble: why the source could not be read; empty if it could.
    """

    origin: str
    labels: Mapping[str, str]
    keys: Mapping[str, str] = field(repr=False)
    trouble: str = ""


def credentials(
    file: Path | None = None, *, insisted: bool = False, environ: Mapping[str, str] = os.environ
) -> Credentials:
    """Find the credentials.

    Args:
        file: YAML file with both keys.
        insisted: the file was named on the command line, so it has priority over the environment.

    Raises:
        UsageError: a key is missing or cannot be part of an HTTP header, or the file is not valid.
    """
    return _checked(
        find(file, insisted=insisted, environ=environ),
        f"{command_ref('configure')} asks for them and stores them;"
        f" {setting_ref('credentials')} names a file that has them.",
    )


def account_credentials(
    account: str, folder: Path | None = None, *, environ: Mapping[str, str] = os.environ
) -> Credentials:
    """Find the credentials of one of several accounts.

    They are in the file ACCOUNT.yaml of the folder, in the environment variables
    VIOSTREAM_ACCESS_KEY_ACCOUNT and VIOSTREAM_API_KEY_ACCOUNT, or in the keyring under the service
    SERVICE/ACCOUNT. The first place that has a key is used.

    Args:
        account: a name as `account_name` returns it.
        folder: the folder of files; None if there is none.

    Raises:
        UsageError: a key is missing or cannot be part of an HTTP header, or the file is not valid.
    """
    file = folder / f"{account}{ACCOUNT_FILE_SUFFIX}" if folder else None
    place = _of_account(account, file, environ)
    return _checked(
        place,
        f"Set both, or put them into the file {account}{ACCOUNT_FILE_SUFFIX}"
        f" of {setting_ref('credentials_folder')}.",
    )


def _of_account(account: str, file: Path | None, environ: Mapping[str, str]) -> Place:
    """The first place that has a key of an account; if there is none, the environment."""
    if file and file.exists():
        return _in_file(file)
    environment = _in_environment(environ, f"_{account.upper().replace('-', '_')}")
    if environment.keys:
        return environment
    keyring = _in_keyring(f"{SERVICE}/{account}")
    return keyring if keyring.keys else replace(environment, trouble=keyring.trouble)


def accounts_in(folder: Path) -> list[str]:
    """The names of the accounts that have a file in a folder.

    Raises:
        UsageError: the folder cannot be read, or the name of a file is no name of an account.
    """
    try:
        names = sorted(os.listdir(folder))  # noqa: PTH208 - glob() finds nothing where it must fail
    except OSError as error:
        raise UsageError(f"{folder} cannot be read: {error.strerror or error}.") from None
    files = [name for name in names if name.endswith(ACCOUNT_FILE_SUFFIX)]
    try:
        return [account_name(name.removesuffix(ACCOUNT_FILE_SUFFIX)) for name in files]
    except ValueError as error:
        raise UsageError(f"{folder}: {error}.") from None


def account_name(text: str) -> str:
    """Validate the name of an account.

    The name is part of a file name and of an environment variable on several systems. Two names
    must not become the same variable.

    Raises:
        ValueError: it is not valid.
    """
    if not _ACCOUNT_NAME.fullmatch(text):
        raise ValueError(
            f"{text[:_MAX_NAME_LENGTH]!r} is not the name of an account:"
            f" at most {_MAX_NAME_LENGTH} lower-case letters, digits and dashes"
        )
    return text


def _checked(place: Place, hint: str) -> Credentials:
    """The credentials of a place.

    Args:
        hint: how to set them.

    Raises:
        UsageError: a key is missing, or cannot be part of an HTTP header.
    """
    missing = [place.labels[name] for name in NAMES if name not in place.keys]
    if missing:
        trouble = f" {place.trouble}" if place.trouble else ""
        raise UsageError(
            f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} not set.{trouble}",
            f"Both are under Settings > Developer Tools of your Viostream account. {hint}",
        )
    for name, value in place.keys.items():
        if not value.isprintable() or (":" in value and name == "access-key"):
            raise UsageError(
                f"{place.labels[name]} has characters that a key cannot have.", "Copy it again."
            )
    return Credentials(place.keys["access-key"], place.keys["api-key"])


def find(
    file: Path | None = None, *, insisted: bool = False, environ: Mapping[str, str] = os.environ
) -> Place:
    """The first source that has a key. If no source has a key, the environment, without keys.

    Raises:
        UsageError: the file is not valid.
    """
    if file and insisted:
        return _in_file(file)
    environment = _in_environment(environ)
    if environment.keys:
        return environment
    if file:
        return _in_file(file)
    keyring = _in_keyring()
    if keyring.keys:
        return keyring
    return Place(environment.origin, environment.labels, {}, keyring.trouble)


def _in_environment(environ: Mapping[str, str], suffix: str = "") -> Place:
    labels = {name: variable + suffix for name, variable in NAMES.items()}
    keys = {name: environ.get(variable, "").strip() for name, variable in labels.items()}
    return Place("environment", labels, {name: key for name, key in keys.items() if key})


def _in_file(path: Path) -> Place:
    from batch_import.configuration.yaml_settings import read_bytes, read_entries

    keys = {}
    for entry in read_entries(str(path), read_bytes(path, private=True)):
        if entry.key not in NAMES:
            near = find_similar(entry.key.lower(), NAMES)
            raise UsageError(
                f"{path}, line {entry.line}: this key is neither access-key nor api-key.",
                f"Did you mean: {near}?" if near else "The file may only have these two.",
            )
        if key := (entry.scalar or "").strip():
            keys[entry.key] = key
    return Place(str(path), {name: f"{name} in {path}" for name in NAMES}, keys)


def _in_keyring(service: str = SERVICE) -> Place:
    labels = {name: f"{name} in the keyring" for name in NAMES}
    try:
        import keyring.errors
    except ImportError:
        return Place("keyring", labels, {})
    try:
        found = {name: keyring.get_password(service, name) for name in NAMES}
    except keyring.errors.KeyringLocked:
        return Place("keyring", labels, {}, "The keyring is locked.")
    except keyring.errors.NoKeyringError:
        return Place("keyring", labels, {}, "This system has no keyring.")
    except Exception as error:  # noqa: BLE001  (a backend may raise anything)
        why = type(error).__name__
        return Place("keyring", labels, {}, f"The keyring cannot be read ({why}).")
    return Place("keyring", labels, {name: key.strip() for name, key in found.items() if key})
