"""Posts the outcome of a run to a URL that the user configured, such as a webhook.

This module does not use the client of the platform, because this URL must not receive the
platform's credentials.
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

#: Limits in seconds and bytes. The body of the response is not used, so it is cut.
_LIMITS: Final = ExchangeLimits(connect=10.0, silence=10.0, whole=10.0, size=1024, is_cut=True)

_log = logging.getLogger(__name__)


def post(url: str, body: Mapping[str, Any]) -> str:
    """Post an object as JSON, without retries.

    Returns:
        Why the request failed; empty if the status was 2xx. The text has only the host of the URL,
        because the path of a webhook is a secret.
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
    """Returns the HTTP status."""
    with session_without_credentials(url) as session:
        headers = {"Content-Type": "application/json"}
        request = requests.Request("POST", url, headers=headers, data=json.dumps(body))
        return session.exchange(session.prepare_request(request), _LIMITS).status
