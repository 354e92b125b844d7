"""A web server for sources on this machine: it serves videos, and all kinds of other answers."""

import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

MP4 = b"\x00\x00\x00\x20ftypisom\x00\x00\x02\x00isomiso2avc1mp41" + bytes(20_000)
WEBM = b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01" + bytes(20_000)
LOGIN = b"<!DOCTYPE html><html><title>Sign in</title><input type='password'></html>"


class SourceHost(ThreadingHTTPServer):
    """Records every request, as (path, headers)."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.stopping = threading.Event()
        self.origin = f"127.0.0.1:{self.server_port}"
        self.address = f"http://{self.origin}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Do not report a client that closed its connection."""

    def paths(self) -> list[str]:
        return [path for path, _ in self.asked]


class _Handler(BaseHTTPRequestHandler):
    server: SourceHost
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing."""

    def do_GET(self) -> None:
        self.server.asked.append((self.path, dict(self.headers.items())))
        name, _, rest = self.path.lstrip("/").partition("/")
        answer: Callable[[str], None] = getattr(self, f"_{name.partition('?')[0]}", self._missing)
        answer(rest)

    # Each method below answers the paths that begin with its name.

    def _video(self, rest: str) -> None:
        del rest
        self._ranged(MP4, "video/mp4")

    def _webm(self, rest: str) -> None:
        del rest
        self._ranged(WEBM, "video/webm")

    def _norange(self, rest: str) -> None:
        del rest
        self._send(200, MP4, "application/octet-stream")

    def _login(self, rest: str) -> None:
        del rest
        self._send(200, LOGIN, "text/html")

    def _words(self, rest: str) -> None:
        del rest
        self._send(200, b"This is no video. " * 1000, "video/mp4")

    def _empty(self, rest: str) -> None:
        del rest
        self._send(200, b"", "video/mp4")

    def _status(self, rest: str) -> None:
        self._send(int(rest), b"no", "text/plain")

    def _to(self, rest: str) -> None:
        self._redirect("/" + rest)

    def _away(self, rest: str) -> None:
        self._redirect(rest)

    def _circle(self, rest: str) -> None:
        self._redirect(f"/circle/{len(rest)}{rest}")

    def _cut(self, rest: str) -> None:
        del rest
        self._head(200, "video/mp4", len(MP4))
        self.wfile.write(MP4[:100])
        self.close_connection = True

    def _silent(self, rest: str) -> None:
        del rest
        self.server.stopping.wait(30)
        self.close_connection = True

    def _drip(self, rest: str) -> None:
        """Send a header line without end, one byte at a time."""
        del rest
        self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        while not self.server.stopping.wait(0.05):
            self.wfile.write(b"a")

    def _missing(self, rest: str) -> None:
        del rest
        self._send(404, b"no such file", "text/plain")

    def _ranged(self, content: bytes, kind: str) -> None:
        first, _, last = self.headers["Range"].removeprefix("bytes=").partition("-")
        part = content[int(first) : int(last) + 1]
        self._head(206, kind, len(part), {"Content-Range": f"bytes {first}-{last}/{len(content)}"})
        self.wfile.write(part)

    def _redirect(self, location: str) -> None:
        self._head(302, "text/plain", 0, {"Location": location})

    def _send(self, status: int, content: bytes, kind: str) -> None:
        self._head(status, kind, len(content))
        self.wfile.write(content)

    def _head(
        self, status: int, kind: str, length: int, headers: dict[str, str] | None = None
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(length))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()


@contextmanager
def serving(context: ssl.SSLContext | None = None) -> Iterator[SourceHost]:
    host = SourceHost()
    if context:
        host.socket = context.wrap_socket(host.socket, server_side=True)
    thread = threading.Thread(target=host.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield host
    finally:
        host.stopping.set()
        host.shutdown()
        thread.join()
        host.server_close()


def wait_until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    """Wait until a condition is met; fail after some seconds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)
