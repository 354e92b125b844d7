"""Sessions without credentials, whose exchanges are bounded.

This file must not know whom a session calls, nor why.
"""

import os
import ssl
import threading
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from requests.utils import get_environ_proxies

from batch_import import __version__
from batch_import.errors import UsageError
from batch_import.web.bounded import Exchanges

#: Where a person names certificates of his own, as for curl and requests.
_BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


def plain_session(
    base: str, connections: int = 1, stop: threading.Event | None = None
) -> Exchanges:
    """A session to a host, without credentials.

    A .netrc must not replace or add any, so the environment is read here, once, and for proxies
    and certificates alone. Calls to this machine use no proxy: it would get the credentials in
    plain text, and lead elsewhere.

    Args:
        connections: how many threads will call at once.
        stop: as in `Exchanges`.

    Raises:
        UsageError: the environment names certificates that are not there.
    """
    session = Exchanges(connections, stop)
    session.trust_env = False
    session.proxies = {} if _is_this_machine(base) else get_environ_proxies(base)
    session.verify = own_certificates() or True
    session.headers["User-Agent"] = f"viostream-batch-import/{__version__}"
    return session


def _is_this_machine(base: str) -> bool:
    host = urlsplit(base).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def own_certificates() -> str | None:
    """The certificates that the environment names, in place of those of well-known authorities.

    Returns:
        A file, or a folder of files by their hashes; None where none is named.

    Raises:
        UsageError: they are not there, or are no certificates.
    """
    for name in _BUNDLES:
        if path := os.environ.get(name):
            _refuse_unusable(name, Path(path))
            return path
    return None


def _refuse_unusable(variable: str, path: Path) -> None:
    fault = ""
    try:
        if not path.is_dir():
            ssl.create_default_context(cafile=path)
    except ssl.SSLError:
        fault = "holds no certificates in PEM format"
    except OSError as error:
        fault = f"cannot be read: {error.strerror or error}"
    if fault:
        raise UsageError(
            f"{variable} names certificates, but {path} {fault}.", "Correct or unset the variable."
        )
