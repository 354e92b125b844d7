"""Creates HTTP sessions without credentials, whose requests are limited in time and size."""

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

#: Environment variables with the path of the certificate authorities to trust, as for curl and
#: requests.
_CA_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


def session_without_credentials(
    base: str,
    connections: int = 1,
    stop: threading.Event | None = None,
    may_send: Callable[[], bool] = lambda: True,
) -> BoundedSession:
    """Returns a session for one host, without credentials.

    `requests` must not read the environment, because it would add credentials from a .netrc file.
    Therefore this function reads proxies and certificates from the environment. Requests to this
    machine use no proxy: a proxy would receive the credentials in plain text, and "localhost" would
    be the proxy's machine.

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
    """Returns the certificate authorities that the user trusts instead of the well-known ones.

    Returns:
        Path of a file, or of a folder whose files are named by hash. None if no variable of the
        environment names any.

    Raises:
        UsageError: the file does not exist, or contains no certificates.
    """
    for variable in _CA_VARIABLES:
        path = os.environ.get(variable)
        if path:
            _refuse_unusable(variable, Path(path))
            return path
    return None


def _refuse_unusable(variable: str, path: Path) -> None:
    """Raise `UsageError` if a path cannot be used for certificates."""
    defect = ""
    try:
        if not path.is_dir():
            ssl.create_default_context(cafile=path)
    except ssl.SSLError:
        defect = "has no certificates in PEM format"
    except OSError as error:
        defect = f"cannot be read: {error.strerror or error}"
    if defect:
        raise UsageError(
            f"{variable} names certificates, but {path} {defect}.", "Correct or unset the variable."
        )
