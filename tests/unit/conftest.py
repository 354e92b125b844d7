"""Unit tests open no socket and do not sleep."""

import socket
import time

import pytest


@pytest.fixture(autouse=True)
def _no_socket_no_sleep(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, **__: object) -> None:
        raise AssertionError("a unit test opened a socket or slept")

    monkeypatch.setattr(socket.socket, "connect", refused)
    monkeypatch.setattr(time, "sleep", refused)
