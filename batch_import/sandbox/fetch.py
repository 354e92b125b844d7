"""Downloads the source of a media, as the platform does. The knob `fetch` switches this on.

Only hosts on this machine are contacted: a sandbox must not download from real hosts.
"""

import http.client
import ipaddress
from typing import Final
from urllib.parse import urlsplit

#: Seconds to connect to a host on this machine, and seconds to wait for its data.
_TIMEOUT_SECONDS: Final = 10.0
#: Statuses of a successful response: the whole file, or the requested part of it.
_SUCCESS_STATUSES: Final = (200, 206)


def download_error(url: str) -> str:
    """Download the first byte of a source, and return the error message.

    Returns:
        why the source could not be downloaded. Empty if the download succeeded, or if the host is
        not on this machine and was therefore not contacted.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return "The source could not be downloaded: its URL is not valid."
    if parts.scheme != "http" or not _is_on_this_machine(host):
        return ""
    target = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
    connection = http.client.HTTPConnection(host, port, timeout=_TIMEOUT_SECONDS)
    try:
        connection.request("GET", target, headers={"Range": "bytes=0-0"})
        response = connection.getresponse()
        response.read()
    except (OSError, http.client.HTTPException):
        return "The source could not be downloaded: its host does not answer."
    finally:
        connection.close()
    if response.status in _SUCCESS_STATUSES:
        return ""
    return f"The source could not be downloaded: its host answered HTTP {response.status}."


def _is_on_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
