"""Whether a request was sent when its connection failed."""

import requests
from urllib3.exceptions import MaxRetryError, NewConnectionError

from batch_import.errors import NoAnswer, NotSent, RequestFailed


def connection_fault(error: requests.RequestException) -> RequestFailed:
    """Returns `NotSent` if the request was certainly not sent, and `NoAnswer` otherwise."""
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
    return NoAnswer("the connection was closed before the answer was complete")
