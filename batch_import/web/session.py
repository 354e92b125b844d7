"""HTTP sessions without credentials, and what a failed connection means.

This file must not know whom a session calls, nor why.
"""

import os

import requests
from urllib3.exceptions import MaxRetryError, NewConnectionError

from batch_import import __version__
from batch_import.errors import CallFailed, NoAnswer, NotSent


def plain_session(base: str) -> requests.Session:
    """A session to a host, without credentials.

    A .netrc must not replace or add any, so the environment is read here, once, and for proxies
    and certificates alone.
    """
    session = requests.Session()
    session.trust_env = False
    session.proxies = requests.utils.get_environ_proxies(base)
    session.verify = (
        os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or True
    )
    session.headers["User-Agent"] = f"viostream-batch-import/{__version__}"
    return session


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
