"""Parses http and https URLs, and converts them to the form for a request or to a canonical form.

Texts come from manifests and may be anything. No function here raises an exception.
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
#: Characters that a canonical URL has unencoded: the unreserved characters, and characters that
#: only some programs encode. `+`, `=`, `&` and `;` are not among them, because they may have
#: another meaning if they are encoded.
_UNRESERVED: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_UNENCODED_IN_PATH: Final = _UNRESERVED | frozenset("!$'()*,:@[]")
_UNENCODED_IN_QUERY: Final = _UNENCODED_IN_PATH | frozenset("/?")
#: A fast check: every URL that matches is canonical, but not every canonical URL matches.
_CERTAINLY_CANONICAL = re.compile(r"https?://[a-z0-9-]+(?:\.[a-z0-9-]+)+/[A-Za-z0-9._~/-]*")
_PERCENT_ENCODED = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
_HTML_AMPERSAND = re.compile(r"&(?:amp;|#38;|#x26;)+", re.IGNORECASE)
_FILE_EXTENSION = re.compile(r"\.[A-Za-z][A-Za-z0-9]{1,4}$")
#: A `%` that does not begin an encoded byte.
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
    """The parts of an http or https URL, unchanged.

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
    """Returns a host name in ASCII for DNS; empty if it is not valid.

    Names in other scripts are encoded by IDNA 2008, with the mapping that browsers use (UTS 46).
    """
    if host.isascii():
        return host.lower() if host.isprintable() and " " not in host else ""
    try:
        return idna.encode(host, uts46=True).decode()
    except UnicodeError:
        return ""


def request_url(text: str) -> str:
    """Returns a URL in ASCII without spaces, as an HTTP request needs it.

    Parts that are already percent-encoded are not changed; otherwise a signature would become
    invalid. Text that is not a URL is returned unchanged.
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
    """Returns the same text for all equivalent forms of a URL (RFC 3986, section 6).

    The scheme and the host are in lower case. There is no default port and there are no dot
    segments. Unicode is in NFC, and a character is percent-encoded only if that changes its
    meaning. The fragment is removed, unless it ends with a file extension: in `Lesson #5.mp4`, `#`
    is a part of the file name. Text that is not an http URL is returned in NFC.
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
    address = f"{scheme}://{user}{host}{_explicit_port(url.port, scheme)}{path}"
    return f"{address}?{query}" if query else address


def without_fragment(text: str) -> str:
    """Returns a URL without its fragment; a `#` in a file name is percent-encoded instead."""
    if "#" not in text:
        return text
    before, _, fragment = text.partition("#")
    if "?" in before or not _FILE_EXTENSION.search(fragment.partition("?")[0]):
        return before
    name, question, query = fragment.partition("?")
    return f"{before}%23{name.replace('#', '%23')}{question}{query.partition('#')[0]}"


def _explicit_port(port: str, scheme: str) -> str:
    """Returns a port with a colon before it; empty for the default port of the scheme."""
    number = port.lstrip("0")
    return f":{number}" if number and number != _DEFAULT_PORTS[scheme] else ""


def _normalise(text: str, unencoded: frozenset[str]) -> str:
    """Returns a part of a URL in canonical form.

    Args:
        text: the part.
        unencoded: characters that are decoded if they are percent-encoded. Characters outside of
            ASCII are decoded, too, and encoded again after Unicode normalization.
    """
    if "%" in text:
        text = _PERCENT_ENCODED.sub(lambda match: _decode_unreserved(match[0], unencoded), text)
    if not text.isascii():
        text = normalized("NFC", text)
    return _percent_encode(text)


def _decode_unreserved(escapes: str, unencoded: frozenset[str]) -> str:
    """Decode a sequence of percent-encoded bytes; characters that need encoding remain encoded."""
    decoded = bytes.fromhex(escapes.replace("%", "")).decode("utf-8", "surrogateescape")
    characters = []
    for character in decoded:
        # Bytes that are not UTF-8 have become surrogates. "\x9f" is the last control character.
        is_surrogate = "\ud800" <= character <= "\udfff"
        is_text = character > "\x9f" and not is_surrogate
        if character in unencoded or is_text:
            characters.append(character)
        else:
            encoded_bytes = character.encode("utf-8", "surrogateescape")
            characters.append("".join(f"%{byte:02X}" for byte in encoded_bytes))
    return "".join(characters)


def _resolve_dot_segments(path: str) -> str:
    """Resolve `.` and `..` in a path (RFC 3986, section 5.2.4), as HTTP clients do."""
    if "/." not in path:
        return path
    resolved: list[str] = []
    segments = path.split("/")
    if segments[-1] in (".", ".."):
        segments.append("")  # `/a/.` becomes `/a/`
    for segment in segments:
        if segment == "..":
            del resolved[max(1, len(resolved) - 1) :]
        elif segment != ".":
            resolved.append(segment)
    return "/".join(resolved)
