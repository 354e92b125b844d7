"""HTTP exchanges with limits on time and size, whatever the server sends.

The time-outs of `requests` and urllib3 limit only the time until the next bytes. A server that
sends one byte per second could block a thread forever, and a small compressed body could expand to
gigabytes. Here the whole exchange has a deadline, and the decompressed body has a maximum size. So
has what comes before it is decompressed: http.client reads a chunk with the length -1 until the
connection ends.
"""

import math
import socket
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

from batch_import.errors import NoAnswer, NotSent, RequestFailed, RequestRejected
from batch_import.web.connection_faults import connection_fault

#: Maximum number of bytes per read.
_CHUNK_BYTES: Final = 64 * 1024
#: Maximum number of bytes besides the body: headers, of which http.client reads a hundred of 64 kB
#: each, and the lengths of chunks.
_BESIDE_BODY: Final = 8_000_000
#: Seconds after which a waiting reader checks whether the session must stop.
_STOP_CHECK_SECONDS: Final = 0.25


@dataclass(frozen=True, slots=True)
class ExchangeLimits:
    """The limits of one exchange.

    Attributes:
        connect: maximum seconds until the connection is open.
        silence: maximum seconds between two bytes of the response.
        whole: maximum seconds from the first byte sent to the last byte received.
        size: maximum size of the decompressed body in bytes.
        cut: whether a longer body is cut at `size`; otherwise it raises `NoAnswer`.
        grace: seconds for which an exchange may continue after the session was stopped.
    """

    connect: float
    silence: float
    whole: float
    size: int
    cut: bool = False
    grace: float = 0.0


@dataclass(frozen=True, slots=True)
class Answer:
    """A response. `headers` is a mapping that ignores case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class BoundedSession(requests.Session):
    """A session whose exchanges have limits. It does not follow redirects.

    Use only `exchange`; other methods have no limits. Cookies are neither parsed nor kept: nobody
    needs them, every response could add megabytes, and http.cookiejar shows a traceback for dates
    that it cannot parse.

    Args:
        connections: number of threads that send requests at the same time.
        stop: once set, responses are not waited for longer than `ExchangeLimits.grace`.
        may_send: called before a connection is opened, and before each part of a request is sent.
            If it returns False, nothing more is sent.
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
        """Returns None: requests would parse `Location` even if redirects are not followed."""
        return None

    def exchange(
        self,
        request: requests.PreparedRequest,
        bounds: ExchangeLimits,
        allows_ip: Callable[[str], bool] = lambda _: True,
    ) -> Answer:
        """Send a request once, and receive the whole response.

        Args:
            allows_ip: called with the IP address of each new connection before anything is sent.
                If it returns False, the connection is closed.

        Raises:
            RequestRejected: `allows_ip` refused the IP address.
            NotSent: no connection could be opened.
            NoAnswer: there was no complete response within the limits.
        """
        limit = _Limit(bounds, self._stop, self._may_send, allows_ip)
        try:
            with _limit_for_this_thread(limit):
                reply = self.send(
                    request,
                    timeout=(bounds.connect, bounds.silence),
                    allow_redirects=False,
                    proxies=self.proxies,
                    stream=True,
                )
                with reply:
                    body = _read_body(reply.raw, bounds)
        except requests.RequestException as error:
            raise limit.fault or connection_fault(error) from None
        except (HTTPError, HTTPException, OSError, ValueError):
            cut = NoAnswer("the connection was closed before the answer was complete")
            raise limit.fault or cut from None
        except RuntimeError as error:  # "can't start new thread", raised while resolving the host
            raise NotSent(str(error)) from None
        return Answer(reply.status_code, reply.headers, body)


def _read_body(raw: BaseHTTPResponse, bounds: ExchangeLimits) -> bytes:
    chunks: list[bytes] = []
    size = 0
    # One more byte is read, to distinguish a body that is too long from one of the exact size.
    while size <= bounds.size and (
        chunk := raw.read(min(_CHUNK_BYTES, bounds.size + 1 - size), decode_content=True)
    ):
        chunks.append(chunk)
        size += len(chunk)
    body = b"".join(chunks)
    if len(body) > bounds.size:
        raw.close()  # the rest is not read, so the connection cannot be used again
        if not bounds.cut:
            raise _too_long(bounds.size)
    return body[: bounds.size]


def _too_long(size: int) -> NoAnswer:
    return NoAnswer(f"the answer is longer than {size / 1e6:.0f} MB")


# The limit of the exchange that the current thread carries out --------------------------------


class _Limit:
    """The limits of one exchange: its time, and its bytes.

    Attributes:
        fault: why the exchange was ended; None if it was not.
    """

    def __init__(
        self,
        bounds: ExchangeLimits,
        stop: threading.Event,
        may_send: Callable[[], bool],
        allows_ip: Callable[[str], bool],
    ) -> None:
        self._may_send = may_send
        self._allows_ip = allows_ip
        self._total_seconds = bounds.whole
        self._deadline = time.monotonic() + bounds.whole
        self._grace_seconds = bounds.grace
        self._stop = stop
        self._stopped_at: float | None = None
        self._size = bounds.size
        self._received = 0
        self.fault: RequestFailed | None = None

    def admit(self) -> None:
        """Allow a part of the request to be sent.

        Raises:
            NotSent: it may not be sent; therefore the platform never gets the whole request.
        """
        if not self._may_send():
            raise NotSent("not sent, because another run may have taken the job over")

    def check_peer(self, connection: Any) -> None:
        """Close a connection to an IP address that may not be contacted.

        Raises:
            OSError: the connection was closed.
        """
        if not self._allows_ip(connection.getpeername()[0]):
            connection.close()
            self.fault = RequestRejected("the host has a private IP address")
            raise OSError

    def remaining(self) -> float:
        """Returns the seconds until the deadline.

        Raises:
            TimeoutError: the deadline has passed, or the session was stopped.
        """
        now = time.monotonic()
        if self._stop.is_set():
            self._stopped_at = self._stopped_at or now
            if now - self._stopped_at >= self._grace_seconds:
                self.fault = NoAnswer("not waited for, because the command was stopped")
                raise TimeoutError
        if now >= self._deadline:
            self.fault = NoAnswer(f"no complete answer within {self._total_seconds:.0f} s")
            raise TimeoutError
        return self._deadline - now

    def received(self, count: int) -> None:
        """Count bytes that were received.

        Raises:
            OSError: there are more than the exchange may take.
        """
        self._received += count
        if self._received > self._size + _BESIDE_BODY:
            self.fault = _too_long(self._size)
            raise OSError


_thread_state: Final = threading.local()


@contextmanager
def _limit_for_this_thread(limit: _Limit) -> Iterator[None]:
    _thread_state.limit = limit
    try:
        yield
    finally:
        del _thread_state.limit


class _BoundedReader(RawIOBase):
    """Reads from a socket, within the limit of the exchange of the current thread."""

    def __init__(self, file: RawIOBase, real_socket: Any) -> None:
        self._file = file
        self._socket = real_socket
        self._max_silence_seconds: float = real_socket.gettimeout() or math.inf
        self._limit: _Limit = _thread_state.limit

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        silence_ends_at = time.monotonic() + self._max_silence_seconds
        while not self._wait_for_bytes(min(self._limit.remaining(), _STOP_CHECK_SECONDS)):
            if time.monotonic() >= silence_ends_at:
                raise TimeoutError
        # The available bytes may be only a part of an encrypted record, so the read can block.
        self._socket.settimeout(min(self._limit.remaining(), self._max_silence_seconds))
        count = cast("int | None", self._file.readinto(buffer))
        self._limit.received(count or 0)
        return count

    def _wait_for_bytes(self, seconds: float) -> bool:
        pending = getattr(self._socket, "pending", None)
        return bool(pending and pending()) or wait_for_read(self._socket, seconds)

    def close(self) -> None:
        self._file.close()
        super().close()


class _BoundedSocket:
    """A socket whose response is read within the limit. Everything else is passed through."""

    def __init__(self, real_socket: Any) -> None:
        self._real_socket = real_socket

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real_socket, name)

    def makefile(self, mode: str, *_: Any, **__: Any) -> Any:
        return BufferedReader(
            _BoundedReader(self._real_socket.makefile(mode, buffering=0), self._real_socket)
        )


class _BoundedConnection:
    """Mixin for urllib3's connections: reads responses with limits."""

    sock: Any

    def connect(self) -> None:
        _thread_state.limit.admit()
        super().connect()  # type: ignore[misc]

    def _new_conn(self) -> Any:
        connection = super()._new_conn()  # type: ignore[misc]
        _thread_state.limit.check_peer(connection)
        return connection

    def send(self, data: Any) -> None:
        # A server does not act on a request before its last byte is there.
        _thread_state.limit.admit()
        super().send(data)  # type: ignore[misc]

    def getresponse(self) -> Any:
        with self._bounded_socket():
            answer = super().getresponse()  # type: ignore[misc]
        # requests reads cookies from here.
        headers = answer._original_response.msg  # noqa: SLF001
        del headers["Set-Cookie"], headers["Set-Cookie2"]
        return answer

    def _tunnel(self) -> None:
        with self._bounded_socket():
            super()._tunnel()  # type: ignore[misc]

    @contextmanager
    def _bounded_socket(self) -> Iterator[None]:
        real_socket = self.sock
        self.sock = _BoundedSocket(real_socket)
        try:
            yield
        finally:
            # urllib3 sets it to None if the connection ends with the response.
            self.sock = real_socket if self.sock is not None else None


#: Bytes that nobody confirms for so long are given up, also those of a process that has ended:
#: the longest that an answer is waited for by default, in milliseconds.
_UNCONFIRMED: Final = 60_000
_SOCKET_OPTIONS: Final = [
    *HTTPConnection.default_socket_options,
    *(
        [(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _UNCONFIRMED)]
        if hasattr(socket, "TCP_USER_TIMEOUT")
        else []
    ),
]


class _HttpConnection(_BoundedConnection, HTTPConnection):
    default_socket_options = _SOCKET_OPTIONS


class _HttpsConnection(_BoundedConnection, HTTPSConnection):
    default_socket_options = _SOCKET_OPTIONS


class _HttpPool(HTTPConnectionPool):
    ConnectionCls = _HttpConnection


class _HttpsPool(HTTPSConnectionPool):
    ConnectionCls = _HttpsConnection


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        _use_bounded_pools(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **kwargs)
        _use_bounded_pools(manager)
        return manager


def _use_bounded_pools(manager: PoolManager) -> None:
    manager.pool_classes_by_scheme = {"http": _HttpPool, "https": _HttpsPool}
