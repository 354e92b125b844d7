"""The parts of an http URL, its form in a request, and its canonical form.

No function here raises an exception, whatever the text is.
"""

import re
from typing import Final, NamedTuple
from urllib.parse import quote

import idna

from batch_import.addresses.unicode_forms import normalized

#: Characters that are not percent-encoded in a request. They include `%`, because text that is
#: already encoded must not be encoded again.
_UNENCODED_CHARACTERS: Final = "!#$%&'()*+,-./:;=?@[]_~"
_DEFAULT_PORTS: Final = {"http": "80", "https": "443"}
#: Characters that mean the same encoded and unencoded: the unreserved ones, and those that only
#: some programs encode. `+`, `=`, `&` and `;` are not included: encoded they can mean something
#: else.
_UNRESERVED: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_UNENCODED_IN_PATH: Final = _UNRESERVED | frozenset("!$'()*,:@[]")
_UNENCODED_IN_QUERY: Final = _UNENCODED_IN_PATH | frozenset("/?")
#: Matches only canonical URLs, but not all of them: a fast check.
_CERTAINLY_CANONICAL = re.compile(r"https?://[a-z0-9-]+(?:\.[a-z0-9-]+)+/[A-Za-z0-9._~/-]*")
_PERCENT_ENCODED = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
_HTML_AMPERSAND = re.compile(r"&(?:amp;|#38;|#x26;)+", re.IGNORECASE)
_FILE_EXTENSION = re.compile(r"\.[A-Za-z][A-Za-z0-9]{1,4}$")
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
    """The parts of an http or https URL, as written.

    Attributes:
        scheme: `http` or `https`, in any letter case.
        user: user name and password before `@`; empty if there are none.
        host: host name or IP address; an IPv6 address has its brackets.
        port: digits; empty if there is no port.
        rest: path, query and fragment.
    """

    scheme: str
    user: str
    host: str
    port: str
    rest: str

    @property
    def origin(self) -> str:
        """Host and port, such as `host:80`."""
        return f"{self.host}:{self.port or _DEFAULT_PORTS[self.scheme.lower()]}"

    @property
    def path(self) -> str:
        """The path without query and fragment."""
        return self.rest.partition("#")[0].partition("?")[0]

    @property
    def query(self) -> str:
        """The query without its `?`."""
        return self.rest.partition("#")[0].partition("?")[2]


def parse(text: str) -> Url | None:
    """Returns the parts of a URL; None if it is not an http or https URL with a host."""
    match = _URL.fullmatch(text)
    return Url(*(part or "" for part in match.groups())) if match else None


def ascii_host(host: str) -> str:
    """Returns a host name for DNS (IDNA 2008, mapped as in browsers); empty if it is not valid."""
    if host.isascii():
        return host.lower() if host.isprintable() and " " not in host else ""
    try:
        return idna.encode(host, uts46=True).decode()
    except UnicodeError:
        return ""


def request_url(text: str) -> str:
    """Returns a URL in a form that a request can contain: ASCII without spaces.

    Encoded parts are not changed, so that a signature stays valid. Text that is not a URL is
    returned unchanged.
    """
    url = parse(text)
    if url is None:
        return text
    user = _percent_encode(url.user).replace("@", "%40") + "@" if url.user else ""
    port = f":{url.port}" if url.port else ""
    host = ascii_host(url.host) or url.host
    return f"{url.scheme.lower()}://{user}{host}{port}{_percent_encode(url.rest)}"


def _percent_encode(text: str) -> str:
    if text.isascii() and text.isalnum():
        return text
    # Half of a surrogate pair has no UTF-8 bytes; it is encoded as a question mark.
    return _STRAY_PERCENT.sub("%25", quote(text, safe=_UNENCODED_CHARACTERS, errors="replace"))


def canonical_url(text: str) -> str:
    """Returns the same text for all spellings of a URL (RFC 3986, section 6).

    The scheme and the host are in lower case. There is no default port and there are no dot
    segments. Unicode is in NFC, and a character is percent-encoded only if that changes its
    meaning. The fragment is removed, unless it ends like a file name: `Lesson #5.mp4` is a file.
    Text that is not an http URL is returned in NFC.
    """
    if _CERTAINLY_CANONICAL.fullmatch(text) and "/." not in text:
        return text
    url = parse(text)
    if url is None:
        return normalized("NFC", text)
    user = f"{_normalise(url.user, _UNENCODED_IN_PATH)}@" if url.user else ""
    host = (ascii_host(url.host) or url.host.lower()).removesuffix(".")
    path, _, query = without_fragment(url.rest).partition("?")
    path = _resolve_dot_segments(_normalise(path, _UNENCODED_IN_PATH)) or "/"
    query = _normalise(_HTML_AMPERSAND.sub("&", query).replace("+", "%20"), _UNENCODED_IN_QUERY)
    scheme = url.scheme.lower()
    return f"{scheme}://{user}{host}{_explicit_port(url.port, scheme)}{path}{query and '?' + query}"


def without_fragment(text: str) -> str:
    """Returns a URL without its fragment. A `#` within a file name is encoded instead."""
    if "#" not in text:
        return text
    before, _, fragment = text.partition("#")
    if "?" in before or not _FILE_EXTENSION.search(fragment.partition("?")[0]):
        return before
    name, question, query = fragment.partition("?")
    return f"{before}%23{name.replace('#', '%23')}{question}{query.partition('#')[0]}"


def _explicit_port(port: str, scheme: str) -> str:
    number = port.lstrip("0")
    return f":{number}" if number and number != _DEFAULT_PORTS[scheme] else ""


def _normalise(text: str, unencoded: frozenset[str]) -> str:
    """Decode encoded characters that need no encoding, then encode what is not ASCII."""
    if "%" in text:
        text = _PERCENT_ENCODED.sub(lambda match: _decode_unreserved(match[0], unencoded), text)
    if not text.isascii():
        text = normalized("NFC", text)
    return _percent_encode(text)


def _decode_unreserved(escapes: str, unencoded: frozenset[str]) -> str:
    raw = bytes.fromhex(escapes.replace("%", ""))
    # Bytes that are not UTF-8 become lone surrogates, which are encoded again below.
    return "".join(
        character
        if character in unencoded or (character > "\x9f" and not "\ud800" <= character <= "\udfff")
        else "".join(f"%{byte:02X}" for byte in character.encode("utf-8", "surrogateescape"))
        for character in raw.decode("utf-8", "surrogateescape")
    )


def _resolve_dot_segments(path: str) -> str:
    """Resolve `.` and `..` (RFC 3986, section 5.2.4), as clients do before they send."""
    if "/." not in path:
        return path
    resolved: list[str] = []
    *segments, last = path.split("/")
    for segment in segments + ([last, ""] if last in (".", "..") else [last]):
        if segment == "..":
            del resolved[max(1, len(resolved) - 1) :]
        elif segment != ".":
            resolved.append(segment)
    return "/".join(resolved)
