"""The HTTP server of the sandbox, only for this computer: the simulated API and its player pages.

`platform.py` returns the replies of the API, and `pages.py` the pages for a browser. This module
sends them, and carries out the fault of a reply: it closes the connection, waits, or sends half of
the body.
"""

import base64
import binascii
import json
import math
import socket
import socketserver
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qsl, unquote, urlsplit

from batch_import.sandbox import pages
from batch_import.sandbox.fetch import download_error
from batch_import.sandbox.media import SandboxMedia, hash_fraction
from batch_import.sandbox.pages import Page
from batch_import.sandbox.platform import API, SimulatedPlatform
from batch_import.sandbox.replies import ReplyFault, SimulatedReply, SimulatedRequest

_LOCALHOST = "127.0.0.1"
#: Maximum size of a request body in bytes. No request of the API needs more.
_MAX_BODY_BYTES = 1024 * 1024
#: Seconds after which an idle connection is closed.
_IDLE_SECONDS = 120.0


class SandboxServer:
    """Serves a simulated platform over HTTP, in background threads from `start` to `stop`.

    A context manager. The URLs of thumbnails begin with the URL of the server.

    Args:
        platform: the simulated platform.
        port: port number; 0 for any free port.
        clock: returns epoch seconds.

    Attributes:
        address: base URL of the server: `http://127.0.0.1:PORT`.
        api_base: base URL of the API.
        lock: held during every request. Other threads must hold it while they use the platform.

    Raises:
        OSError: the port is in use.
    """

    def __init__(
        self, platform: SimulatedPlatform, port: int = 0, clock: Callable[[], float] = time.time
    ) -> None:
        self.platform = platform
        self._http = _Server(platform, port, clock)
        self.address = f"http://{_LOCALHOST}:{self._http.server_port}"
        self.api_base = self.address + API
        self.lock = self._http.lock
        self._thread: threading.Thread | None = None
        self._has_served = False
        platform.origin = self.address

    def start(self) -> None:
        """Serve in a background thread."""
        self._has_served = True
        self._thread = threading.Thread(target=self.serve_forever, name="sandbox", daemon=True)
        self._thread.start()

    def serve_forever(self) -> None:
        """Serve until another thread calls `stop`, or until an exception."""
        self._has_served = True
        # Every 20 ms, it checks whether to stop. The default is half a second.
        self._http.serve_forever(poll_interval=0.02)

    def stop(self) -> None:
        """Stop serving, and close the open connections."""
        if self._has_served:
            # Without a loop that serves, shutdown() would wait forever.
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
    """Accepts connections, and closes all open connections when the server is closed."""

    daemon_threads = True
    # The usual backlog of 5 refuses connections when many workers start at once.
    request_queue_size = 128

    def __init__(self, platform: SimulatedPlatform, port: int, clock: Callable[[], float]) -> None:
        self.platform = platform
        self.clock = clock
        self.lock = threading.Lock()
        self.stopping = threading.Event()
        self._connections: set[socket.socket] = set()
        self._connections_lock = threading.Lock()
        super().__init__((_LOCALHOST, port), _Handler)

    def server_bind(self) -> None:
        # Unlike HTTPServer, this does not look up the full name of the host: that may take seconds.
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = _LOCALHOST, int(self.server_address[1])

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._connections_lock:
            self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._connections_lock:
            self._connections.discard(request)
        super().shutdown_request(request)

    def server_close(self) -> None:
        self.stopping.set()
        super().server_close()
        with self._connections_lock:
            for connection in self._connections:
                _shut_down(connection)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Print nothing: a client that disconnects is no error."""

    def answer(self, request: SimulatedRequest) -> SimulatedReply:
        """Returns the reply of the platform to a request."""
        with self.lock:
            media_count = len(self.platform.media)
            reply = self.platform.handle(request, self.clock())
            if self.platform.knobs.fetch:
                for media in self.platform.media[media_count:]:
                    self._start_download(media)
        return reply

    def _start_download(self, media: SandboxMedia) -> None:
        """Download the source of a new media in a thread. Its processing ends afterwards."""
        if media.source_url:
            processed_at, media.online_at = media.online_at, math.inf
            args = media, processed_at
            download = threading.Timer(self.platform.knobs.fetch_delay, self._download, args)
            download.daemon = True
            download.start()

    def _download(self, media: SandboxMedia, processed_at: float) -> None:
        error = download_error(media.source_url)
        with self.lock:
            media.error = error or media.error
            media.online_at = max(processed_at, self.clock())

    def page(self, path: str, range_header: str) -> Page:
        """Returns the page for a browser."""
        match path.strip("/").split("/"):
            case [""]:
                with self.lock:
                    return pages.about(
                        self.platform.counts(self.clock()), self.platform.calls.copy()
                    )
            case ["clips", name]:
                return pages.clip(name, range_header)
            case ["iframe", key]:
                return self._player(key)
            case ["thumbnails", name] if name.endswith(".svg"):
                return self._thumbnail(name.removesuffix(".svg"))
        return pages.message(404, "Nothing here", "The sandbox has no page at this address.")

    def _player(self, key: str) -> Page:
        with self.lock:
            media = self.platform.find(key)
            status = media and self.platform.status(media, self.clock())
        # `find` also accepts IDs, but a player page is requested by its media key.
        if media is None or media.key != key or status is None:
            return pages.message(404, "No such video", "The account has no video with this key.")
        if hash_fraction(self.platform.seed, f"embed/{key}") < self.platform.knobs.embed_fails:
            return pages.message(500, "Out of order", "The player cannot show this video.")
        return pages.player(media) if status == "Online" else pages.not_online(media, str(status))

    def _thumbnail(self, key: str) -> Page:
        with self.lock:
            media = self.platform.find(key)
        if media is None:
            return pages.message(404, "No such video", "The account has no video with this key.")
        return pages.thumbnail(media)


class _Handler(BaseHTTPRequestHandler):
    """Handles the requests of one connection."""

    server: _Server
    protocol_version = "HTTP/1.1"
    server_version = "ViostreamSandbox"
    sys_version = ""
    timeout = _IDLE_SECONDS
    # Headers and body are buffered and sent together. If they need two packets, Nagle's algorithm
    # would delay the second one up to 40 ms, until the first is acknowledged.
    disable_nagle_algorithm = True
    wbufsize = 256 * 1024

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  (the base class's name)
        """Print nothing: the command that runs the sandbox uses the terminal."""

    def _handle_request(self) -> None:
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

    # The base class calls these methods by their names. The platform decides which HTTP methods are
    # allowed.
    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _handle_request  # noqa: N815

    def handle_expect_100(self) -> bool:
        """Send the 100 response at once; the base class would leave it in the buffer."""
        allowed = super().handle_expect_100()
        self.wfile.flush()
        return allowed

    def _request(self, path: str, query: str, body: bytes) -> SimulatedRequest:
        username, password = _credentials(self.headers.get("Authorization", ""))
        return SimulatedRequest(
            method="GET" if self.command == "HEAD" else self.command,
            path=path,
            query=dict(parse_qsl(query, keep_blank_values=True)),
            username=username,
            password=password,
            body=_parse_json(body),
        )

    def _read_body(self) -> bytes | None:
        """Returns the body of the request; None if it was refused, with a response."""
        length = self.headers.get("Content-Length", "0").strip()
        if self.headers.get("Transfer-Encoding"):
            self._refuse_body(411, "The body's length must be given.")
        elif not (length.isascii() and length.isdecimal() and len(length) < 20):  # noqa: PLR2004
            self._refuse_body(400, "The Content-Length is not a number.")
        elif int(length) > _MAX_BODY_BYTES:
            self._refuse_body(413, "The body is longer than 1 MiB.")
        else:
            return self.rfile.read(int(length))
        return None

    def _refuse_body(self, status: int, text: str) -> None:
        # Without closing, the unread body would be read as the next request on this connection.
        self.close_connection = True
        self._send_page(pages.message(status, "Bad request", text))

    def _send_reply(self, reply: SimulatedReply) -> None:
        # The lock is not held here, so that a slow reply does not delay other requests.
        self.server.stopping.wait(reply.delay)
        if reply.fault in {ReplyFault.CUT, ReplyFault.HANG}:
            self.close_connection = True
            return
        content_type, content = _content(reply.payload)
        if reply.fault is ReplyFault.TRUNCATED:
            self.close_connection = True
        self._send(
            reply.status,
            content_type,
            content,
            reply.headers,
            is_truncated=reply.fault is ReplyFault.TRUNCATED,
        )

    def _send_page(self, page: Page) -> None:
        self._send(page.status, page.content_type, page.content, page.headers)

    def _send(
        self,
        status: int,
        content_type: str,
        content: bytes,
        headers: dict[str, str],
        *,
        is_truncated: bool = False,
    ) -> None:
        self.send_response(status)
        if content_type:
            self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(content)))
        for name, value in headers.items():
            self.send_header(name, value)
        if self.close_connection and not is_truncated:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content[: len(content) // 2] if is_truncated else content)


def _shut_down(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        # The client has already closed it.
        return


def _credentials(header: str) -> tuple[str, str]:
    """Returns user name and password of HTTP Basic credentials; both empty if there are none."""
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        username, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return "", ""
    return username, password


def _parse_json(body: bytes) -> object | None:
    """Returns the JSON value of a body; None if the body is not JSON."""
    try:
        parsed: object = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return parsed


def _content(payload: object) -> tuple[str, bytes]:
    """Returns the content type and the body for the payload of a reply."""
    if payload is None:
        return "", b""
    if isinstance(payload, str):
        return "text/html; charset=utf-8", payload.encode("utf-8", "replace")
    return "application/json; charset=utf-8", json.dumps(payload).encode()
