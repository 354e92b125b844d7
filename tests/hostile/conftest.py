"""A server on this machine that sends answers which a correct server never sends."""

import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

#: Sends an answer on a connection whose request has been read.
Handler = Callable[[socket.socket], None]


class HostileServer:
    """Accepts connections, reads a request from each, and calls a handler that sends the answer."""

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
                new_bytes = connection.recv(65_536)
                if not new_bytes:
                    return
                received += new_bytes
            self.requests += 1
            self._handler(connection)


@pytest.fixture
def hostile() -> Iterator[Callable[[Handler], HostileServer]]:
    """Returns a function that starts a server with a handler."""
    with ExitStack() as stack:

        def start(handler: Handler) -> HostileServer:
            server = HostileServer(handler)
            stack.callback(server.close)
            return server

        yield start
