"""The credentials, from the first place that has them.

    1. a file that is named for this one run
    2. the environment
    3. a file that is named in the configuration
    4. the system's keyring, where the `keyring` extra is installed

Both keys come from the same place: the access key of one account beside the API key of another
would lock a person out. No message here holds a value. This file must not know what the
credentials are for.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from batch_import.errors import UsageError, command, named

#: What the keyring files them under.
SERVICE: Final = "viostream-batch-import"
#: The names of the two keys in files and in the keyring, and those of their variables.
NAMES: Final = {"access-key": "VIOSTREAM_ACCESS_KEY", "api-key": "VIOSTREAM_API_KEY"}


@dataclass(frozen=True, slots=True)
class Credentials:
    """HTTP Basic credentials (guide, "API Authentication")."""

    access_key: str
    api_key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Place:
    """A place for credentials.

    Attributes:
        origin: where it is, as a message says it.
        labels: what each key is called there.
        keys: those that are there.
        trouble: why it could not be read.
    """

    origin: str
    labels: Mapping[str, str]
    keys: Mapping[str, str] = field(repr=False)
    trouble: str = ""


def credentials(
    file: Path | None = None, *, insisted: bool = False, environ: Mapping[str, str] = os.environ
) -> Credentials:
    """The credentials in force.

    Args:
        file: with both keys, as YAML.
        insisted: the file was named for this one run, and so is stronger than the environment.

    Raises:
        UsageError: one of them is missing, or cannot be an HTTP header; or the file cannot be
            used.
    """
    place = find(file, insisted=insisted, environ=environ)
    missing = [place.labels[name] for name in NAMES if name not in place.keys]
    if missing:
        trouble = f" {place.trouble}" if place.trouble else ""
        raise UsageError(
            f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} not set.{trouble}",
            "Both are under Settings > Developer Tools of your Viostream account."
            f" {command('configure')} asks for them and stores them; {named('credentials')} names a"
            " file that has them.",
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
    """The first place that has a key; the environment, without one, where there is none.

    Raises:
        UsageError: the file cannot be used.
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


def _in_environment(environ: Mapping[str, str]) -> Place:
    keys = {name: environ.get(variable, "").strip() for name, variable in NAMES.items()}
    return Place("environment", NAMES, {name: key for name, key in keys.items() if key})


def _in_file(path: Path) -> Place:
    from batch_import.configuration.yaml_settings import read_bytes, read_entries

    keys = {}
    for entry in read_entries(str(path), read_bytes(path, private=True)):
        if entry.key not in NAMES:
            import difflib

            near = difflib.get_close_matches(entry.key.lower(), NAMES, n=1)
            raise UsageError(
                f"{path}, line {entry.line}: this key is neither access-key nor api-key.",
                f"Did you mean: {near[0]}?" if near else "The file may only have these two.",
            )
        if key := (entry.scalar or "").strip():
            keys[entry.key] = key
    return Place(str(path), {name: f"{name} in {path}" for name in NAMES}, keys)


def _in_keyring() -> Place:
    labels = {name: f"{name} in the keyring" for name in NAMES}
    try:
        import keyring.errors
    except ImportError:
        return Place("keyring", labels, {})
    try:
        found = {name: keyring.get_password(SERVICE, name) for name in NAMES}
    except keyring.errors.KeyringLocked:
        return Place("keyring", labels, {}, "The keyring is locked.")
    except keyring.errors.NoKeyringError:
        return Place("keyring", labels, {}, "This system has no keyring.")
    except Exception as error:  # noqa: BLE001  (a backend may raise anything)
        why = type(error).__name__
        return Place("keyring", labels, {}, f"The keyring cannot be read ({why}).")
    return Place("keyring", labels, {name: key.strip() for name, key in found.items() if key})
