"""HTTP sessions without credentials, with bounded exchanges."""

import os
import ssl
import threading
from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from requests.utils import get_environ_proxies

from batch_import import __version__
from batch_import.errors import UsageError
from batch_import.web.bounded import BoundedSession

#: Environment variables with the user's own certificates, as for curl and requests.
_BUNDLE_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


def session_without_credentials(
    base: str,
    connections: int = 1,
    stop: threading.Event | None = None,
    may_send: Callable[[], bool] = lambda: True,
) -> BoundedSession:
    """Returns a session for one host, without credentials.

    A .netrc file must not add credentials, so `requests` does not read the environment. Only
    proxies and certificates are read from it, here. Requests to this machine use no proxy: a proxy
    would get the credentials in plain text, and "localhost" would mean the proxy's machine.

    Args:
        base: URL of the host.
        connections: number of threads that send requests at the same time.
        stop, may_send: as in `BoundedSession`.

    Raises:
        UsageError: the certificates that the environment names cannot be used.
    """
    session = BoundedSession(connections, stop, may_send)
    session.trust_env = False
    session.proxies = {} if _is_this_machine(base) else get_environ_proxies(base)
    session.verify = custom_ca_bundle() or True
    session.headers["User-Agent"] = f"viostream-batch-import/{__version__}"
    return session


def _is_this_machine(base: str) -> bool:
    host = urlsplit(base).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def custom_ca_bundle() -> str | None:
    """Returns the user's own certificates, used instead of the well-known authorities.

    Returns:
        Path of a file, or of a folder of files named by hash; None if the environment names none.

    Raises:
        UsageError: the file does not exist, or contains no certificates.
    """
    for name in _BUNDLE_VARIABLES:
        if path := os.environ.get(name):
            _refuse_unusable(name, Path(path))
            return path
    return None


def _refuse_unusable(variable: str, path: Path) -> None:
    defect = ""
    try:
        if not path.is_dir():
            ssl.create_default_context(cafile=path)
    except ssl.SSLError:
        defect = "holds no certificates in PEM format"
    except OSError as error:
        defect = f"cannot be read: {error.strerror or error}"
    if defect:
        raise UsageError(
            f"{variable} names certificates, but {path} {defect}.", "Correct or unset the variable."
        )
