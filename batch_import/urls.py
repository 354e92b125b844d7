"""Addresses as people write them: taken apart, made fit for a request, and stripped of a signature.

Pure, and nothing here raises, whatever the text is. This file must not know who asks.
"""

import re
from typing import Final, NamedTuple
from urllib.parse import quote

import idna

from batch_import.masking import parameter_names, signing_parameters

#: Characters that stand for themselves in a request; any other is percent-encoded. `%` is among
#: them: what is encoded already must not be encoded once more.
_SAFE: Final = "!#$%&'()*+,-./:;=?@[]_~"
_PORTS: Final = {"http": "80", "https": "443"}
_STRAY_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")

_URL = re.compile(
    r"(?P<scheme>https?)://"
    r"(?:(?P<user>[^/?#\\]*)@)?"
    r"(?P<host>\[[0-9a-f:.]+\]|[^/?#@:\[\]\\]+)"
    r"(?::(?P<port>[0-9]*))?"
    r"(?P<rest>(?:[/?#].*)?)",
    re.IGNORECASE | re.DOTALL,
)


class Url(NamedTuple):
    """An http or https URL in parts, as it was written.

    Attributes:
        user: what stands before `@`; empty where there is none.
        host: a name or an IP address, the brackets of IPv6 included.
        port: digits; empty where none is named.
        rest: path, query and fragment.
    """

    scheme: str
    user: str
    host: str
    port: str
    rest: str

    @property
    def origin(self) -> str:
        """Host and port, as `host:80`."""
        return f"{self.host}:{self.port or _PORTS[self.scheme.lower()]}"

    @property
    def path(self) -> str:
        """Path alone."""
        return self.rest.partition("#")[0].partition("?")[0]

    @property
    def query(self) -> str:
        """Query alone, without its `?`."""
        return self.rest.partition("#")[0].partition("?")[2]


def parse(text: str) -> Url | None:
    """Take a URL apart; None where it is no http or https URL with a host."""
    found = _URL.fullmatch(text)
    return Url(*(part or "" for part in found.groups())) if found else None


def ascii_host(host: str) -> str:
    """A host as it is asked for in DNS (IDNA 2008, mapped as browsers do); empty: it cannot be."""
    if host.isascii():
        return host.lower() if host.isprintable() and " " not in host else ""
    try:
        return idna.encode(host, uts46=True).decode()
    except UnicodeError:
        return ""


def requestable(text: str) -> str:
    """A URL as a request can carry it: ASCII alone, no spaces; the same place.

    What is encoded already stays as it is, so that a signature stays good. What is no URL is
    given back unchanged.
    """
    url = parse(text)
    if url is None:
        return text
    user = _encoded(url.user).replace("@", "%40") + "@" if url.user else ""
    port = f":{url.port}" if url.port else ""
    host = ascii_host(url.host) or url.host
    return f"{url.scheme.lower()}://{user}{host}{port}{_encoded(url.rest)}"


def _encoded(text: str) -> str:
    if text.isascii() and text.isalnum():
        return text
    # A lone half of a surrogate pair has no bytes of its own; a question mark says so.
    return _STRAY_PERCENT.sub("%25", quote(text, safe=_SAFE, errors="replace"))


def unsigned(text: str) -> str:
    """Take the signature out of a URL's query; keep all else, to the letter.

    Storage signs a URL anew at each export: a new date, a new signature, the same video.
    """
    if "?" not in text:
        return text
    main, hash_mark, fragment = text.partition("#")
    address, _, query = main.partition("?")
    parts = query.split("&")
    names = parameter_names(parts)
    signing = signing_parameters(names)
    if not signing:
        return text
    kept = [part for part, name in zip(parts, names, strict=True) if name not in signing]
    question = "?" + "&".join(kept) if kept else ""
    return address + question + hash_mark + fragment
