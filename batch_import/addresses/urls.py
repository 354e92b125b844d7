"""An http address in parts, as ASCII for a request, and in canonical form.

Nothing here raises, whatever the text is. This file must not know what a signature is.
"""

import re
import unicodedata
from typing import Final, NamedTuple
from urllib.parse import quote

import idna

#: Characters that stand for themselves in a request; any other is percent-encoded. `%` is among
#: them: what is encoded already must not be encoded once more.
_SAFE: Final = "!#$%&'()*+,-./:;=?@[]_~"
_PORTS: Final = {"http": "80", "https": "443"}
#: Characters that mean the same encoded and as they are: unreserved ones everywhere, and those
#: that one encoder escapes and another does not. `+`, `=`, `&`, `;` may mean something else.
_UNRESERVED: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_PATH_PLAIN: Final = _UNRESERVED | frozenset("!$'()*,:@[]")
_QUERY_PLAIN: Final = _PATH_PLAIN | frozenset("/?")
_CANONICAL = re.compile(r"https?://[a-z0-9-]+(?:\.[a-z0-9-]+)+/[A-Za-z0-9._~/-]*")
_ESCAPES = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
_ESCAPED_AND = re.compile(r"&(?:amp;|#38;|#x26;)+", re.IGNORECASE)
_FILE_END = re.compile(r"\.[A-Za-z][A-Za-z0-9]{1,4}$")
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


def canonical(text: str) -> str:
    """One spelling for all spellings of an address (RFC 3986, section 6): what identifies a video.

    Scheme and host in lower case, no default port, no dot segments, Unicode in NFC, and each
    character percent-encoded only where its meaning depends on that. No fragment, unless it ends
    like a file name: `Lesson #5.mp4` is a file. What is no http address is given back in NFC.
    """
    if _CANONICAL.fullmatch(text) and "/." not in text:
        return text
    url = parse(text)
    if url is None:
        return unicodedata.normalize("NFC", text)
    user = f"{_normalised(url.user, _PATH_PLAIN)}@" if url.user else ""
    host = (ascii_host(url.host) or url.host.lower()).removesuffix(".")
    path, _, query = without_fragment(url.rest).partition("?")
    path = _without_dots(_normalised(path, _PATH_PLAIN)) or "/"
    query = _normalised(_ESCAPED_AND.sub("&", query).replace("+", "%20"), _QUERY_PLAIN)
    scheme = url.scheme.lower()
    return f"{scheme}://{user}{host}{_port(url.port, scheme)}{path}{query and '?' + query}"


def without_fragment(text: str) -> str:
    """An address without its fragment; `#` inside of what ends like a file name is encoded."""
    if "#" not in text:
        return text
    before, _, fragment = text.partition("#")
    if "?" in before or not _FILE_END.search(fragment.partition("?")[0]):
        return before
    name, question, query = fragment.partition("?")
    return f"{before}%23{name.replace('#', '%23')}{question}{query.partition('#')[0]}"


def _port(port: str, scheme: str) -> str:
    number = port.lstrip("0")
    return f":{number}" if number and number != _PORTS[scheme] else ""


def _normalised(text: str, plain: frozenset[str]) -> str:
    """Decode the escapes of plain characters and of UTF-8, then encode what is not ASCII."""
    if "%" in text:
        text = _ESCAPES.sub(lambda run: _decoded(run[0], plain), text)
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    return _encoded(text)


def _decoded(escapes: str, plain: frozenset[str]) -> str:
    raw = bytes.fromhex(escapes.replace("%", ""))
    # Bytes that are no UTF-8 come out as lone surrogates, and go back to what they were.
    return "".join(
        character
        if character in plain or (character > "\x9f" and not "\ud800" <= character <= "\udfff")
        else "".join(f"%{byte:02X}" for byte in character.encode("utf-8", "surrogateescape"))
        for character in raw.decode("utf-8", "surrogateescape")
    )


def _without_dots(path: str) -> str:
    """Resolve `.` and `..` (RFC 3986, section 5.2.4), as clients do before they send."""
    if "/." not in path:
        return path
    kept: list[str] = []
    *segments, last = path.split("/")
    for segment in segments + ([last, ""] if last in (".", "..") else [last]):
        if segment == "..":
            del kept[max(1, len(kept) - 1) :]
        elif segment != ".":
            kept.append(segment)
    return "/".join(kept)
