"""What lies between this machine and a host: its addresses, a proxy, certificates, an answer.

This file must not know whose host it is, nor what to do about a fault.
"""

import socket
import ssl
from typing import Final
from urllib.parse import urlsplit

import certifi
import requests
from requests.utils import select_proxy

from batch_import.web.bounded import Answer, ExchangeLimits
from batch_import.web.session import custom_ca_bundle, session_without_credentials

#: Seconds that each step may take: as long as a first call waits for its connection.
_PATIENCE: Final = 10.0
#: Only the head of the answer counts.
_BOUNDS: Final = ExchangeLimits(_PATIENCE, _PATIENCE, _PATIENCE, size=1024, cut=True)
_PORTS: Final = {"http": 80, "https": 443}


def proxy_for(url: str) -> str:
    """The proxy that requests to a URL go through, with any password; empty for none."""
    with session_without_credentials(url) as session:
        return select_proxy(url, dict(session.proxies)) or ""


def ip_addresses(url: str) -> list[str]:
    """The IP addresses of a URL's host, each once.

    Raises:
        OSError: its name cannot be resolved.
    """
    found = socket.getaddrinfo(*host_and_port(url), type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def connect(url: str) -> None:
    """Open a connection to a URL's host, and close it.

    Raises:
        OSError: it cannot be opened.
    """
    socket.create_connection(host_and_port(url), _PATIENCE).close()


def tls_version(url: str) -> str:
    """Open an encrypted connection with the certificates that the program trusts.

    Returns:
        The version that was agreed on, as `TLSv1.3`.

    Raises:
        ssl.SSLError: the certificate is not trusted, or no encryption could be agreed on.
        OSError: no connection.
        UsageError: the environment names certificates that are not there.
    """
    host, port = host_and_port(url)
    trusted = custom_ca_bundle() or certifi.where()
    context = ssl.create_default_context()
    context.load_verify_locations(trusted)
    with (
        socket.create_connection((host, port), _PATIENCE) as plain,
        context.wrap_socket(plain, server_hostname=host) as encrypted,
    ):
        return encrypted.version() or "TLS"


def answer_of(url: str) -> Answer:
    """What a host answers to a GET without credentials.

    Raises:
        RequestFailed: no answer came.
        UsageError: the environment names certificates that are not there.
    """
    with session_without_credentials(url) as session:
        return session.exchange(session.prepare_request(requests.Request("GET", url)), _BOUNDS)


def host_and_port(url: str) -> tuple[str, int]:
    """Whom a URL connects to."""
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 0)
