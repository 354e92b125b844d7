"""Posts how a run ended to an address that the user names.

Not the platform's client: the platform's credentials must never go there. This file must not know
what is told, nor to whom.
"""

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import HTTPError

from batch_import.web.session import plain_session

#: Seconds to connect, and to answer.
_TIMEOUT: Final = 10.0

_log = logging.getLogger(__name__)


def post(url: str, body: Mapping[str, Any]) -> str:
    """Post an object as JSON, once.

    Returns:
        Why it was not taken, in words that hold no more of the URL than its host: the path of a
        webhook is its password. Empty where it was.
    """
    host = urlsplit(url).hostname
    try:
        status = _send(url, body)
    except requests.Timeout:
        return f"{host} did not answer within {_TIMEOUT:.0f} s"
    except (requests.RequestException, HTTPError):
        # Their words hold the URL.
        return f"{host} cannot be reached"
    _log.debug("POST to %s: %s", host, status)
    if HTTPStatus(200) <= status < HTTPStatus(300):
        return ""
    if HTTPStatus(300) <= status < HTTPStatus(400):
        return f"{host} answered HTTP {status}, a redirect, which is not followed"
    return f"{host} answered HTTP {status}"


def _send(url: str, body: Mapping[str, Any]) -> int:
    # What is said in the answer is of no use, and may be endless.
    with (
        plain_session(url) as session,
        session.post(url, json=body, timeout=_TIMEOUT, allow_redirects=False, stream=True) as reply,
    ):
        return reply.status_code
