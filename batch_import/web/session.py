"""Sessions without credentials, whose exchanges are bounded.

This file must not know whom a session calls, nor why.
"""

import os
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from requests.utils import get_environ_proxies

from batch_import import __version__
from batch_import.errors import UsageError
from batch_import.web.bounded import Exchanges

#: Where a person names certificates of his own, as for curl and requests.
_BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


def plain_session(base: str, connections: int = 1) -> Exchanges:
    """A session to a host, without credentials.

    A .netrc must not replace or add any, so the environment is read here, once, and for proxies
    and certificates alone. Calls to this machine use no proxy: it would get the credentials in
    plain text, and lead elsewhere.

    Args:
        connections: how many threads will call at once.

    Raises:
        UsageError: the environment names certificates that are not there.
    """
    session = Exchanges(connections)
    session.trust_env = False
    session.proxies = {} if _is_this_machine(base) else get_environ_proxies(base)
    session.verify = _certificates()
    session.headers["User-Agent"] = f"viostream-batch-import/{__version__}"
    return session


def _is_this_machine(base: str) -> bool:
    host = urlsplit(base).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _certificates() -> bool | str:
    for name in _BUNDLES:
        if path := os.environ.get(name):
            if not Path(path).exists():
                raise UsageError(
                    f"{name} names certificates that are not there: {path}.",
                    "Correct or unset the variable.",
                )
            return path
    return True
