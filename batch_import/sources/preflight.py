"""Preflight: what the source hosts really serve, asked as the platform's fetcher would ask.

The only file here that uses the network. Manifests are untrusted, and so is what a name
resolves to: every address of every hop is checked before it is contacted, and the checked address
is the one that is contacted, so that no second answer of a name server can lead elsewhere. For
the same reason proxies are not used. This file must not know what a good answer is
(`contents.py`), nor what becomes of its findings.
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
from pathlib import Path
from types import TracebackType
from typing import Any, Final, NamedTuple, Self
from urllib.parse import unquote_to_bytes, urljoin

import certifi

from batch_import import __version__
from batch_import.addresses.urls import Url, parse, requestable
from batch_import.manifest.rules import hosts
from batch_import.manifest.rules.flaw import Flaw, warning
from batch_import.models import Source
from batch_import.sources import contents
from batch_import.sources.contents import Reply
from batch_import.web.session import own_certificates

_THREADS: Final = 8
#: Seconds between two requests to the same host.
_SPACING: Final = 0.1
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

_PRIVATE = Flaw(
    "source-private",
    "the source leads to an address inside of a network, which the platform cannot reach",
    "Give an address that works from the internet, without a VPN.",
)
_NO_HOST = Flaw("source-host", "there is no such host", "Correct the host of the URL.")
_NOWHERE = Flaw(
    "source-redirect",
    "the host redirects to what is no web address",
    "Open the URL in a private window of a browser, and give the address that it ends at.",
)
_CIRCLE = Flaw("source-redirect", f"the host redirects more than {_HOPS} times", _NOWHERE.hint)
_CERTIFICATE = Flaw(
    "source-certificate",
    "the certificate of the host does not hold",
    "Have the host's certificate renewed, or give another address of the file.",
)


class Finding(NamedTuple):
    """What is wrong with a source, if anything, and its size in bytes where the host told it."""

    source: Source
    flaw: Flaw | None = None
    size: int | None = None


class Preflight:
    """Asks for the first bytes of sources, a few at a time. A context manager.

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
        self._turns = _Turns(stop)
        self._trust = _trust()
        self._pool = ThreadPoolExecutor(_THREADS, "preflight")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    def ask(self, sources: Iterable[Source]) -> Iterator[Finding]:
        """Ask for some sources, all at once; yield what was found, in their order."""
        for finding in self._pool.map(self._ask, sources):
            if finding is not None:
                yield finding

    def _ask(self, source: Source) -> Finding | None:
        try:
            reply = self._follow(requestable(source.url))
        except _Refused as refused:
            return Finding(source, refused.flaw)
        except (OSError, http.client.HTTPException) as error:
            return None if self._stop.is_set() else Finding(source, _unreachable(error))
        if reply is None:
            return None
        return Finding(source, contents.flaw_of(reply, source.extension), reply.size)

    def _follow(self, address: str) -> Reply | None:
        """Go where a URL leads, hop by hop; None where the run is to stop."""
        for _ in range(_HOPS + 1):
            url = self._fit(address)
            if not self._turns.wait(url.origin):
                return None
            reply = self._get(url)
            location = reply.headers.get("location")
            if reply.status not in _REDIRECTS or not location:
                return reply
            address = _joined(address, location)
        raise _Refused(_CIRCLE)

    def _fit(self, address: str) -> Url:
        """Take a hop's URL apart, unless it can be told unfit before its host is looked up."""
        url = parse(requestable(address))
        if url is None or len(url.port) > _PORT_DIGITS:
            raise _Refused(_NOWHERE)
        flaw = hosts.flaw_of(url.host) if url.origin != self._own_host else None
        if flaw:
            raise _Refused(_PRIVATE if flaw.code == "url-private" else _NOWHERE)
        return url

    def _get(self, url: Url) -> Reply:
        with _Deadline(self._answer_within) as deadline:
            link = deadline.watch(self._connect(url))
            if url.scheme.lower() == "https":
                secured = self._secured(link, url.host)
                link = deadline.watch(secured)
                secured.do_handshake()
            # It has a socket, so it opens none of its own.
            connection = http.client.HTTPConnection(url.host)
            connection.sock = link
            connection.request("GET", _target(url), headers={**_HEADERS, **_addressed(url)})
            response = connection.getresponse()
            headers = {name.lower(): _text(value) for name, value in response.getheaders()}
            return Reply(response.status, headers, response.read(contents.START))

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
            found = self._resolve(host.strip("[]"), int(port), type=socket.SOCK_STREAM)
        except OSError as error:
            if error.errno in _NO_NAME and self._network_works():
                raise _Refused(_NO_HOST) from None
            raise
        except UnicodeError:  # a label that is too long
            raise _Refused(_NO_HOST) from None
        addresses = [entry[4][:2] for entry in found]
        if url.origin != self._own_host and not all(_is_public(host) for host, _ in addresses):
            raise _Refused(_PRIVATE)
        return addresses

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

    def __init__(self, flaw: Flaw) -> None:
        super().__init__(flaw.reason)
        self.flaw = flaw


class _Turns:
    """Spaces the requests to each host, so that nobody is flooded."""

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop
        self._lock = threading.Lock()
        self._next: dict[str, float] = {}

    def wait(self, host: str) -> bool:
        """Wait for a turn; False where the run is to stop."""
        with self._lock:
            now = time.monotonic()
            turn = max(now, self._next.get(host, 0.0))
            self._next[host] = turn + _SPACING
        return not self._stop.wait(turn - now) if turn > now else not self._stop.is_set()


class _Deadline:
    """Cuts a connection off when its time is up, however busily the host drips bytes.

    Raises:
        TimeoutError: at the end, where it had to; what came until then is not whole.
    """

    def __init__(self, seconds: float) -> None:
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True
        self._seconds = seconds
        self._link: socket.socket | None = None
        self._passed = False

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._timer.cancel()
        if self._link is not None:
            self._link.close()
        if self._passed:
            raise TimeoutError from error

    def watch(self, link: socket.socket) -> socket.socket:
        """Take charge of a connection; it is closed at the end."""
        link.settimeout(self._seconds)
        self._link = link
        return link

    def _cut(self) -> None:
        self._passed = True
        link = self._link
        if link is not None:
            try:
                link.shutdown(socket.SHUT_RDWR)
            except OSError:
                return  # it is closed already


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


def _unreachable(error: Exception) -> Flaw:
    """Whose fault it is can mostly not be told from here; then the row is sent all the same."""
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
