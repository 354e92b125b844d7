"""HTTP exchanges with limits on time and size, whatever the server sends.

An exchange is one request and its response. The time-outs of `requests` and urllib3 limit only the
time until the next bytes. A server that sends one byte per second could block a thread forever, and
a small compressed body could expand to gigabytes. Here the whole exchange has a deadline, and the
decompressed body has a maximum size. The number of bytes before decompression is also limited,
because http.client reads a chunk with the length -1 until the connection ends.

`BoundedSession.exchange` stores the limits for the current thread; the classes at the end, which
urllib3 uses for its connections, apply them.
"""

import math
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPException
from io import BufferedReader, RawIOBase
from typing import Any, Final, cast

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError
from urllib3.poolmanager import PoolManager
from urllib3.response import BaseHTTPResponse
from urllib3.util.wait import wait_for_read

from batch_import.errors import NoAnswer, NotSent, RequestFailed, RequestRejected, TimedOut
from batch_import.web.connection_faults import connection_fault
from batch_import.web.socket_options import SOCKET_OPTIONS

#: Maximum number of bytes per read.
_CHUNK_BYTES: Final = 64 * 1024
#: Maximum number of bytes besides the body: the lengths of chunks, and the headers, of which
#: http.client reads at most a hundred with 64 kB each.
_MAX_BYTES_BESIDE_BODY: Final = 8_000_000
#: Seconds after which a waiting reader checks whether the session must stop.
_STOP_CHECK_SECONDS: Final = 0.25


@dataclass(frozen=True, slots=True)
class ExchangeLimits:
    """The limits of one exchange, in seconds and bytes.

    Attributes:
        connect: maximum number of seconds until the connection is open.
        silence: maximum number of seconds until the next byte of the response.
        whole: maximum number of seconds for the whole exchange, with its connection.
        size: maximum size of the decompressed body in bytes.
        is_cut: whether a longer body is cut at `size`; otherwise `NoAnswer` is raised.
        grace: number of seconds for which an exchange may continue after the session was stopped.
    """

    connect: float
    silence: float
    whole: float
    size: int
    is_cut: bool = False
    grace: float = 0.0


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """A complete response. The names in `headers` are found in any letter case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class BoundedSession(requests.Session):
    """A session whose exchanges have limits. It does not follow redirects.

    Use only `exchange`; other methods have no limits. Cookies are neither parsed nor stored: they
    are not needed, a server could fill the memory with them, and http.cookiejar prints a traceback
    for a date that it cannot parse.

    Args:
        connections: number of threads that send requests at the same time.
        stop: an event that stops the session. Exchanges in progress then have only the time
            `ExchangeLimits.grace`.
        may_send: a function that returns whether this process may still send. It is called before a
            connection is opened, and before each part of a request is sent.
    """

    def __init__(
        self,
        connections: int = 1,
        stop: threading.Event | None = None,
        may_send: Callable[[], bool] = lambda: True,
    ) -> None:
        super().__init__()
        self._may_send = may_send
        self._stop = stop or threading.Event()
        adapter = _Adapter(pool_connections=1, pool_maxsize=connections)
        self.mount("http://", adapter)
        self.mount("https://", adapter)
        # Other compression formats can expand a few bytes to much larger bodies.
        self.headers["Accept-Encoding"] = "gzip, deflate"

    def get_redirect_target(self, resp: requests.Response) -> str | None:  # noqa: ARG002
        """Returns None. Otherwise requests would parse `Location`, even if it is not followed."""
        return None

    def exchange(
        self,
        request: requests.PreparedRequest,
        limits: ExchangeLimits,
        allows_ip: Callable[[str], bool] = lambda _: True,
    ) -> HttpResponse:
        """Send a request once, and receive the whole response.

        Args:
            request: the request.
            limits: limits on time and size.
            allows_ip: a function that returns whether an IP address may be contacted. It is called
                after a connection is opened, before anything is sent.

        Raises:
            RequestRejected: `allows_ip` refused the IP address.
            NotSent: no connection could be opened, or `may_send` returned False.
            NoAnswer: there was no complete response within the limits.
        """
        exchange = _Exchange(limits, self._stop, self._may_send, allows_ip)
        status: int | None = None
        try:
            with _exchange_of_this_thread(exchange):
                response = self.send(
                    request,
                    timeout=(limits.connect, limits.silence),
                    allow_redirects=False,
                    proxies=self.proxies,
                    stream=True,
                )
                status = response.status_code
                with response:
                    body = _read_body(response.raw, limits)
        except NoAnswer as too_long:
            too_long.status = status
            raise
        except requests.RequestException as error:
            raise exchange.fault or connection_fault(error) from None
        except (HTTPError, HTTPException, OSError, ValueError):
            message = "the connection was closed before the answer was complete"
            fault = NoAnswer(message, status=status)
            raise exchange.fault or fault from None
        except RuntimeError as error:  # "can't start new thread", raised while resolving the host
            raise NotSent(str(error)) from None
        return HttpResponse(response.status_code, response.headers, body)


def _read_body(raw: BaseHTTPResponse, limits: ExchangeLimits) -> bytes:
    """Returns the decompressed body; raises `NoAnswer` if it is longer than allowed."""
    chunks: list[bytes] = []
    size = 0
    # Up to one byte more than allowed is read, to find out whether the body is too long.
    while size <= limits.size:
        chunk = raw.read(min(_CHUNK_BYTES, limits.size + 1 - size), decode_content=True)
        if not chunk:
            break
        chunks.append(chunk)
        size += len(chunk)
    body = b"".join(chunks)
    if len(body) > limits.size:
        raw.close()  # the connection cannot be used again, because the rest was not read
        if not limits.is_cut:
            raise _too_long(limits.size)
    return body[: limits.size]


def _too_long(size: int) -> NoAnswer:
    return NoAnswer(f"the answer is longer than {size / 1e6:.0f} MB")


# The exchange that the current thread carries out ----------------------------------------------


class _Exchange:
    """One exchange in progress: it checks the limits.

    Attributes:
        fault: why this class ended the exchange; None if it did not.
    """

    def __init__(
        self,
        limits: ExchangeLimits,
        stop: threading.Event,
        may_send: Callable[[], bool],
        allows_ip: Callable[[str], bool],
    ) -> None:
        self._may_send = may_send
        self._allows_ip = allows_ip
        self._limits = limits
        self._deadline = time.monotonic() + limits.whole
        self._stop = stop
        self._stopped_at: float | None = None
        self._received_bytes = 0
        self.fault: RequestFailed | None = None

    def check_may_send(self) -> None:
        """Check that the next part of the request may be sent.

        Raises:
            NotSent: it may not be sent. The server then never receives the whole request.
        """
        if not self._may_send():
            raise NotSent("not sent, because another run may have taken the job over")

    def check_ip_address(self, connection: Any) -> None:
        """Check the IP address of a new connection.

        Raises:
            OSError: the IP address may not be contacted; the connection was closed.
        """
        if not self._allows_ip(connection.getpeername()[0]):
            connection.close()
            self.fault = RequestRejected("the host has a private IP address")
            raise OSError

    def remaining_seconds(self) -> float:
        """Returns the number of seconds until the deadline.

        Raises:
            TimeoutError: the deadline has passed, or the session was stopped and the time of grace
                is over.
        """
        now = time.monotonic()
        if self._stop.is_set():
            self._stopped_at = self._stopped_at or now
            if now - self._stopped_at >= self._limits.grace:
                self.fault = TimedOut("not waited for, because the command was stopped")
                raise TimeoutError
        if now >= self._deadline:
            self.fault = TimedOut(f"no complete answer within {self._limits.whole:.0f} s")
            raise TimeoutError
        return self._deadline - now

    def count_received(self, count: int) -> None:
        """Count bytes that were received.

        Raises:
            OSError: more bytes were received than the exchange allows.
        """
        self._received_bytes += count
        if self._received_bytes > self._limits.size + _MAX_BYTES_BESIDE_BODY:
            self.fault = _too_long(self._limits.size)
            raise OSError


#: Has the attribute `exchange` while the current thread carries out an exchange. urllib3 creates
#: connections itself, so the exchange cannot be passed to them as an argument.
_thread_state: Final = threading.local()


@contextmanager
def _exchange_of_this_thread(exchange: _Exchange) -> Iterator[None]:
    _thread_state.exchange = exchange
    try:
        yield
    finally:
        del _thread_state.exchange


class _BoundedReader(RawIOBase):
    """Reads from a socket, within the limits of the current thread's exchange."""

    def __init__(self, file: RawIOBase, real_socket: Any) -> None:
        self._file = file
        self._socket = real_socket
        self._max_silence_seconds: float = real_socket.gettimeout() or math.inf
        self._exchange: _Exchange = _thread_state.exchange

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        silence_ends_at = time.monotonic() + self._max_silence_seconds
        remaining_seconds = self._exchange.remaining_seconds
        while not self._wait_for_bytes(min(remaining_seconds(), _STOP_CHECK_SECONDS)):
            if time.monotonic() >= silence_ends_at:
                raise TimeoutError
        # The read can still block, if only a part of a TLS record has arrived.
        self._socket.settimeout(min(remaining_seconds(), self._max_silence_seconds))
        count = cast("int | None", self._file.readinto(buffer))
        self._exchange.count_received(count or 0)
        return count

    def _wait_for_bytes(self, seconds: float) -> bool:
        """Wait for some seconds until bytes can be read; returns whether they can."""
        # A TLS socket may already have decrypted bytes.
        pending_count = getattr(self._socket, "pending", lambda: 0)
        return pending_count() > 0 or wait_for_read(self._socket, seconds)

    def close(self) -> None:
        self._file.close()
        super().close()


class _BoundedSocket:
    """A socket whose response is read within the limits. All other methods are the socket's own."""

    def __init__(self, real_socket: Any) -> None:
        self._real_socket = real_socket

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real_socket, name)

    def makefile(self, mode: str, *_: Any, **__: Any) -> Any:
        return BufferedReader(
            _BoundedReader(self._real_socket.makefile(mode, buffering=0), self._real_socket)
        )


class _BoundedConnection:
    """A mixin for urllib3's connections: sends requests and reads responses within the limits."""

    sock: Any

    def connect(self) -> None:
        _thread_state.exchange.check_may_send()
        super().connect()  # type: ignore[misc]

    def _new_conn(self) -> Any:
        connection = super()._new_conn()  # type: ignore[misc]
        _thread_state.exchange.check_ip_address(connection)
        return connection

    def send(self, data: Any) -> None:
        # A server does not process a request before its last byte has arrived.
        _thread_state.exchange.check_may_send()
        super().send(data)  # type: ignore[misc]

    def getresponse(self) -> Any:
        with self._bounded_socket():
            response = super().getresponse()  # type: ignore[misc]
        # requests would parse cookies from these headers.
        headers = response._original_response.msg  # noqa: SLF001
        del headers["Set-Cookie"], headers["Set-Cookie2"]
        return response

    def _tunnel(self) -> None:
        with self._bounded_socket():
            super()._tunnel()  # type: ignore[misc]

    @contextmanager
    def _bounded_socket(self) -> Iterator[None]:
        """Replace the socket of the connection by a `_BoundedSocket` for a while."""
        real_socket = self.sock
        self.sock = _BoundedSocket(real_socket)
        try:
            yield
        finally:
            # urllib3 sets the socket to None if the connection ends with the response.
            self.sock = real_socket if self.sock is not None else None


class _HttpConnection(_BoundedConnection, HTTPConnection):
    pass


class _HttpsConnection(_BoundedConnection, HTTPSConnection):
    pass


class _HttpPool(HTTPConnectionPool):
    ConnectionCls = _HttpConnection


class _HttpsPool(HTTPSConnectionPool):
    ConnectionCls = _HttpsConnection


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, socket_options=SOCKET_OPTIONS, **kwargs)
        _use_bounded_pools(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(proxy, socket_options=SOCKET_OPTIONS, **kwargs)
        _use_bounded_pools(manager)
        return manager


def _use_bounded_pools(manager: PoolManager) -> None:
    manager.pool_classes_by_scheme = {"http": _HttpPool, "https": _HttpsPool}
