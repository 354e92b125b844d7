"""The stand-in over HTTP, on this computer alone: the platform's API, and its player pages.

A thin shell: what an answer says is the model's matter, what a browser sees is `pages.py`'s.
Here a fault becomes real: a connection that is cut, hangs, or breaks off. This file must not
know what a call means.
"""

import base64
import binascii
import json
import socket
import socketserver
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qsl, unquote, urlsplit

from batch_import.sandbox import pages
from batch_import.sandbox.media import stable_share
from batch_import.sandbox.model import API, Platform
from batch_import.sandbox.pages import Page
from batch_import.sandbox.replies import Reply, ReplyFault, Request

_LOCALHOST = "127.0.0.1"
#: A body beyond this is not read: no call of the API needs more.
_MAX_BODY = 1024 * 1024
#: Seconds after which an idle connection is closed.
_IDLE = 120.0


class SandboxServer:
    """The platform's stand-in, serving at `address`.

    A context manager: it serves in threads of its own from `start` to `stop`. The platform's
    thumbnails are given under the server's address.

    Args:
        port: 0 for any that is free.
        clock: gives epoch seconds.

    Raises:
        OSError: the port is taken.
    """

    def __init__(
        self, platform: Platform, port: int = 0, clock: Callable[[], float] = time.time
    ) -> None:
        self.platform = platform
        self._http = _Server(platform, port, clock)
        self.address = f"http://{_LOCALHOST}:{self._http.server_port}"
        self.api_base = self.address + API
        #: Held by every call; whoever reads the platform of a running server may hold it too.
        self.lock = self._http.lock
        self._thread: threading.Thread | None = None
        self._served = False
        platform.origin = self.address

    def start(self) -> None:
        """Serve in the background."""
        self._served = True
        self._thread = threading.Thread(target=self.serve_forever, name="sandbox", daemon=True)
        self._thread.start()

    def serve_forever(self) -> None:
        """Serve until `stop` is called from another thread, or an exception ends it."""
        self._served = True
        # Often asked whether to stop, so that stopping takes no half second.
        self._http.serve_forever(poll_interval=0.02)

    def stop(self) -> None:
        """Serve no more, and cut the connections that are open."""
        if self._served:
            # It waits for the loop to end; without a loop ever it would wait for good.
            self._http.shutdown()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self._http.server_close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()


class _Server(ThreadingHTTPServer):
    """Accepts connections, and remembers them so that they can be cut."""

    daemon_threads = True
    # The usual backlog of 5 refuses connections when many workers start at once.
    request_queue_size = 128

    def __init__(self, platform: Platform, port: int, clock: Callable[[], float]) -> None:
        self.platform = platform
        self.clock = clock
        self.lock = threading.Lock()
        self.stopping = threading.Event()
        self._open: set[socket.socket] = set()
        self._open_lock = threading.Lock()
        super().__init__((_LOCALHOST, port), _Handler)

    def server_bind(self) -> None:
        # HTTPServer asks the resolver for the host's full name here, which may take seconds.
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = _LOCALHOST, int(self.server_address[1])

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._open_lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._open_lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def server_close(self) -> None:
        self.stopping.set()
        super().server_close()
        with self._open_lock:
            for connection in self._open:
                _cut(connection)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a client that went away is no news, and the terminal is not ours."""

    def answer(self, request: Request) -> Reply:
        """Let the model answer one call."""
        with self.lock:
            return self.platform.handle(request, self.clock())

    def page(self, path: str, wanted: str) -> Page:
        """Find the page for a browser."""
        match path.strip("/").split("/"):
            case [""]:
                with self.lock:
                    return pages.about(
                        self.platform.counts(self.clock()), self.platform.calls.copy()
                    )
            case ["clips", name]:
                return pages.clip(name, wanted)
            case ["iframe", key]:
                return self._player(key)
            case ["thumbnails", name] if name.endswith(".svg"):
                return self._thumbnail(name.removesuffix(".svg"))
        return pages.message(404, "Nothing here", "The sandbox has no page at this address.")

    def _player(self, key: str) -> Page:
        with self.lock:
            media = self.platform.find(key)
            status = media and self.platform.status(media, self.clock())
        if media is None or media.key != key or status is None:
            return pages.message(404, "No such video", "The account has no video with this key.")
        if stable_share(self.platform.seed, f"embed/{key}") < self.platform.knobs.embed_fails:
            return pages.message(500, "Out of order", "The player cannot show this video.")
        return pages.player(media) if status == "Online" else pages.not_online(media, str(status))

    def _thumbnail(self, key: str) -> Page:
        with self.lock:
            media = self.platform.find(key)
        if media is None:
            return pages.message(404, "No such video", "The account has no video with this key.")
        return pages.thumbnail(media)


class _Handler(BaseHTTPRequestHandler):
    """One connection, from one call to the next."""

    server: _Server
    protocol_version = "HTTP/1.1"
    server_version = "ViostreamSandbox"
    sys_version = ""
    timeout = _IDLE
    # Head and body leave in one packet, and where they do not fit, without waiting for the first
    # one's receipt: else Nagle's algorithm delays every answer by 40 ms.
    disable_nagle_algorithm = True
    wbufsize = 256 * 1024

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  (the base class's name)
        """Say nothing: the terminal belongs to the command that runs the sandbox."""

    def _serve(self) -> None:
        body = self._read_body()
        if body is None:
            return
        try:
            url = urlsplit(self.path)
        except ValueError:
            self._send_page(pages.message(400, "Bad request", "The address cannot be read."))
            return
        path = unquote(url.path)
        if path == API or path.startswith(API + "/"):
            self._send_reply(self.server.answer(self._request(path, url.query, body)))
        elif self.command in {"GET", "HEAD"}:
            self._send_page(self.server.page(path, self.headers.get("Range", "")))
        else:
            self._send_page(pages.message(405, "Not allowed", "Pages can only be read."))

    # The base class looks for these names; it is the model that knows which method is allowed.
    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _serve  # noqa: N815

    def handle_expect_100(self) -> bool:
        """Let the body come at once: the base class would leave the word in the buffer."""
        allowed = super().handle_expect_100()
        self.wfile.flush()
        return allowed

    def _request(self, path: str, query: str, body: bytes) -> Request:
        username, password = _credentials(self.headers.get("Authorization", ""))
        return Request(
            method="GET" if self.command == "HEAD" else self.command,
            path=path,
            query=dict(parse_qsl(query, keep_blank_values=True)),
            username=username,
            password=password,
            body=_parsed(body),
        )

    def _read_body(self) -> bytes | None:
        """Read the request's body; None where that is refused, and said."""
        length = self.headers.get("Content-Length", "0").strip()
        if self.headers.get("Transfer-Encoding"):
            self._refuse_body(411, "The body's length must be given.")
        elif not (length.isascii() and length.isdecimal() and len(length) < 20):  # noqa: PLR2004
            self._refuse_body(400, "The Content-Length is not a number.")
        elif int(length) > _MAX_BODY:
            self._refuse_body(413, "The body is longer than 1 MiB.")
        else:
            return self.rfile.read(int(length))
        return None

    def _refuse_body(self, status: int, text: str) -> None:
        # What follows on this connection would be the body: it cannot be used any more.
        self.close_connection = True
        self._send_page(pages.message(status, "Bad request", text))

    def _send_reply(self, reply: Reply) -> None:
        # Outside of the lock: a slow answer must not make the others slow.
        self.server.stopping.wait(reply.delay)
        if reply.fault in {ReplyFault.CUT, ReplyFault.HANG}:
            self.close_connection = True
            return
        kind, content = _content(reply.payload)
        if reply.fault is ReplyFault.TRUNCATED:
            self.close_connection = True
        self._send(
            reply.status, kind, content, reply.headers, cut=reply.fault is ReplyFault.TRUNCATED
        )

    def _send_page(self, page: Page) -> None:
        self._send(page.status, page.kind, page.content, page.headers)

    def _send(
        self, status: int, kind: str, content: bytes, headers: dict[str, str], *, cut: bool = False
    ) -> None:
        self.send_response(status)
        if kind:
            self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        for name, value in headers.items():
            self.send_header(name, value)
        if self.close_connection and not cut:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content[: len(content) // 2] if cut else content)


def _cut(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        # Its other end was faster.
        return


def _credentials(header: str) -> tuple[str, str]:
    """Read HTTP Basic credentials; empty ones where there are none."""
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        username, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return "", ""
    return username, password


def _parsed(body: bytes) -> object | None:
    """Read JSON; None for what is none."""
    try:
        parsed: object = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return parsed


def _content(payload: object) -> tuple[str, bytes]:
    if payload is None:
        return "", b""
    if isinstance(payload, str):
        return "text/html; charset=utf-8", payload.encode("utf-8", "replace")
    return "application/json; charset=utf-8", json.dumps(payload).encode()
