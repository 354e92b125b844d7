"""Preflight: requests the source URLs of rows as the platform would, before the rows are sent.

A source is here the video file of one row; the *source host* is the host of its URL.

Only this module of the package opens connections. Manifests are untrusted, and so is DNS: every IP
address of every host, also after a redirect, is checked before it is contacted. The connection
is then opened to the checked IP address, so that a second DNS lookup cannot return another address.
For the same reason no proxy is used.
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
from batch_import.addresses.urls import Url, parse, request_url
from batch_import.manifest.rules import hosts
from batch_import.manifest.rules.violation import Violation, warning
from batch_import.models import VideoSource
from batch_import.sources import contents
from batch_import.sources.batch import SourceBatch, SourceCheckResult
from batch_import.sources.contents import SourceResponse
from batch_import.sources.deadlines import Deadline, RequestDeadlines
from batch_import.sources.host_queues import HostQueues
from batch_import.web.session import custom_ca_bundle

#: Number of sources that are checked at once. If a response takes 100 ms, these are 640 per second.
_THREAD_COUNT: Final = 64
#: Seconds for which the result of a DNS lookup, also an error, is used again.
_DNS_CACHE_SECONDS: Final = 60.0
#: Time limits in seconds: for opening a connection, and for the whole request. A host that exceeds
#: them causes only a warning, because the platform may wait longer.
_CONNECT_SECONDS: Final = 5.0
_REQUEST_SECONDS: Final = 15.0
_MAX_REDIRECTS: Final = 10
_REDIRECT_STATUSES: Final = (301, 302, 303, 307, 308)
#: Error codes for a host name that does not exist (also on Windows) or has no IP address.
_UNKNOWN_NAME_ERRORS: Final = (
    socket.EAI_NONAME,
    11001,  # WSAHOST_NOT_FOUND of Windows
    getattr(socket, "EAI_NODATA", socket.EAI_NONAME),
)
#: OpenSSL's codes for a certificate of an unknown issuer. The certificate may be valid all the
#: same: this machine may lack a certificate authority.
_UNKNOWN_ISSUER_ERRORS: Final = (2, 19, 20, 21)
_MAX_PORT_DIGITS: Final = 5
_REQUEST_HEADERS: Final = {
    "User-Agent": f"viostream-batch-import/{__version__} (preflight)",
    "Accept": "*/*",
    "Accept-Encoding": "identity",
    "Range": f"bytes=0-{contents.FIRST_BYTES - 1}",
    "Connection": "close",
}

_PRIVATE = Violation(
    "source-private",
    "the source leads to a private IP address, which the platform cannot reach",
    "Use a URL that works from the internet, without a VPN.",
)
_UNKNOWN_HOST = Violation("source-host", "there is no such host", "Correct the host of the URL.")
_BAD_REDIRECT = Violation(
    "source-redirect",
    "the host redirects to an invalid URL",
    "Open the URL in a private window of a browser, and use the URL that it ends at.",
)
_TOO_MANY_REDIRECTS = Violation(
    "source-redirect", f"the host redirects more than {_MAX_REDIRECTS} times", _BAD_REDIRECT.hint
)
_BAD_CERTIFICATE = Violation(
    "source-certificate",
    "the certificate of the host is not valid",
    "Have the host's certificate renewed, or use another URL of the file.",
)


class Preflight:
    """Requests the first bytes of sources, from many hosts at a time. A context manager.

    If the connection to a host fails, the waiting sources of this host get the same result without
    a request. A minute later, the host is tried again for further sources.

    Args:
        stop: an event that stops the checks. Sources that were not checked then have no result.
        platform: host name of the platform's API. If a source host and this name cannot be
            resolved, the local network is at fault, and the source host is not reported as unknown.
        own_host: `host:port` of the sandbox, which may be contacted although its IP address is
            private; empty if rows are sent to the real platform. If it is set, the hosts of signed
            URLs may be private, too: the user configured these hosts, not the manifest, and a
            sandbox on this machine can reach them.
        resolve: replaces `socket.getaddrinfo` in tests.
        request_seconds: time limit in seconds for a whole request.
    """

    def __init__(
        self,
        stop: threading.Event,
        platform: str,
        *,
        own_host: str = "",
        resolve: Callable[..., list[Any]] = socket.getaddrinfo,
        request_seconds: float = _REQUEST_SECONDS,
    ) -> None:
        self._stop = stop
        self._platform = platform
        self._own_hosts = {own_host} if own_host else set[str]()
        self._resolve = resolve
        self._request_seconds = request_seconds
        self._tls_context = _tls_context()
        self._lock = threading.Lock()
        self._queues = HostQueues()
        #: `host:port` → why no connection could be opened. An entry is used only while the host is
        #: down according to `_queues`.
        self._down_violations: dict[str, Violation] = {}
        #: Host name → until when the entry is valid (monotonic seconds), and IP addresses or error.
        self._dns_cache: dict[str, tuple[float, list[str] | OSError]] = {}
        self._resources = ExitStack()
        self._deadlines = self._resources.enter_context(RequestDeadlines())
        self._pool = ThreadPoolExecutor(_THREAD_COUNT, "preflight")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._pool.shutdown(cancel_futures=True)
        self._resources.close()

    def check(self, sources: Iterable[VideoSource]) -> Iterator[SourceCheckResult]:
        """Check sources, and yield the results in the order of the sources."""
        batch = SourceBatch(list(sources), self._lock, self._queues, self._stop)
        for _ in range(min(_THREAD_COUNT, len(batch.sources))):
            self._pool.submit(self._check_batch, batch)
        yield from batch.results()

    def _check_batch(self, batch: SourceBatch) -> None:
        """Check one source of a batch after the other, until all are done. Runs in a thread."""
        while (source_and_host := batch.take()) is not None:
            index, host = source_and_host
            violation = self._down_violation(host)
            source = batch.sources[index]
            result = SourceCheckResult(source, violation) if violation else None
            batch.finish(index, host, result or self._check_source(source))
            violation = self._down_violation(host)
            if violation:
                batch.give_up(host, violation)

    def _check_source(self, source: VideoSource) -> SourceCheckResult | None:
        """Request a source; None if the run must stop."""
        url = request_url(source.download_url)
        parts = parse(url)
        if source.signed_url and self._own_hosts and parts:
            self._own_hosts.add(parts.origin)
        try:
            response = self._request_with_redirects(url)
        except _ViolationError as error:
            return SourceCheckResult(source, error.violation)
        except (OSError, http.client.HTTPException) as error:
            if self._stop.is_set():
                return None
            return SourceCheckResult(source, _connection_violation(error))
        if response is None:
            return None
        violation = contents.violation_of(response, source.extension)
        return SourceCheckResult(source, violation, response.size)

    def _request_with_redirects(self, address: str) -> SourceResponse | None:
        """Returns the response after all redirects; None if the run must stop.

        Raises:
            _ViolationError: a URL or host on the way is invalid, private or down.
            OSError, http.client.HTTPException: a request failed.
        """
        for redirect_count in range(_MAX_REDIRECTS + 1):
            url = self._parse_public(address)
            violation = self._down_violation(url.origin)
            if violation:
                raise _ViolationError(violation)
            if redirect_count and not self._wait_for_host(url.origin):
                return None
            response = self._request(url)
            location = response.headers.get("location")
            if response.status not in _REDIRECT_STATUSES or not location:
                return response
            address = _join_url(address, location)
        raise _ViolationError(_TOO_MANY_REDIRECTS)

    def _wait_for_host(self, host: str) -> bool:
        """Wait until a host may be contacted for a redirect. False if the run must stop."""
        with self._lock:
            seconds = self._queues.reserve(host, time.monotonic())
        must_stop = self._stop.wait(seconds) if seconds else self._stop.is_set()
        return not must_stop

    def _down_violation(self, host: str) -> Violation | None:
        """Returns why a host is down; None if the host may be contacted."""
        with self._lock:
            is_down = self._queues.is_down(host, time.monotonic())
            return self._down_violations.get(host) if is_down else None

    def _parse_public(self, address: str) -> Url:
        """Returns the parts of a URL.

        Raises:
            _ViolationError: the URL is invalid, or its host is private by its name or IP address.
        """
        url = parse(request_url(address))
        if url is None or len(url.port) > _MAX_PORT_DIGITS:
            raise _ViolationError(_BAD_REDIRECT)
        violation = hosts.violation_of(url.host) if url.origin not in self._own_hosts else None
        if violation:
            raise _ViolationError(_PRIVATE if violation.code == "url-private" else _BAD_REDIRECT)
        return url

    def _request(self, url: Url) -> SourceResponse:
        with self._deadlines.limit(self._request_seconds) as deadline:
            connection = http.client.HTTPConnection(url.host)
            # http.client uses this socket, and does not open a connection itself.
            connection.sock = self._open_connection(url, deadline)
            headers = {**_REQUEST_HEADERS, **_host_headers(url)}
            connection.request("GET", _request_target(url), headers=headers)
            response = connection.getresponse()
            headers = {name.lower(): _decode_header(value) for name, value in response.getheaders()}
            return SourceResponse(response.status, headers, response.read(contents.FIRST_BYTES))

    def _open_connection(self, url: Url, deadline: Deadline) -> socket.socket:
        """Open a connection, with TLS for https. After a failure, the host counts as down."""
        try:
            connection = deadline.watch(self._connect(url))
            if url.scheme.lower() == "https":
                tls_connection = self._with_tls(connection, url.host)
                connection = deadline.watch(tls_connection)
                tls_connection.do_handshake()
        except (OSError, _ViolationError) as error:
            if isinstance(error, _ViolationError):
                violation = error.violation
            else:
                # A connection that was shut down by the deadline raises any OSError.
                cause = TimeoutError() if deadline.has_passed else error
                violation = _connection_violation(cause)
            with self._lock:
                self._down_violations[url.origin] = violation
                self._queues.record_failed_connection(url.origin, time.monotonic())
            raise
        with self._lock:
            self._queues.record_connection(url.origin)
        return connection

    def _connect(self, url: Url) -> socket.socket:
        """Open a TCP connection to a host, if all of its IP addresses are public.

        Raises:
            _ViolationError: an IP address is private, or the host is unknown.
            OSError: no IP address of the host accepts a connection.
        """
        last_error: Exception = _ViolationError(_UNKNOWN_HOST)
        for address in self._resolve_public(url):
            try:
                return socket.create_connection(address, _CONNECT_SECONDS)
            except OSError as error:
                last_error = error
        raise last_error

    def _with_tls(self, connection: socket.socket, host: str) -> ssl.SSLSocket:
        # The caller starts the handshake, after its deadline watches the connection.
        return self._tls_context.wrap_socket(
            connection, server_hostname=host.strip("[]."), do_handshake_on_connect=False
        )

    def _resolve_public(self, url: Url) -> list[tuple[str, int]]:
        """Returns the IP addresses and the port of a host.

        Raises:
            _ViolationError: the host has a private IP address, or no IP address.
            OSError: the lookup failed for another reason.
        """
        host, _, port = url.origin.rpartition(":")
        try:
            addresses = self._resolve_cached(host.strip("[]"), int(port))
        except OSError as error:
            if error.errno in _UNKNOWN_NAME_ERRORS and self._is_network_working():
                raise _ViolationError(_UNKNOWN_HOST) from None
            raise
        except UnicodeError:  # a label that is too long
            raise _ViolationError(_UNKNOWN_HOST) from None
        if url.origin not in self._own_hosts and not all(map(_is_public, addresses)):
            raise _ViolationError(_PRIVATE)
        return [(address, int(port)) for address in addresses]

    def _resolve_cached(self, name: str, port: int) -> list[str]:
        """Returns the IP addresses of a name. The result, even an error, is cached for a minute."""
        with self._lock:
            valid_until, result = self._dns_cache.get(name, (0.0, []))
        if time.monotonic() >= valid_until:
            try:
                infos = self._resolve(name, port, type=socket.SOCK_STREAM)
                result = [info[4][0] for info in infos]
            except OSError as error:
                result = error
            with self._lock:
                self._dns_cache[name] = time.monotonic() + _DNS_CACHE_SECONDS, result
        if isinstance(result, OSError):
            raise result
        return result

    def _is_network_working(self) -> bool:
        """Whether the host name of the platform can be resolved."""
        try:
            return bool(self._resolve(self._platform, 443, type=socket.SOCK_STREAM))
        except OSError:
            return False


def _tls_context() -> ssl.SSLContext:
    bundle = custom_ca_bundle()
    if bundle and Path(bundle).is_dir():
        return ssl.create_default_context(capath=bundle)
    return ssl.create_default_context(cafile=bundle or certifi.where())


class _ViolationError(Exception):
    """A request was not made, or not followed further, because of a violation."""

    def __init__(self, violation: Violation) -> None:
        super().__init__(violation.reason)
        self.violation = violation


def _is_public(address: str) -> bool:
    return hosts.is_public(ipaddress.ip_address(address.partition("%")[0]))


def _join_url(base: str, location: str) -> str:
    try:
        return urljoin(base, location)
    except ValueError:
        raise _ViolationError(_BAD_REDIRECT) from None


def _decode_header(header: str) -> str:
    """Returns the value of a header as UTF-8; `http.client` has decoded it as Latin-1."""
    return header.encode("latin-1", "replace").decode("utf-8", "replace")


def _request_target(url: Url) -> str:
    """Returns the request target: path and query, without the fragment."""
    rest = url.rest.partition("#")[0]
    return rest if rest.startswith("/") else f"/{rest}"


def _host_headers(url: Url) -> dict[str, str]:
    """Returns the `Host` header, and the credentials of the URL if it has any."""
    port = f":{url.port}" if url.port else ""
    headers = {"Host": f"{url.host}{port}"}
    if url.user:
        name, _, password = url.user.partition(":")
        credentials = unquote_to_bytes(name) + b":" + unquote_to_bytes(password)
        headers["Authorization"] = f"Basic {b64encode(credentials).decode()}"
    return headers


def _connection_violation(error: Exception) -> Violation:
    """Returns the violation for a failed connection.

    Mostly, this machine or its network may be at fault. Then the violation is only a warning, and
    the row is sent.
    """
    if (
        isinstance(error, ssl.SSLCertVerificationError)
        and error.verify_code not in _UNKNOWN_ISSUER_ERRORS
    ):
        return _BAD_CERTIFICATE
    if isinstance(error, TimeoutError):
        event = "did not answer in time"
    elif isinstance(error, ConnectionRefusedError):
        event = "refused the connection"
    elif isinstance(error, socket.gaierror):
        event = "could not be looked up"
    elif isinstance(error, ssl.SSLError):
        event = "gave no secure connection"
    else:
        event = "closed the connection"
    return warning(
        "source-unreachable",
        f"the host {event}, as seen from this machine",
        "The platform may still reach it. If not, check that the file exists and is public.",
    )
