"""The steps of a request to a host, one by one: proxy, IP addresses, connection, TLS, response.

`doctor` uses them to find the step that fails. This module must not know which host it is, nor what
to do about a fault.
"""

import socket
import ssl
from typing import Final
from urllib.parse import urlsplit

import certifi
import requests
from requests.utils import select_proxy

from batch_import.web.bounded import ExchangeLimits, HttpResponse
from batch_import.web.session import custom_ca_bundle, session_without_credentials

#: Time limit of each step in seconds: as long as a run waits for its first connection.
_STEP_SECONDS: Final = 10.0
#: Only the status and the headers of the response are used, so the body is cut.
_LIMITS: Final = ExchangeLimits(
    connect=_STEP_SECONDS, silence=_STEP_SECONDS, whole=_STEP_SECONDS, size=1024, is_cut=True
)
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


def proxy_for(url: str) -> str:
    """Returns the URL of the proxy for requests to a URL, with its password; empty for none."""
    with session_without_credentials(url) as session:
        return select_proxy(url, dict(session.proxies)) or ""


def ip_addresses(url: str) -> list[str]:
    """Returns the IP addresses of a URL's host, each once.

    Raises:
        OSError: the name of the host cannot be resolved.
    """
    infos = socket.getaddrinfo(*host_and_port(url), type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in infos))


def connect(url: str) -> None:
    """Open a connection to a URL's host, and close it.

    Raises:
        OSError: the connection cannot be opened.
    """
    socket.create_connection(host_and_port(url), _STEP_SECONDS).close()


def tls_version(url: str) -> str:
    """Open an encrypted connection, with the certificate authorities that the program trusts.

    Returns:
        The TLS version of the connection, such as `TLSv1.3`.

    Raises:
        ssl.SSLError: the certificate is not trusted, or both sides support no common encryption.
        OSError: the connection cannot be opened.
        UsageError: the environment names certificates that cannot be used.
    """
    host, port = host_and_port(url)
    context = ssl.create_default_context()
    context.load_verify_locations(custom_ca_bundle() or certifi.where())
    with (
        socket.create_connection((host, port), _STEP_SECONDS) as plain,
        context.wrap_socket(plain, server_hostname=host) as encrypted,
    ):
        return encrypted.version() or "TLS"


def get_without_credentials(url: str) -> HttpResponse:
    """Returns the response to a GET request without credentials.

    Raises:
        RequestFailed: there was no response.
        UsageError: the environment names certificates that cannot be used.
    """
    with session_without_credentials(url) as session:
        return session.exchange(session.prepare_request(requests.Request("GET", url)), _LIMITS)


def host_and_port(url: str) -> tuple[str, int]:
    """Returns the host name and the port of a URL."""
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or _DEFAULT_PORTS.get(parts.scheme, 0)
