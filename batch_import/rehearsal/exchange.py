"""Exchanges API requests with the sandbox without a network.

Rehearsals, simulations and benchmarks all use it, so that they convert replies in the same way.
"""

import json
from typing import Any, Final

from batch_import.errors import NoAnswer, RequestFailed
from batch_import.importer.scheduled_request import Answer
from batch_import.sandbox.platform import API
from batch_import.sandbox.replies import ReplyFault, SimulatedReply, SimulatedRequest
from batch_import.viostream.endpoints import ApiRequest

#: Lowest status code that is not a success: 3xx are redirects, 4xx and 5xx are errors.
_MIN_FAILURE_STATUS: Final = 300


def simulated_request(request: ApiRequest[Any], password: str = "sandbox") -> SimulatedRequest:  # noqa: S107 - no secret
    """Returns a request as the sandbox receives it."""
    path, query = API + request.path, dict(request.query)
    return SimulatedRequest(request.method, path, query, "VC-sandbox", password, request.body)


def client_answer(request: ApiRequest[Any], reply: SimulatedReply, now: float) -> Answer:
    """Returns what the client makes of a reply: a result, or the exception as a value."""
    if reply.fault is not ReplyFault.NONE:
        return NoAnswer("the connection was closed before the answer was complete")
    try:
        if reply.status < _MIN_FAILURE_STATUS:
            # Not through JSON text, which would take most of the time of a rehearsal.
            return request.read(reply.payload)  # type: ignore[no-any-return]
        return request.read_response(reply.status, reply.headers, _text(reply.payload), now)  # type: ignore[no-any-return]
    except RequestFailed as failed:
        return failed


def _text(payload: object) -> str:
    if isinstance(payload, str):
        return payload
    return "" if payload is None else json.dumps(payload)
