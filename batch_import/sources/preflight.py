"""Preflight: what the source hosts really serve, asked as the platform's fetcher would ask.

The only file here that opens connections. Manifests are untrusted, and so is what a name
resolves to: every address of every hop is checked before it is contacted, and the checked address
is the one that is contacted, so that no second answer of a name server can lead elsewhere. For
the same reason proxies are not used. Which source is asked next is decided in `host_queues.py`.
This file must not know what a good answer is (`contents.py`), nor what becomes of its findings.
"""

import http.client
import ipaddress
import socket
import ssl
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final, Self
from urllib.parse import unquote_to_bytes, urljoin

import certifi

from batch_import import __version__
from batch_import.addresses.urls import Url, parse, requestable
from batch_import.manifest.rules import hosts
from batch_import.manifest.rules.violation import Violation, warning
from batch_import.models import VideoSource
from batch_import.sources import contents
from batch_import.sources.batch import Batch, SourceCheck
from batch_import.sources.contents import SourceResponse
from batch_import.sources.deadlines import Deadline, RequestDeadlines
from batch_import.sources.host_queues import HostQueues
from batch_import.web.session import own_certificates

#: Sources asked at once: hosts that answer in 100 ms are then asked 640 times a second.
_THREADS: Final = 64
#: Seconds that an answer of the name server is good for.
_KNOWN_FOR: Final = 60.0
#: Seconds that a connection may take to open, and the whole of a request.
_CONNECT_WITHIN: Final = 5.0
_ANSWER_WITHIN: Final = 15.0
_HOPS: Final = 10
_REDIRECTS: Final = (301, 302, 303, 307, 308)
#: A name that does not exist; the same on Windows, and one that has no address.
_NO_NAME: Final = (socket.EAI_NONAME, 11001, getattr(socket, "EAI_NODATA", socket.EAI_NONAME))
#: Of OpenSSL: an issuer is not known. It may be our list of them that lacks it.
_OUR_TRUST: Final = (2, 19, 20, 21)
_PORT_DIGITS: Final = 5
_HEADERS: Final = {
    "User-Agent": f"viostream-batch-import/{__version__} (preflight)",
    "Accept": "*/*",
    "Accept-Encoding": "identity",
    "Range": f"bytes=0-{contents.START - 1}",
    "Connection": "close",
}

_PRIVATE = Violation(
    "source-private",
    "the source leads to an address inside of a network, which the platform cannot reach",
    "Give an address that works from the internet, without a VPN.",
)
_NO_HOST = Violation("source-host", "there is no such host", "Correct the host of the URL.")
_NOWHERE = Violation(
    "source-redirect",
    "the host redirects to what is no web address",
    "Open the URL in a private window of a browser, and give the address that it ends at.",
)
_CIRCLE = Violation("source-redirect", f"the host redirects more than {_HOPS} times", _NOWHERE.hint)
_CERTIFICATE = Violation(
    "source-certificate",
    "the certificate of the host does not hold",
    "Have the host's certificate renewed, or give another address of the file.",
)


class Preflight:
    """Asks for the first bytes of sources, many hosts at a time. A context manager.

    A host that gives no connection is tried once for all of its sources, and again a minute later.

    Args:
        stop: set it to end early; what was not asked is then left out.
        platform: the host of the API. A source's host is only said not to exist where this one
            is found, for else the network here is at fault.
        own_host: `host:port` that may be asked although it is private: the sandbox's own, in
            rehearsals and tests.
        resolve: as `socket.getaddrinfo`.
        answer_within: seconds for the whole of a request.
    """

    def __init__(
        self,
        stop: threading.Event,
        platform: str,
        *,
        own_host: str = "",
        resolve: Callable[..., list[Any]] = socket.getaddrinfo,
        answer_within: float = _ANSWER_WITHIN,
    ) -> None:
        self._stop = stop
        self._platform = platform
        self._own_host = own_host
        self._resolve = resolve
        self._answer_within = answer_within
        self._trust = _trust()
        self._lock = threading.Lock()
        self._queues = HostQueues()
        #: Why a host is down, as long as `_queues` says that it is.
        self._down: dict[str, Violation] = {}
        self._known: dict[str, tuple[float, list[str] | OSError]] = {}
        self._open = ExitStack()
        self._deadlines = self._open.enter_context(RequestDeadlines())
        self._pool = ThreadPoolExecutor(_THREADS, "preflight")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._pool.shutdown(cancel_futures=True)
        self._open.close()

    def ask(self, sources: Iterable[VideoSource]) -> Iterator[SourceCheck]:
        """Ask for some sources, all at once; yield what was found, in their order."""
        batch = Batch(list(sources), self._lock, self._queues, self._stop)
        for _ in range(min(_THREADS, len(batch.sources))):
            self._pool.submit(self._work, batch)
        yield from batch.findings()

    def _work(self, batch: Batch) -> None:
        """Ask for one source after the other, until none is left."""
        while (taken := batch.take()) is not None:
            number, host = taken
            violation = self._why_down(host)
            finding = SourceCheck(batch.sources[number], violation) if violation else None
            batch.finish(number, host, finding or self._ask(batch.sources[number]))
            if violation := self._why_down(host):
                batch.give_up(host, violation)

    def _ask(self, source: VideoSource) -> SourceCheck | None:
        try:
            reply = self._follow(requestable(source.url))
        except _Refused as refused:
            return SourceCheck(source, refused.violation)
        except (OSError, http.client.HTTPException) as error:
            return None if self._stop.is_set() else SourceCheck(source, _unreachable(error))
        if reply is None:
            return None
        return SourceCheck(source, contents.violation_of(reply, source.extension), reply.size)

    def _follow(self, address: str) -> SourceResponse | None:
        """Go where a URL leads, hop by hop; None where the run is to stop."""
        for hop in range(_HOPS + 1):
            url = self._fit(address)
            if violation := self._why_down(url.origin):
                raise _Refused(violation)
            if hop and not self._wait_for_turn(url.origin):
                return None
            reply = self._get(url)
            location = reply.headers.get("location")
            if reply.status not in _REDIRECTS or not location:
                return reply
            address = _joined(address, location)
        raise _Refused(_CIRCLE)

    def _wait_for_turn(self, host: str) -> bool:
        """Wait until a host may be asked out of the row; False where the run is to stop."""
        with self._lock:
            seconds = self._queues.reserve(host, time.monotonic())
        return not self._stop.wait(seconds) if seconds else not self._stop.is_set()

    def _why_down(self, host: str) -> Violation | None:
        with self._lock:
            down = self._queues.is_down(host, time.monotonic())
            return self._down.get(host) if down else None

    def _fit(self, address: str) -> Url:
        """Take a hop's URL apart, unless it is known to be unfit before its host is looked up."""
        url = parse(requestable(address))
        if url is None or len(url.port) > _PORT_DIGITS:
            raise _Refused(_NOWHERE)
        violation = hosts.violation_of(url.host) if url.origin != self._own_host else None
        if violation:
            raise _Refused(_PRIVATE if violation.code == "url-private" else _NOWHERE)
        return url

    def _get(self, url: Url) -> SourceResponse:
        with self._deadlines.within(self._answer_within) as deadline:
            link = self._linked(url, deadline)
            # It has a socket, so it opens none of its own.
            connection = http.client.HTTPConnection(url.host)
            connection.sock = link
            connection.request("GET", _target(url), headers={**_HEADERS, **_addressed(url)})
            response = connection.getresponse()
            headers = {name.lower(): _text(value) for name, value in response.getheaders()}
            return SourceResponse(response.status, headers, response.read(contents.START))

    def _linked(self, url: Url, deadline: Deadline) -> socket.socket:
        """Open a connection. What goes wrong here is the host's, and counts for all its sources."""
        try:
            link = deadline.watch(self._connect(url))
            if url.scheme.lower() == "https":
                secured = self._secured(link, url.host)
                link = deadline.watch(secured)
                secured.do_handshake()
        except (OSError, _Refused) as error:
            fault: Exception = TimeoutError() if deadline.passed else error
            violation = error.violation if isinstance(error, _Refused) else _unreachable(fault)
            with self._lock:
                self._down[url.origin] = violation
                self._queues.noted_down(url.origin, time.monotonic())
            raise
        with self._lock:
            self._queues.answered(url.origin)
        return link

    def _connect(self, url: Url) -> socket.socket:
        """Open a connection to a host, all of whose addresses are public."""
        fault: Exception = _Refused(_NO_HOST)
        for address in self._addresses(url):
            try:
                return socket.create_connection(address, _CONNECT_WITHIN)
            except OSError as error:
                fault = error
        raise fault

    def _secured(self, link: socket.socket, host: str) -> ssl.SSLSocket:
        # The handshake waits: only a connection that is watched can be cut off.
        return self._trust.wrap_socket(
            link, server_hostname=host.strip("[]."), do_handshake_on_connect=False
        )

    def _addresses(self, url: Url) -> list[tuple[str, int]]:
        """Look a host up.

        Raises:
            _Refused: one of its addresses is private, or it has none.
        """
        host, _, port = url.origin.rpartition(":")
        try:
            addresses = self._looked_up(host.strip("[]"), int(port))
        except OSError as error:
            if error.errno in _NO_NAME and self._network_works():
                raise _Refused(_NO_HOST) from None
            raise
        except UnicodeError:  # a label that is too long
            raise _Refused(_NO_HOST) from None
        if url.origin != self._own_host and not all(map(_is_public, addresses)):
            raise _Refused(_PRIVATE)
        return [(address, int(port)) for address in addresses]

    def _looked_up(self, name: str, port: int) -> list[str]:
        """The addresses of a name, asked for once a minute; so is a name that has none."""
        with self._lock:
            until, known = self._known.get(name, (0.0, []))
        if time.monotonic() >= until:
            try:
                found = self._resolve(name, port, type=socket.SOCK_STREAM)
                known = [entry[4][0] for entry in found]
            except OSError as error:
                known = error
            with self._lock:
                self._known[name] = time.monotonic() + _KNOWN_FOR, known
        if isinstance(known, OSError):
            raise known
        return known

    def _network_works(self) -> bool:
        try:
            return bool(self._resolve(self._platform, 443, type=socket.SOCK_STREAM))
        except OSError:
            return False


def _trust() -> ssl.SSLContext:
    own = own_certificates()
    if own and Path(own).is_dir():
        return ssl.create_default_context(capath=own)
    return ssl.create_default_context(cafile=own or certifi.where())


class _Refused(Exception):
    """A source that is not asked any further."""

    def __init__(self, violation: Violation) -> None:
        super().__init__(violation.reason)
        self.violation = violation


def _is_public(address: str) -> bool:
    return hosts.is_public(ipaddress.ip_address(address.partition("%")[0]))


def _joined(base: str, location: str) -> str:
    try:
        return urljoin(base, location)
    except ValueError:
        raise _Refused(_NOWHERE) from None


def _text(header: str) -> str:
    """What UTF-8 in a header means, which Python reads as Latin-1."""
    return header.encode("latin-1", "replace").decode("utf-8", "replace")


def _target(url: Url) -> str:
    """What the request line asks for."""
    rest = url.rest.partition("#")[0]
    return rest if rest.startswith("/") else f"/{rest}"


def _addressed(url: Url) -> dict[str, str]:
    """The headers that name the host, and who asks where the URL says so."""
    port = f":{url.port}" if url.port else ""
    headers = {"Host": f"{url.host}{port}"}
    if url.user:
        name, _, password = url.user.partition(":")
        pair = unquote_to_bytes(name) + b":" + unquote_to_bytes(password)
        headers["Authorization"] = f"Basic {b64encode(pair).decode()}"
    return headers


def _unreachable(error: Exception) -> Violation:
    """Whose fault it is is mostly not known here; then the row is sent all the same."""
    if isinstance(error, ssl.SSLCertVerificationError) and error.verify_code not in _OUR_TRUST:
        return _CERTIFICATE
    if isinstance(error, TimeoutError):
        what = "did not answer in time"
    elif isinstance(error, ConnectionRefusedError):
        what = "refused the connection"
    elif isinstance(error, socket.gaierror):
        what = "could not be looked up"
    elif isinstance(error, ssl.SSLError):
        what = "gave no safe connection"
    else:
        what = "cut the connection"
    return warning(
        "source-unreachable",
        f"the host {what}, seen from here",
        "The platform may fare better. If it fails too: is the file there, and open to everybody?",
    )
