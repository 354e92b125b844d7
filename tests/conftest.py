"""What every test may use."""

import os
import shutil
import socket
from collections.abc import Callable

import pytest
from hypothesis import settings

#: Set where no test may be skipped for want of a program, as in `.ci/run`.
_REQUIRED = "REQUIRE_TEST_PROGRAMS"

# A busy machine makes no test fail.
settings.register_profile("without deadlines", deadline=None)
settings.load_profile("without deadlines")


@pytest.fixture(scope="session")
def program() -> Callable[[str], str]:
    """Finds a program; where it is missing, the test is skipped, and says why."""

    def find(name: str) -> str:
        path = shutil.which(name)
        if path is None:
            why = f"{name} is not installed: make test-programs"
            if os.environ.get(_REQUIRED):
                pytest.fail(why)
            pytest.skip(why)
        return path

    return find


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """A developer's own credentials, addresses and keyring must reach no test."""
    for name in ("ACCESS_KEY", "API_KEY", "API_BASE", "EMBED_BASE"):
        monkeypatch.delenv(f"VIOSTREAM_{name}", raising=False)
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")


@pytest.fixture(autouse=True)
def _loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test may reach a real host."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: object) -> None:
        host = address[0] if isinstance(address, tuple) else address
        if self.family != socket.AF_UNIX and host not in ("127.0.0.1", "::1", "localhost"):
            raise AssertionError(f"a test tried to reach {host}")
        connect(self, address)  # type: ignore[arg-type]

    monkeypatch.setattr(socket.socket, "connect", guarded)
