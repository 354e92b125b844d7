"""Where credentials are kept between commands: the system's keyring, or a private file.

`credentials.py` finds them there. No message here holds a value.
"""

from pathlib import Path
from typing import Final

import yaml

from batch_import.configuration.credentials import NAMES, SERVICE, Credentials
from batch_import.errors import UsageError, setting_ref
from batch_import.files import replace_text_file

_OTHER: Final = f"Use a private file instead: {setting_ref('store', 'file')}."


def has_keyring() -> bool:
    """Whether this system has a keyring, and the package that opens it."""
    try:
        import keyring
        from keyring.backends.fail import Keyring as NoKeyring
    except ImportError:
        return False
    return not isinstance(keyring.get_keyring(), NoKeyring)


def store_in_keyring(credentials: Credentials) -> None:
    """Store the credentials in the system's keyring. They replace the stored credentials.

    Raises:
        UsageError: there is none, or it refuses.
    """
    try:
        import keyring
    except ImportError:
        raise UsageError("The package keyring is not installed.", _OTHER) from None
    try:
        for name, value in _items(credentials).items():
            keyring.set_password(SERVICE, name, value)
    except Exception as error:  # noqa: BLE001  (a backend may raise anything)
        why = type(error).__name__
        raise UsageError(f"The keyring cannot be written to ({why}).", _OTHER) from None


def store_in_file(credentials: Credentials, path: Path) -> None:
    """Keep the credentials in a file that only its owner can read, in place of what is there.

    Windows has no mode bits: there, the file is as private as its folder.

    Raises:
        StateError: it cannot be written.
    """
    with replace_text_file(
        path, "Make its folder writable, or choose another.", private=True
    ) as file:
        file.write("# The credentials of batch-import. Keep this file out of version control.\n")
        yaml.safe_dump(_items(credentials), file, sort_keys=False, allow_unicode=True)


def _items(credentials: Credentials) -> dict[str, str]:
    return dict(zip(NAMES, (credentials.access_key, credentials.api_key), strict=True))
