"""Stored credentials are found where they were stored."""

import os
from collections.abc import Iterator
from pathlib import Path

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.backends.fail import Keyring as NoKeyring

from batch_import.configuration.credential_storage import (
    has_keyring,
    store_in_file,
    store_in_keyring,
)
from batch_import.configuration.credentials import Credentials, find_location, load_credentials
from batch_import.errors import StateError, UsageError

KEYS = Credentials("VC-mine", "a: secret # with 'marks")


class MemoryKeyring(KeyringBackend):
    priority = 1.0

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password


@pytest.fixture
def memory_keyring() -> Iterator[None]:
    keyring.set_keyring(MemoryKeyring())
    yield
    keyring.set_keyring(NoKeyring())


@pytest.mark.usefixtures("memory_keyring")
def test_credentials_in_the_keyring_are_found() -> None:
    assert has_keyring()
    store_in_keyring(KEYS)
    assert load_credentials(environ={}) == KEYS
    assert find_location(environ={}).description == "keyring"


def test_the_error_without_a_keyring_names_another_place() -> None:
    keyring.set_keyring(NoKeyring())
    assert not has_keyring()
    with pytest.raises(UsageError, match="NoKeyringError") as error:
        store_in_keyring(KEYS)
    assert "store='file'" in str(error.value)
    assert KEYS.api_key not in str(error.value)


def test_a_stored_file_is_readable_only_by_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "credentials.yaml"
    path.write_text("access-key: VC-older\napi-key: older\n", encoding="utf-8")
    path.chmod(0o644)
    store_in_file(KEYS, path)
    if os.name == "posix":
        assert path.stat().st_mode & 0o777 == 0o600
    assert load_credentials(path, is_explicit=True) == KEYS
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


def test_the_error_for_a_missing_folder_names_the_folder(tmp_path: Path) -> None:
    with pytest.raises(StateError, match="nowhere") as error:
        store_in_file(KEYS, tmp_path / "nowhere" / "credentials.yaml")
    assert KEYS.api_key not in str(error.value)
