"""One HTTP exchange that ends: bounded in time and in size, whatever the other side sends.

Time-outs of `requests` and urllib3 bound the wait for the next bytes only, so that an answer of one
byte a second holds a thread for ever; and a small compressed body may unpack to gigabytes. Here the
whole exchange has a deadline, and a body a most number of bytes after it is unpacked. This file
must not know what is asked, nor of whom.
"""

import math
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPException
from io import BufferedReader, RawIOBase
from typing import Any, Final, cast

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError, MaxRetryError, NewConnectionError
from urllib3.poolmanager import PoolManager
from urllib3.response import BaseHTTPResponse
from urllib3.util.wait import wait_for_read

from batch_import.errors import CallFailed, NoAnswer, NotSent

#: Bytes that are read at once.
_CHUNK: Final = 64 * 1024
#: Seconds after which a reader looks whether it is to stop.
_NAP: Final = 0.25


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much one exchange may take.

    Attributes:
        connect: seconds until the connection is open.
        silence: seconds between two bytes of the answer.
        whole: seconds from the first byte sent to the last byte received.
        size: bytes of the body, unpacked.
        cut: a body that is longer is cut there; otherwise it is no answer.
        grace: seconds that the exchange may still take once the session is to stop.
    """

    connect: float
    silence: float
    whole: float
    size: int
    cut: bool = False
    grace: float = 0.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. `headers` are looked up without regard to case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Exchanges(requests.Session):
    """A session whose exchanges are bounded, and which follows no redirect.

    Use `exchange`; nothing else here is bounded.

    Args:
        connections: how many threads will call at once.
        stop: once set, no answer is waited for beyond `Bounds.grace`.
    """

    def __init__(self, connections: int = 1, stop: threading.Event | None = None) -> None:
        super().__init__()
        self._stop = stop or threading.Event()
        adapter = _Adapter(pool_connections=1, pool_maxsize=connections)
        self.mount("http://", adapter)
        self.mount("https://", adapter)
        # What else a server may pack with, a few bytes may unpack to far more.
        self.headers["Accept-Encoding"] = "gzip, deflate"

    def get_redirect_target(self, resp: requests.Response) -> str | None:  # noqa: ARG002
        """Nowhere: requests would parse the header even of a redirect that is not followed."""
        return None

    def exchange(self, request: requests.PreparedRequest, bounds: Bounds) -> Answer:
        """Send a request, once, and receive the whole answer.

        Raises:
            NotSent: no connection could be opened.
            NoAnswer: anything else than a whole answer within the bounds.
        """
        limit = _Limit(bounds, self._stop)
        try:
            with _limited(limit):
                reply = self.send(
                    request,
                    timeout=(bounds.connect, bounds.silence),
                    allow_redirects=False,
                    proxies=self.proxies,
                    stream=True,
                )
                with reply:
                    body = _body(reply.raw, bounds)
        except requests.RequestException as error:
            raise limit.fault or connection_fault(error) from None
        except (HTTPError, HTTPException, OSError, ValueError):
            cut = NoAnswer("the connection was cut before the whole answer came")
            raise limit.fault or cut from None
        except RuntimeError as error:  # "can't start new thread", by a resolver
            raise NotSent(str(error)) from None
        return Answer(reply.status_code, reply.headers, body)


def _body(raw: BaseHTTPResponse, bounds: Bounds) -> bytes:
    chunks: list[bytes] = []
    size = 0
    # One byte more tells a body that is too long from one that just fits.
    while size <= bounds.size and (
        chunk := raw.read(min(_CHUNK, bounds.size + 1 - size), decode_content=True)
    ):
        chunks.append(chunk)
        size += len(chunk)
    body = b"".join(chunks)
    if len(body) > bounds.size:
        raw.close()  # the rest is not read, so that the connection is of no more use
        if not bounds.cut:
            raise NoAnswer(f"the answer is longer than {bounds.size / 1e6:.0f} MB")
    return body[: bounds.size]


def connection_fault(error: requests.RequestException) -> CallFailed:
    """Tell a call that surely never left from one that may have arrived."""
    cause = error.args[0] if error.args else None
    reason = cause.reason if isinstance(cause, MaxRetryError) else cause
    if isinstance(error, requests.ConnectTimeout):
        return NotSent("no connection within the time-out")
    if isinstance(reason, NewConnectionError):
        return NotSent("the connection was refused, or the host name is not known")
    if isinstance(error, requests.exceptions.ProxyError):
        return NotSent("the proxy gave no connection")
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return NotSent("the platform's certificate could not be verified")
    if isinstance(error, requests.Timeout):
        return NoAnswer("no answer within the time-out")
    return NoAnswer("the connection was cut before the whole answer came")


# The limit of the exchange that this thread is in ----------------------------------------------


class _Limit:
    """When one exchange has to end.

    Attributes:
        fault: why it was ended; None while it was not.
    """

    def __init__(self, bounds: Bounds, stop: threading.Event) -> None:
        self._whole = bounds.whole
        self._deadline = time.monotonic() + bounds.whole
        self._grace = bounds.grace
        self._stop = stop
        self._stopped_at: float | None = None
        self.fault: NoAnswer | None = None

    def left(self) -> float:
        """Seconds until the deadline.

        Raises:
            TimeoutError: it has passed, or the session is to stop.
        """
        now = time.monotonic()
        if self._stop.is_set():
            self._stopped_at = self._stopped_at or now
            if now - self._stopped_at >= self._grace:
                self.fault = NoAnswer("not waited for, because the command was stopped")
                raise TimeoutError
        if now >= self._deadline:
            self.fault = NoAnswer(f"no whole answer within {self._whole:.0f} s")
            raise TimeoutError
        return self._deadline - now


_here: Final = threading.local()


@contextmanager
def _limited(limit: _Limit) -> Iterator[None]:
    _here.limit = limit
    try:
        yield
    finally:
        del _here.limit


class _BoundedReader(RawIOBase):
    """Reads a socket's file; no read goes on beyond the limit of the exchange."""

    def __init__(self, file: RawIOBase, link: Any) -> None:
        self._file = file
        self._link = link
        self._most: float = link.gettimeout() or math.inf
        self._limit: _Limit = _here.limit

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        silent_at = time.monotonic() + self._most
        while not self._has_bytes(min(self._limit.left(), _NAP)):
            if time.monotonic() >= silent_at:
                raise TimeoutError
        # What was announced may still be a part of an encrypted record only.
        self._link.settimeout(min(self._limit.left(), self._most))
        return cast("int | None", self._file.readinto(buffer))

    def _has_bytes(self, seconds: float) -> bool:
        pending = getattr(self._link, "pending", None)
        return bool(pending and pending()) or wait_for_read(self._link, seconds)

    def close(self) -> None:
        self._file.close()
        super().close()


class _BoundedSocket:
    """A socket whose answer is read within the limit; all else is the socket's own."""

    def __init__(self, real: Any) -> None:
        self._real = real

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def makefile(self, mode: str, *_: Any, **__: Any) -> Any:
        return BufferedReader(_BoundedReader(self._real.makefile(mode, buffering=0), self._real))


class _Bounded:
    """What both kinds of connections do otherwise than urllib3's."""

    sock: Any

    def getresponse(self) -> Any:
        with self._bounded():
            return super().getresponse()  # type: ignore[misc]

    def _tunnel(self) -> None:
        with self._bounded():
            super()._tunnel()  # type: ignore[misc]

    @contextmanager
    def _bounded(self) -> Iterator[None]:
        real = self.sock
        self.sock = _BoundedSocket(real)
        try:
            yield
        finally:
            # None: the answer ends with the connection.
            self.sock = real if self.sock is not None else None


class _HttpConnection(_Bounded, HTTPConnection):
    pass


class _HttpsConnection(_Bounded, HTTPSConnection):
    pass


class _HttpPool(HTTPConnectionPool):
    ConnectionCls = _HttpConnection


class _HttpsPool(HTTPSConnectionPool):
    ConnectionCls = _HttpsConnection


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        _bound(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **kwargs)
        _bound(manager)
        return manager


def _bound(manager: PoolManager) -> None:
    manager.pool_classes_by_scheme = {"http": _HttpPool, "https": _HttpsPool}
