"""Posts how a run ended to an address that the user names.

Not the platform's client: the platform's credentials must never go there. This file must not know
what the message says, nor who reads it.
"""

import json
import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlsplit

import requests

from batch_import.errors import CallFailed
from batch_import.web.bounded import Bounds
from batch_import.web.session import plain_session

#: What the answer says is of no use, and may be endless.
_BOUNDS: Final = Bounds(connect=10.0, silence=10.0, whole=10.0, size=1024, cut=True)

_log = logging.getLogger(__name__)


def post(url: str, body: Mapping[str, Any]) -> str:
    """Post an object as JSON, once.

    Returns:
        Why it was not accepted, without any part of the URL but its host: the path of a webhook is
        its password. Empty where it was accepted.
    """
    host = urlsplit(url).hostname
    try:
        status = _send(url, body)
    except (CallFailed, requests.RequestException) as failed:
        # What requests says holds the URL.
        why = failed.message if isinstance(failed, CallFailed) else "it cannot be reached"
        return f"{host}: {why}"
    _log.debug("POST to %s: %s", host, status)
    if HTTPStatus(200) <= status < HTTPStatus(300):
        return ""
    if HTTPStatus(300) <= status < HTTPStatus(400):
        return f"{host} answered HTTP {status}, a redirect, which is not followed"
    return f"{host} answered HTTP {status}"


def _send(url: str, body: Mapping[str, Any]) -> int:
    with plain_session(url) as session:
        headers = {"Content-Type": "application/json"}
        request = requests.Request("POST", url, headers=headers, data=json.dumps(body))
        return session.exchange(session.prepare_request(request), _BOUNDS).status
