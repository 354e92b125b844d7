"""Converts API requests for the sandbox, and its replies for the importer, without a network.

The sandbox is the simulated platform. In this package, a *reply* is what the sandbox returns, and
an *answer* is what the client would return to the importer for it. Rehearsals, simulations and
benchmarks all use these functions.
"""

import json
from typing import Any, Final

from batch_import.errors import NoAnswer, RequestFailed, TimedOut
from batch_import.importer.scheduled_request import Answer
from batch_import.sandbox.platform import API
from batch_import.sandbox.replies import ReplyFault, SimulatedReply, SimulatedRequest
from batch_import.viostream.endpoints import ApiRequest

#: Lowest HTTP status that is not a success: 3xx are redirects, 4xx and 5xx are errors.
_MIN_FAILURE_STATUS: Final = 300


def simulated_request(request: ApiRequest[Any], password: str = "sandbox") -> SimulatedRequest:  # noqa: S107 - no secret
    """Returns a request in the form in which the sandbox receives it.

    Args:
        request: the request.
        password: the API key.
    """
    path, query = API + request.path, dict(request.query)
    return SimulatedRequest(request.method, path, query, "VC-sandbox", password, request.body)


def client_answer(request: ApiRequest[Any], reply: SimulatedReply, now: float) -> Answer:
    """Returns the answer that the client would return for a reply.

    Args:
        request: the request of the reply.
        reply: the reply.
        now: time of arrival in epoch seconds.

    Returns:
        The result of the request; if the client would raise an exception, this exception.
    """
    if reply.fault is ReplyFault.HANG:
        return TimedOut("no answer within the time-out")
    if reply.fault is not ReplyFault.NONE:
        message = "the connection was closed before the answer was complete"
        return NoAnswer(message, status=reply.status or None)
    try:
        if reply.status < _MIN_FAILURE_STATUS:
            # Without converting to JSON text and back, which would take most of a rehearsal's time.
            return request.read(reply.payload)  # type: ignore[no-any-return]
        return request.read_response(reply.status, reply.headers, _text(reply.payload), now)  # type: ignore[no-any-return]
    except RequestFailed as failed:
        return failed


def _text(payload: object) -> str:
    """Returns the body of an error response as text."""
    if isinstance(payload, str):
        return payload
    return "" if payload is None else json.dumps(payload)
