"""A call without a network: the platform's model gets the request, the engine what a client reads.

Rehearsals, simulations and benchmarks share it, so that a call becomes an answer in one way. This
file must not know when a call is made, nor what its answer means.
"""

import json
from typing import Any, Final

from batch_import.errors import CallFailed, NoAnswer
from batch_import.importer.calls import Answer
from batch_import.sandbox.model import API
from batch_import.sandbox.replies import Reply, ReplyFault, Request
from batch_import.viostream.endpoints import ApiRequest

#: Status codes below this one mean success: redirects and errors begin here.
_NOT_A_SUCCESS: Final = 300


def as_sent(request: ApiRequest[Any], password: str = "sandbox") -> Request:  # noqa: S107 - no secret
    """The request as the platform receives it."""
    path, query = API + request.path, dict(request.query)
    return Request(request.method, path, query, "VC-sandbox", password, request.body)


def answer_of(request: ApiRequest[Any], reply: Reply, now: float) -> Answer:
    """What the client makes of a reply: a result, or a failed call as a value."""
    if reply.fault is not ReplyFault.NONE:
        return NoAnswer("the connection was cut before the whole answer came")
    try:
        if reply.status < _NOT_A_SUCCESS:
            # As through JSON text, which would be most of the time of a rehearsal.
            return request.read(reply.payload)  # type: ignore[no-any-return]
        return request.answered(reply.status, reply.headers, _text(reply.payload), now)  # type: ignore[no-any-return]
    except CallFailed as failed:
        return failed


def _text(payload: object) -> str:
    if isinstance(payload, str):
        return payload
    return "" if payload is None else json.dumps(payload)
