"""Posts the outcome of a run to a URL of the user.

This module does not use the platform's client, because the platform's credentials must not be sent
there.
"""

import json
import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlsplit

import requests

from batch_import.errors import RequestFailed
from batch_import.web.bounded import ExchangeLimits
from batch_import.web.session import session_without_credentials

#: The response body is not used, and may be endless.
_BOUNDS: Final = ExchangeLimits(connect=10.0, silence=10.0, whole=10.0, size=1024, cut=True)

_log = logging.getLogger(__name__)


def post(url: str, body: Mapping[str, Any]) -> str:
    """Post an object as JSON, once.

    Returns:
        Why it was not accepted; empty if it was. Of the URL, only the host is included, because
        the path of a webhook is a secret.
    """
    host = urlsplit(url).hostname
    try:
        status = _send(url, body)
    except (RequestFailed, requests.RequestException) as failed:
        # Messages of the requests library contain the URL.
        reason = failed.message if isinstance(failed, RequestFailed) else "it cannot be reached"
        return f"{host}: {reason}"
    _log.debug("POST to %s: %s", host, status)
    if HTTPStatus(200) <= status < HTTPStatus(300):
        return ""
    if HTTPStatus(300) <= status < HTTPStatus(400):
        return f"{host} answered HTTP {status}, a redirect, which is not followed"
    return f"{host} answered HTTP {status}"


def _send(url: str, body: Mapping[str, Any]) -> int:
    with session_without_credentials(url) as session:
        headers = {"Content-Type": "application/json"}
        request = requests.Request("POST", url, headers=headers, data=json.dumps(body))
        return session.exchange(session.prepare_request(request), _BOUNDS).status
