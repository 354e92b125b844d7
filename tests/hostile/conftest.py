"""Servers that answer as no honest one would, on loopback."""

import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

Handler = Callable[[socket.socket], None]


class HostileServer:
    """Accepts connections; each request that comes is left to a handler."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._closed = False
        self.requests = 0
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def close(self) -> None:
        self._closed = True
        self._listener.close()

    def _serve(self) -> None:
        while not self._closed:
            with suppress(OSError):
                connection, _ = self._listener.accept()
                threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            received = b""
            while b"\r\n\r\n" not in received:
                if not (more := connection.recv(65_536)):
                    return
                received += more
            self.requests += 1
            self._handler(connection)


@pytest.fixture
def hostile() -> Iterator[Callable[[Handler], HostileServer]]:
    """Starts a server with a handler."""
    with ExitStack() as stack:

        def start(handler: Handler) -> HostileServer:
            server = HostileServer(handler)
            stack.callback(server.close)
            return server

        yield start
