"""Validate configured URLs: of the API, the embed pages, a webhook and a database. No I/O."""

import re
from typing import Final
from urllib.parse import SplitResult, urlsplit

from batch_import.addresses.urls import ascii_host

#: Base URL of the API (Viostream API guide).
API_BASE: Final = "https://api.app.viostream.com/v3/api"
#: Base URL of the embed pages (Viostream API guide, embed code).
EMBED_BASE: Final = "https://play.viostream.com"
#: Maximum length of a host name, in characters (RFC 1035, without the final dot).
_MAX_HOST_LENGTH: Final = 253
#: A host name in ASCII. Each label has at most 63 characters; some hosts have underscores.
_HOST_NAME: Final = re.compile(
    r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
)


def checked_base_url(text: str, example: str) -> str:
    """Validate a base URL, and return it without its final slash.

    Args:
        text: the URL, as the user wrote it.
        example: a valid URL, for the error message.

    Raises:
        ValueError: the text is not a URL, has a password, or is an http:// URL of another machine,
            to which the credentials would be sent unencrypted. The message can be shown to the
            user.
    """
    text = text.strip().rstrip("/")
    parts, host = _split(text)
    if "@" in text:
        raise ValueError("the URL has a user name or a password; remove them")
    is_web_url = parts.scheme in ("http", "https") and _is_host(host) and parts.port != 0
    has_other_parts = any(character in text for character in "?#\\")
    if not is_web_url or has_other_parts:
        raise ValueError(f"{text!r} is not a base URL, such as {example}")
    if parts.scheme == "http" and not _is_loopback(host):
        raise ValueError(f"{text!r} would send your API key unencrypted; use https://")
    return text


def checked_webhook_url(text: str) -> str:
    """Validate the URL of `--notify`.

    Raises:
        ValueError: the text is not a URL, or is an http:// URL of another machine, to which file
            names would be sent unencrypted. The message does not contain the URL, because the
            path of a webhook is a secret.
    """
    parts, host = _split(text)
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(host))
    if not (host and is_safe):
        raise ValueError("this is not an https:// URL, such as https://hooks.example.com/…")
    return text


def checked_database_url(text: str) -> str:
    """Validate the URL of a PostgreSQL database, in the form that `psql` accepts.

    Raises:
        ValueError: the URL is not valid. The message does not contain the URL, because it may
            contain a password.
    """
    parts, example = urlsplit(text), "postgresql://user@host/name"
    if parts.scheme not in ("postgresql", "postgres") or not parts.path.strip("/"):
        raise ValueError(f"this is not the URL of a PostgreSQL database, such as {example}")
    if "password=" in parts.query or parts.fragment or any(c.isspace() for c in text):
        raise ValueError(
            f"write a password before the host ({example.replace('@', ':password@')}) or in"
            " ~/.pgpass, and percent-encode its special characters: # is %23"
        )
    return text


def default_embed_base(api_base: str) -> str:
    """Returns the default base URL of embed pages.

    An API on this machine is the sandbox, which serves its own embed pages.
    """
    parts, host = _split(api_base)
    return f"{parts.scheme}://{parts.netloc}" if _is_loopback(host) else EMBED_BASE


def loopback_origin(api_base: str) -> str:
    """Returns host and port (`host:80`) if the URL is on this machine; otherwise an empty text."""
    parts, host = _split(api_base)
    if not _is_loopback(host):
        return ""
    name = f"[{host}]" if ":" in host else host  # an IPv6 address needs brackets
    default_port = {"http": 80, "https": 443}[parts.scheme]
    return f"{name}:{parts.port or default_port}"


def _split(text: str) -> tuple[SplitResult, str]:
    """Split a URL. Returns its parts and its host; both are empty if the text is not a URL."""
    if any(c.isspace() or not c.isprintable() for c in text):
        return urlsplit(""), ""
    try:
        parts = urlsplit(text)
        _ = parts.port  # raises ValueError if the port is not valid
    except ValueError:
        return urlsplit(""), ""
    return parts, parts.hostname or ""


def _is_host(host: str) -> bool:
    """Whether a host is a valid DNS name or an IP address."""
    from ipaddress import ip_address

    try:
        return bool(ip_address(host))
    except ValueError:
        name = ascii_host(host).removesuffix(".")
    return len(name) <= _MAX_HOST_LENGTH and _HOST_NAME.fullmatch(name) is not None


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    from ipaddress import ip_address

    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
