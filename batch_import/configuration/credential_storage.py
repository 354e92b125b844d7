"""Store the credentials in the system's keyring or in a private file.

`credentials.py` reads them again. No message contains a key.
"""

from pathlib import Path
from typing import Final

import yaml

from batch_import.configuration.credentials import KEYRING_SERVICE, VARIABLES_BY_KEY, Credentials
from batch_import.errors import UsageError, setting_ref
from batch_import.files import replace_text_file

_FILE_HINT: Final = f"Use a private file instead: {setting_ref('store', 'file')}."


def has_keyring() -> bool:
    """Whether the package `keyring` is installed, and the system has a keyring."""
    try:
        import keyring
        from keyring.backends.fail import Keyring as NoKeyring
    except ImportError:
        return False
    return not isinstance(keyring.get_keyring(), NoKeyring)


def store_in_keyring(credentials: Credentials) -> None:
    """Store the credentials in the system's keyring. They replace the stored credentials.

    Raises:
        UsageError: the package `keyring` is not installed, or the keyring cannot be written.
    """
    try:
        import keyring
    except ImportError:
        raise UsageError("The package keyring is not installed.", _FILE_HINT) from None
    try:
        for name, value in _values_by_key(credentials).items():
            keyring.set_password(KEYRING_SERVICE, name, value)
    except Exception as error:  # noqa: BLE001  (a backend may raise anything)
        reason = type(error).__name__
        raise UsageError(f"The keyring cannot be written ({reason}).", _FILE_HINT) from None


def store_in_file(credentials: Credentials, path: Path) -> None:
    """Store the credentials in a file that only its owner can read. An existing file is replaced.

    Windows has no mode bits. On Windows, users who can read the folder can read the file.

    Raises:
        StateError: the file cannot be written.
    """
    with replace_text_file(
        path, "Make its folder writable, or choose another.", private=True
    ) as file:
        file.write("# The credentials of batch-import. Keep this file out of version control.\n")
        yaml.safe_dump(_values_by_key(credentials), file, sort_keys=False, allow_unicode=True)


def _values_by_key(credentials: Credentials) -> dict[str, str]:
    """Returns both keys by their names in a file and in the keyring."""
    return dict(zip(VARIABLES_BY_KEY, (credentials.access_key, credentials.api_key), strict=True))
