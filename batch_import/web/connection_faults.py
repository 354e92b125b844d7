"""Decides whether a request may have reached the server when its connection failed."""

import requests
from urllib3.exceptions import MaxRetryError, NewConnectionError

from batch_import.errors import NoAnswer, NotSent, RequestFailed, TimedOut


def connection_fault(error: requests.RequestException) -> RequestFailed:
    """Returns the error to raise for an exception of the requests library.

    It is `NotSent` if the request was certainly not sent, and `NoAnswer` if it may have been sent.
    """
    cause = error.args[0] if error.args else None
    if isinstance(cause, MaxRetryError):
        cause = cause.reason
    if isinstance(error, requests.ConnectTimeout):
        return NotSent("no connection within the time-out")
    if isinstance(cause, NewConnectionError):
        return NotSent("the connection was refused, or the host name is not known")
    if isinstance(error, requests.exceptions.ProxyError):
        return NotSent("the proxy gave no connection")
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return NotSent("the platform's certificate could not be verified")
    if isinstance(error, requests.Timeout):
        return TimedOut("no answer within the time-out")
    return NoAnswer("the connection was closed before the answer was complete")
