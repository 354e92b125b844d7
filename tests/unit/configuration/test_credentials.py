"""Credentials: where they are read from, and that no message shows them."""

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import keyring
import keyring.errors
import pytest
from keyring.backend import KeyringBackend
from keyring.backends.fail import Keyring as NoKeyring

from batch_import.configuration.credentials import (
    KEYRING_SERVICE,
    checked_account_name,
    find_location,
    list_accounts,
    load_account_credentials,
    load_credentials,
)
from batch_import.errors import UsageError

ENVIRON = {"VIOSTREAM_ACCESS_KEY": "VC-environ", "VIOSTREAM_API_KEY": "environ-secret"}
posix = pytest.mark.skipif(os.name != "posix", reason="Windows has no mode bits")


class FakeKeyring(KeyringBackend):
    """A keyring in memory, or one that fails."""

    priority = 1.0
    service = KEYRING_SERVICE

    def __init__(self, kept: dict[str, str], error: Exception | None = None) -> None:
        super().__init__()
        self.kept = kept
        self.error = error

    def get_password(self, service: str, username: str) -> str | None:
        if self.error:
            raise self.error
        return self.kept.get(username) if service == self.service else None

    def set_password(self, service: str, username: str, password: str) -> None:
        del service, username, password
        raise AssertionError("something was written to a keyring")


@pytest.fixture
def in_keyring() -> Iterator[Callable[..., None]]:
    yield lambda kept, error=None: keyring.set_keyring(FakeKeyring(kept, error))
    keyring.set_keyring(NoKeyring())


@pytest.fixture
def file(tmp_path: Path) -> Callable[..., Path]:
    def write(text: str = "access-key: VC-file\napi-key: file-secret\n", mode: int = 0o600) -> Path:
        path = tmp_path / "keys.yaml"
        path.write_text(text, encoding="utf-8")
        path.chmod(mode)
        return path

    return write


def test_the_first_place_that_has_credentials_is_used(file: Callable, in_keyring: Callable) -> None:
    in_keyring({"access-key": "VC-ring", "api-key": "ring-secret"})
    path = file()
    assert load_credentials(path, is_explicit=True, environ=ENVIRON).access_key == "VC-file"
    assert load_credentials(path, environ=ENVIRON).access_key == "VC-environ"
    assert load_credentials(path, environ={}).access_key == "VC-file"
    assert load_credentials(environ={}).access_key == "VC-ring"
    assert load_credentials(environ={}).api_key == "ring-secret"
    assert find_location(environ={}).description == "keyring"


def test_the_two_keys_are_not_taken_from_different_places(
    file: Callable, in_keyring: Callable
) -> None:
    in_keyring({"access-key": "VC-ring", "api-key": "ring-secret"})
    half = {"VIOSTREAM_ACCESS_KEY": "VC-environ"}
    with pytest.raises(UsageError, match=r"^VIOSTREAM_API_KEY is not set"):
        load_credentials(file(), environ=half)
    with pytest.raises(UsageError, match=r"api-key in .*keys.yaml is not set"):
        load_credentials(file("access-key: VC-file\n"), is_explicit=True, environ=ENVIRON)


def test_the_error_names_all_missing_credentials() -> None:
    with pytest.raises(UsageError, match="VIOSTREAM_ACCESS_KEY and VIOSTREAM_API_KEY are not set"):
        load_credentials(environ={})
    with pytest.raises(UsageError, match=r"^VIOSTREAM_API_KEY is not set"):
        load_credentials(environ={"VIOSTREAM_ACCESS_KEY": "VC-1", "VIOSTREAM_API_KEY": " "})


@posix
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o677])
def test_a_file_that_others_can_read_is_refused(file: Callable, mode: int) -> None:
    with pytest.raises(UsageError) as caught:
        load_credentials(file(mode=mode), is_explicit=True, environ={})
    assert f"mode {mode:o}" in caught.value.message
    assert caught.value.hint.startswith("Run: chmod 600 ")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("api_key: s3cret", "line 1: this key is neither access-key nor api-key. Did you mean"),
        ("access-key: VC-1\ns3cret: s3cret", "line 2: this key is neither"),
        ("api-key: a\napi-key: s3cret", "line 2: this key is already on line 1"),
        ("api-key: *s3cret", "not valid YAML on line 1, column 10"),
        ("api-key: {s3cret: x", "not valid YAML on line"),
        ("- s3cret", "line 1: this is not a mapping"),
        ('access-key: VC-1\napi-key: "s3cret\\n1"', "api-key in .* has characters"),
        ("access-key: s3cret:x\napi-key: s3cret", "access-key in .* has characters"),
        ("", "access-key in .* and api-key in .* are not set"),
        ("api-key: [s3cret]\naccess-key: VC-1", "api-key in .* is not set"),
    ],
)
def test_the_error_for_an_invalid_file_does_not_quote_it(
    file: Callable, text: str, words: str
) -> None:
    with pytest.raises(UsageError, match=words) as caught:
        load_credentials(file(text), is_explicit=True, environ={})
    assert "s3cret" not in str(caught.value)


def test_the_error_for_a_missing_file_names_the_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none.yaml cannot be read: No such file"):
        load_credentials(tmp_path / "none.yaml", is_explicit=True, environ=ENVIRON)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (keyring.errors.NoKeyringError("s3cret"), "This system has no keyring."),
        (keyring.errors.KeyringLocked("s3cret"), "The keyring is locked."),
        (keyring.errors.InitError("s3cret"), r"The keyring cannot be read \(InitError\)"),
        (OSError("s3cret"), r"The keyring cannot be read \(OSError\)"),
    ],
)
def test_the_error_for_a_failing_keyring_names_the_cause(
    in_keyring: Callable, error: Exception, words: str
) -> None:
    in_keyring({}, error)
    with pytest.raises(UsageError, match=f"are not set. {words}") as caught:
        load_credentials(environ={})
    assert "s3cret" not in str(caught.value)
    assert load_credentials(environ=ENVIRON).access_key == "VC-environ"


def test_a_missing_keyring_package_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    monkeypatch.delitem(sys.modules, "keyring.errors")
    with pytest.raises(UsageError, match=r"are not set\. Both are under"):
        load_credentials(environ={})


def test_no_repr_shows_a_key(file: Callable) -> None:
    place = find_location(file(), is_explicit=True, environ={})
    assert "secret" not in repr(place)
    assert "secret" not in repr(load_credentials(file(), environ=ENVIRON))


# One of several accounts ----------------------------------------------------------------------


def test_credentials_of_an_account_come_from_its_file_its_variables_or_the_keyring(
    file: Callable[..., Path], in_keyring: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = file().parent
    file().rename(folder / "news.yaml")
    monkeypatch.setattr(FakeKeyring, "service", f"{KEYRING_SERVICE}/news-2")
    in_keyring({"access-key": "VC-ring", "api-key": "ring-secret"})
    environ = {f"{name}_NEWS_2": value for name, value in ENVIRON.items()}
    assert load_account_credentials("news", folder, environ=environ).access_key == "VC-file"
    assert load_account_credentials("news-2", folder, environ=environ).access_key == "VC-environ"
    assert load_account_credentials("news-2", folder, environ=ENVIRON).access_key == "VC-ring"
    with pytest.raises(UsageError) as caught:
        load_account_credentials("sport", folder, environ=ENVIRON)
    assert "VIOSTREAM_ACCESS_KEY_SPORT and VIOSTREAM_API_KEY_SPORT are not set" in str(caught.value)
    assert "the file sport.yaml" in str(caught.value)


def test_every_yaml_file_of_a_folder_is_an_account(tmp_path: Path) -> None:
    for name in ("sport.yaml", "news-2.yaml", "notes.txt"):
        (tmp_path / name).touch()
    assert list_accounts(tmp_path) == ["news-2", "sport"]
    (tmp_path / "Big News.yaml").touch()
    with pytest.raises(UsageError, match="'Big News' is not the name of an account"):
        list_accounts(tmp_path)
    with pytest.raises(UsageError, match="nowhere cannot be read"):
        list_accounts(tmp_path / "nowhere")


@pytest.mark.parametrize("name", ["", "-news", "News", "news_2", "news.eu", "../keys", "n" * 101])
def test_an_account_name_that_is_not_unique_as_a_variable_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="is not the name of an account"):
        checked_account_name(name)
