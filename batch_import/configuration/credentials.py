"""Find the credentials: the access key and the API key of a Viostream account.

The first of these locations that has a key is used:

    1. the file that the option `--credentials` names
    2. the environment
    3. the file that the setting `credentials` of a configuration file names
    4. the system's keyring, if the extra `keyring` is installed

Both keys are taken from the same location, because an access key and an API key of different
accounts do not work together. No message contains a key. This module must not know what the
credentials are used for.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from batch_import.errors import UsageError, command_ref, find_similar, setting_ref

#: The service name in the keyring.
KEYRING_SERVICE: Final = "viostream-batch-import"
#: Names of the two keys in files and in the keyring → names of their environment variables.
VARIABLES_BY_KEY: Final = {"access-key": "VIOSTREAM_ACCESS_KEY", "api-key": "VIOSTREAM_API_KEY"}
#: The file of the account `news` is `news.yaml`.
ACCOUNT_FILE_SUFFIX: Final = ".yaml"
#: Maximum length of an account's name, in characters. Names of queues and files may be longer.
_MAX_NAME_LENGTH: Final = 100
_ACCOUNT_NAME: Final = re.compile(rf"[a-z0-9][a-z0-9-]{{0,{_MAX_NAME_LENGTH - 1}}}")


@dataclass(frozen=True, slots=True)
class Credentials:
    """HTTP Basic credentials (Viostream API guide, "API Authentication")."""

    access_key: str
    api_key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class CredentialLocation:
    """A location where credentials are looked for, and the keys that it has.

    Attributes:
        description: the location, for messages: `environment`, `keyring`, or the path of a file.
        labels: key name (`access-key`, `api-key`) → how messages call this key of this location.
        keys: key name → the key. A key that the location does not have is left out.
        read_error: a sentence why the location could not be read; empty if it could be read.
    """

    description: str
    labels: Mapping[str, str]
    keys: Mapping[str, str] = field(repr=False)
    read_error: str = ""


def load_credentials(
    file: Path | None = None, *, is_explicit: bool = False, environ: Mapping[str, str] = os.environ
) -> Credentials:
    """Find the credentials, in the order of the module's docstring.

    Args:
        file: YAML file with both keys; None if no file is configured.
        is_explicit: whether the file was named on the command line. If true, only this file is
            read.

    Raises:
        UsageError: a key is missing or cannot be part of an HTTP header, or the file is not valid.
    """
    return _checked(
        find_location(file, is_explicit=is_explicit, environ=environ),
        f"Run {command_ref('configure')} to enter and store them, or name a file that has them"
        f" with {setting_ref('credentials')}.",
    )


def load_account_credentials(
    account: str, folder: Path | None = None, *, environ: Mapping[str, str] = os.environ
) -> Credentials:
    """Find the credentials of one of several accounts.

    They are in the file `ACCOUNT.yaml` of the folder; in the environment variables
    `VIOSTREAM_ACCESS_KEY_ACCOUNT` and `VIOSTREAM_API_KEY_ACCOUNT`; or in the keyring, under the
    service name `viostream-batch-import/ACCOUNT`. The first location that has a key is used.

    Args:
        account: a name as `checked_account_name` returns it.
        folder: the folder of the accounts' files; None if no folder is configured.

    Raises:
        UsageError: a key is missing or cannot be part of an HTTP header, or the file is not valid.
    """
    file = folder / f"{account}{ACCOUNT_FILE_SUFFIX}" if folder else None
    return _checked(
        _find_account_location(account, file, environ),
        f"Set both, or write them into the file {account}{ACCOUNT_FILE_SUFFIX} in the folder"
        f" of {setting_ref('credentials_folder')}.",
    )


def _find_account_location(
    account: str, file: Path | None, environ: Mapping[str, str]
) -> CredentialLocation:
    """Returns the first location that has a key of the account, or else the environment."""
    if file and file.exists():
        return _read_file(file)
    environment = _read_environment(environ, f"_{account.upper().replace('-', '_')}")
    if environment.keys:
        return environment
    keyring = _read_keyring(f"{KEYRING_SERVICE}/{account}")
    return keyring if keyring.keys else replace(environment, read_error=keyring.read_error)


def list_accounts(folder: Path) -> list[str]:
    """Returns the names of the accounts that have a file in a folder, in alphabetical order.

    Raises:
        UsageError: the folder cannot be read, or the name of a `.yaml` file is not valid as the
            name of an account.
    """
    try:
        names = sorted(os.listdir(folder))  # noqa: PTH208 - glob() does not raise if the folder is missing
    except OSError as error:
        raise UsageError(f"{folder} cannot be read: {error.strerror or error}.") from None
    files = [name for name in names if name.endswith(ACCOUNT_FILE_SUFFIX)]
    try:
        return [checked_account_name(name.removesuffix(ACCOUNT_FILE_SUFFIX)) for name in files]
    except ValueError as error:
        raise UsageError(f"{folder}: {error}.") from None


def checked_account_name(text: str) -> str:
    """Validate the name of an account, and return it.

    The name becomes a part of a file name and of the name of an environment variable. Therefore it
    may have only characters that are valid in both. Two names always have different variables.

    Raises:
        ValueError: the name is not valid.
    """
    if not _ACCOUNT_NAME.fullmatch(text):
        raise ValueError(
            f"{text[:_MAX_NAME_LENGTH]!r} is not the name of an account:"
            f" at most {_MAX_NAME_LENGTH} lower-case letters, digits and dashes"
        )
    return text


def _checked(location: CredentialLocation, hint: str) -> Credentials:
    """Returns the credentials of a location.

    Args:
        hint: what the user can do if a key is missing.

    Raises:
        UsageError: a key is missing, or cannot be part of an HTTP header.
    """
    missing = [location.labels[name] for name in VARIABLES_BY_KEY if name not in location.keys]
    if missing:
        verb = "is" if len(missing) == 1 else "are"
        read_error = f" {location.read_error}" if location.read_error else ""
        raise UsageError(
            f"{' and '.join(missing)} {verb} not set.{read_error}",
            f"Both are under Settings > Developer Tools of your Viostream account. {hint}",
        )
    for name, value in location.keys.items():
        # HTTP Basic authentication separates the two keys by a colon.
        if not value.isprintable() or (":" in value and name == "access-key"):
            raise UsageError(
                f"{location.labels[name]} has characters that a key cannot have.",
                "Copy it again.",
            )
    return Credentials(location.keys["access-key"], location.keys["api-key"])


def find_location(
    file: Path | None = None, *, is_explicit: bool = False, environ: Mapping[str, str] = os.environ
) -> CredentialLocation:
    """Find the location of the credentials, in the order of the module's docstring.

    Args:
        file, is_explicit, environ: as in `load_credentials`.

    Returns:
        The first location that has a key. If no location has a key: the environment, without keys.

    Raises:
        UsageError: the file is not valid.
    """
    if file and is_explicit:
        return _read_file(file)
    environment = _read_environment(environ)
    if environment.keys:
        return environment
    if file:
        return _read_file(file)
    keyring = _read_keyring()
    return keyring if keyring.keys else replace(environment, read_error=keyring.read_error)


def _read_environment(environ: Mapping[str, str], suffix: str = "") -> CredentialLocation:
    """Read the keys from environment variables.

    Args:
        suffix: appended to the names of the variables; different for each of several accounts.
    """
    labels = {name: variable + suffix for name, variable in VARIABLES_BY_KEY.items()}
    keys = {name: environ.get(variable, "").strip() for name, variable in labels.items()}
    return CredentialLocation(
        "environment", labels, {name: key for name, key in keys.items() if key}
    )


def _read_file(path: Path) -> CredentialLocation:
    from batch_import.configuration.yaml_settings import read_bytes, read_entries

    keys = {}
    for entry in read_entries(str(path), read_bytes(path, private=True)):
        if entry.key not in VARIABLES_BY_KEY:
            suggestion = find_similar(entry.key.lower(), VARIABLES_BY_KEY)
            raise UsageError(
                f"{path}, line {entry.line}: this key is neither access-key nor api-key.",
                f"Did you mean: {suggestion}?" if suggestion else "Remove all other keys.",
            )
        value = (entry.scalar or "").strip()
        if value:
            keys[entry.key] = value
    return CredentialLocation(
        str(path), {name: f"{name} in {path}" for name in VARIABLES_BY_KEY}, keys
    )


def _read_keyring(service: str = KEYRING_SERVICE) -> CredentialLocation:
    labels = {name: f"{name} in the keyring" for name in VARIABLES_BY_KEY}
    try:
        import keyring.errors
    except ImportError:
        return CredentialLocation("keyring", labels, {})
    try:
        stored = {name: keyring.get_password(service, name) for name in VARIABLES_BY_KEY}
    except keyring.errors.KeyringLocked:
        return CredentialLocation("keyring", labels, {}, "The keyring is locked.")
    except keyring.errors.NoKeyringError:
        return CredentialLocation("keyring", labels, {}, "This system has no keyring.")
    except Exception as error:  # noqa: BLE001  (a backend may raise anything)
        reason = type(error).__name__
        return CredentialLocation("keyring", labels, {}, f"The keyring cannot be read ({reason}).")
    keys = {name: key.strip() for name, key in stored.items() if key}
    return CredentialLocation("keyring", labels, keys)
