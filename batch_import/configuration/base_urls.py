"""Validate configured URLs: the platform's API, its embed pages, and a webhook. No I/O."""

import re
from typing import Final
from urllib.parse import SplitResult, urlsplit

from batch_import.addresses.urls import ascii_host

#: Base URL of the API (Viostream API guide).
API_BASE: Final = "https://api.app.viostream.com/v3/api"
#: Base URL of the embed pages (Viostream API guide, embed code).
EMBED_BASE: Final = "https://play.viostream.com"
_LONGEST_NAME: Final = 253
_NAME: Final = re.compile(
    r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
)


def base_url(text: str, example: str) -> str:
    """Validate a base URL, and remove its final slash.

    Raises:
        ValueError: it is not a URL, it has a password, or it would send the credentials over a
            network without encryption. The message can be shown to the user.
    """
    text = text.strip().rstrip("/")
    parts, host = _split(text)
    if "@" in text:
        raise ValueError("the address holds a user name or password; leave them out")
    is_whole = parts.scheme in ("http", "https") and not set(text) & set("?#\\")
    if not (is_whole and _is_host(host) and parts.port != 0):
        raise ValueError(f"{text!r} is not a base URL; it looks like {example}")
    if parts.scheme == "http" and not _is_loopback(host):
        raise ValueError(f"{text!r} would send your API key unencrypted; use https://")
    return text


def webhook(text: str) -> str:
    """Validate the URL of `--notify`.

    Raises:
        ValueError: it is not a URL, or it would send file names over a network without encryption.
            The message does not contain the URL, because the path of a webhook is a secret.
    """
    parts, host = _split(text)
    encrypted = parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(host))
    if not (host and encrypted):
        raise ValueError("this is not an https:// address like https://hooks.example.com/…")
    return text


def embed_base_for(api_base: str) -> str:
    """The default base URL of embed pages. A sandbox serves its own embed pages."""
    parts, host = _split(api_base)
    return f"{parts.scheme}://{parts.netloc}" if _is_loopback(host) else EMBED_BASE


def loopback_origin(api_base: str) -> str:
    """Host and port (`host:80`) of a URL on this machine; empty for other URLs."""
    parts, host = _split(api_base)
    if not _is_loopback(host):
        return ""
    name = f"[{host}]" if ":" in host else host
    return f"{name}:{parts.port or {'http': 80, 'https': 443}[parts.scheme]}"


def _split(text: str) -> tuple[SplitResult, str]:
    """Split a URL into its parts and its host. They are empty if it is not a URL."""
    if any(c.isspace() or not c.isprintable() for c in text):
        return urlsplit(""), ""
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return urlsplit(""), ""
    return parts, host


def _is_host(host: str) -> bool:
    """Whether a host is a valid DNS name or an IP address."""
    from ipaddress import ip_address

    try:
        return bool(ip_address(host))
    except ValueError:
        name = ascii_host(host).removesuffix(".")
    return len(name) <= _LONGEST_NAME and _NAME.fullmatch(name) is not None


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    from ipaddress import ip_address

    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
