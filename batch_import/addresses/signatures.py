"""What in an address is a signature or token: the one rule for identity, masking and expiry.

Known schemes come first (`schemes.py`); then, for what has no known name, how its value looks.
Time is linear in the text, whatever it holds. This file must not know who asks.
"""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final, NamedTuple
from urllib.parse import quote, unquote, unquote_plus

from batch_import.addresses import schemes
from batch_import.addresses.opaque import SHORT, is_opaque
from batch_import.addresses.urls import canonical, without_fragment

NO_NAMES: Final[frozenset[str]] = frozenset()
#: An address inside of an address, inside of an address: deeper nobody goes on purpose.
MOST_NESTED: Final = 3

#: `&`, as HTML and JSON write it too; and `;`, but only in front of a next parameter, for values
#: hold it as well (`q-sign-time=1;2`).
_SEPARATOR = re.compile(
    r"(&(?:amp;|#38;|#x26;)*|\\u0026|;(?=[\w.%-]{1,64}=))", re.IGNORECASE | re.ASCII
)
#: The same in a segment of a path: `exp=1~acl=*~hmac=2`, `bcdn_token=1&expires=2`.
_PATH_SEPARATOR = re.compile(r"[&;~,]")
_SEGMENT = re.compile(r"(?<=/)[^/?#]*=[^/?#]*")

#: Tokens in the path: what must be in the text for a look, and the pattern whose group is it.
_PATH_TOKENS: Final = tuple(
    (hint, re.compile(pattern, re.ASCII))
    for hint, pattern in (
        # Akamai and Vimeo; the list of paths may hold slashes.
        ("hmac=", r"/((?:hdn(?:ts|ea|tl)=|exp=|st=)[^?#]{0,1024}?hmac=[0-9A-Za-z]+)(?=[/?#]|$)"),
        # Kaltura: version 2, or version 1 beside its own path.
        ("/ks/", r"/(ks/(?:djJ[\w%+=.-]*|[\w%+=]{60,}))(?=/|$)"),
        ("/ks/", r"/p/\d+/[^?#]{0,512}?/(ks/[\w%+=.-]+)(?=/)"),
        ("/eyJ", r"/(eyJ[\w-]{8,}\.[\w-]+\.[\w.-]*)"),
        ("/s--", r"/(s--[\w-]{8,64}--)(?=/)"),  # Cloudinary
        # Airtable: the end in milliseconds, a token, and what else is encrypted.
        (
            "airtableusercontent.com/",
            r"airtableusercontent\.com/v\d+/u/\d+/\d+/(\d{13}/[\w-]+(?:/[\w-]{22,})*)(?=/|$)",
        ),
        ("dropboxusercontent.com/", r"dropboxusercontent\.com/cd/0/\w+/([\w-]+)(?=/)"),
        (
            "usercontent.com/docs/securesc/",
            r"/docs/securesc/([\w-]+(?:/[\w-]{16,})?(?:/\d{10,})?)(?=/)",
        ),
        ("1drv.com/", r"1drv\.com/(y4m[\w-]{16,})"),
        ("boxcloud.com/", r"boxcloud\.com/d/1/(b1![\w!.-]{16,})"),
        ("/n/", r"/p/([\w-]{32,})(?=/n/)"),  # Oracle, a pre-authenticated request
    )
)
#: A hash beside an epoch second, as segments or with a comma: nginx, CDN77, Alibaba, Tencent.
_MOMENT_TOKEN = re.compile(
    r"/((?P<before>[0-9a-fA-F]{32}|[\w-]{22})(?:/[12]\d{9}|/[0-9a-f]{8}|,[12]\d{9})"
    r"|(?:[12]\d{9}|20\d{10})/(?P<behind>[0-9a-fA-F]{32}|[\w-]{22}))(?=/)",
    re.ASCII,
)
_PATH_HINTS: Final = ("=", "/ks/", "/eyJ", "/s--", "usercontent.com/", "1drv.com/", "cloud.com/")
#: A quick look for the moment in it.
_MOMENT = re.compile(r"[/,](?:[12]\d{9}|20\d{10})/|/[0-9a-fA-F]{32}/[0-9a-f]{8}/", re.ASCII)
#: Hosts whose first name changes with each link.
CHANGING_HOST = re.compile(r"(?<=//)(?:uc[\w-]+\.dl\.dropbox|doc-[\w-]+\.google)(?=usercontent\.)")
_HOSTS: Final = tuple({scheme.host for scheme in schemes.SCHEMES if scheme.host})
_HOST_ENDS: Final = {
    end: re.compile(rf".{{0,1024}}//[^/?#]{{0,1024}}\b{re.escape(end)}(?:[:/]|$)", re.IGNORECASE)
    for end in _HOSTS
}
#: A value that is an address, or ends like a file name, is no signature; one may be in it.
_CONTENT_VALUE = re.compile(r"^https?:|://|^[^=]*\.[A-Za-z][A-Za-z0-9]{1,3}$")
_HTTP = re.compile(r"http://(?:[^/?#]*@)?(?:\[[^]/?#]*\]|[^:/?#]*)(?:[/?#]|$)")


def may_be_signed(text: str) -> bool:
    """Whether any of the addresses in a text is worth a closer look; cheap, for whole columns."""
    return "?" in text or _may_have_tokens(text)


def _may_have_tokens(text: str) -> bool:
    for hint in _PATH_HINTS:
        if hint in text:
            return True
    return _MOMENT.search(text) is not None


def stripped(url: str, more: frozenset[str] = NO_NAMES) -> str:
    """The canonical form of an address without what signs it: the same after each signing.

    http and https on their usual ports count as one: exports change from one to the other.

    Args:
        more: names of parameters that sign too, in lower case.
    """
    return _stripped(url, more, 0)


def all_stripped(urls: Sequence[str], more: frozenset[str] = NO_NAMES) -> list[str]:
    """`stripped` of each of many addresses; fast where none is signed."""
    joined = "\n".join(urls)
    if "%" in joined or may_be_signed(joined):
        return [stripped(url, more) for url in urls]
    return [_over_https(canonical(url)) for url in urls]


def _over_https(url: str) -> str:
    return f"https{url[4:]}" if _HTTP.match(url) else url


def _stripped(url: str, more: frozenset[str], depth: int) -> str:
    plain = canonical(_without_parameters(url, more) if "?" in url else url)
    if _may_have_tokens(plain):
        address, question, query = plain.partition("?")
        address = CHANGING_HOST.sub("*", _without_tokens(address, more))
        if "://" in query and depth < MOST_NESTED:
            parts, separators = split_query(query)
            query = _joined([_without_nested(part, more, depth) for part in parts], separators)
        plain = address + question + query
    return _over_https(plain)


def _without_parameters(url: str, more: frozenset[str]) -> str:
    """Take the parameters that sign out of a query, and leave the rest as it is written."""
    address, _, query = without_fragment(url).partition("?")
    parts, separators = split_query(query)
    signing = signing_names(parts, address, more)
    if not signing:
        return url
    kept = [
        (separator, part)
        for separator, part in zip(["", *separators], parts, strict=True)
        if part and part.partition("=")[0] not in signing
    ]
    if not kept:
        return address
    query = _joined([part for _, part in kept], [separator for separator, _ in kept[1:]])
    return f"{address}?{query}"


def _without_tokens(address: str, more: frozenset[str]) -> str:
    for start, end in reversed(path_tokens(address, more)):
        address = address[: start - 1] + address[end:]
    return address


def _without_nested(part: str, more: frozenset[str], depth: int) -> str:
    """Strip the address that is the value of a parameter."""
    name, equals, value = part.partition("=")
    if "://" not in value:
        return part
    inner = canonical(unquote(value))
    plain = _stripped(inner, more, depth + 1)
    return part if plain == inner else f"{name}{equals}{quote(plain, safe='/:?@')}"


def _joined(parts: Sequence[str], separators: Sequence[str]) -> str:
    return "".join(map("".join, zip(["", *separators], parts, strict=True)))


def split_query(query: str) -> tuple[list[str], list[str]]:
    """Parameters (`name=value`) of a query, and what separates each two of them."""
    if ";" not in query and "\\" not in query:
        parts = query.split("&")
        return parts, ["&"] * (len(parts) - 1)
    pieces = _SEPARATOR.split(query)
    return pieces[::2], pieces[1::2]


def decoded(text: str) -> tuple[str, int]:
    """A text without its percent-encodings, however often it was encoded, and how often."""
    for times in range(MOST_NESTED):
        if "%" not in text or (plain := unquote(text)) == text:
            return text, times
        text = plain
    return text, MOST_NESTED


@lru_cache(maxsize=1024)
def folded(name: str) -> str:
    """A parameter's name as names are compared: decoded, without regard to case."""
    return unquote_plus(name).casefold()


def path_tokens(address: str, more: frozenset[str] = NO_NAMES) -> list[tuple[int, int]]:
    """Start and end of each token in the path of an address, from left to right."""
    if not _may_have_tokens(address):
        return []
    spans = [
        match.span(1)
        for hint, pattern in _PATH_TOKENS
        if hint in address
        for match in pattern.finditer(address)
    ]
    spans += [
        match.span(1)
        for match in _MOMENT_TOKEN.finditer(address)
        if is_opaque(match["before"] or match["behind"], SHORT)
    ]
    if "=" in address:
        spans += [
            match.span()
            for match in _SEGMENT.finditer(address)
            if signing_names(_PATH_SEPARATOR.split(match[0]), more=more, named=True)
        ]
    return _apart(spans)


def _apart(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Spans in order; those that overlap become one."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


class _Names(NamedTuple):
    """What the names of a query's parameters tell.

    Attributes:
        signing: those that sign, as they are written.
        unknown: the others whose values decide: as written → folded.
        ends: those that may tell an end: as they are written.
    """

    signing: frozenset[str]
    unknown: dict[str, str]
    ends: frozenset[str]


# The addresses of a manifest have the same few parameters, a million times.
@lru_cache(maxsize=1024)
def _judge_names(names: tuple[str, ...], host: str, more: frozenset[str]) -> _Names:
    plain = {name: folded(name) for name in names}
    there = frozenset(plain.values())
    known = more.union(
        *(
            scheme.parameters
            for scheme in schemes.SCHEMES
            if scheme.beside <= there and scheme.host == (scheme.host and host)
        )
    )
    signing = frozenset(
        name
        for name, fold in plain.items()
        if fold in known or fold.startswith(schemes.STARTS) or fold.endswith(schemes.ENDS)
    )
    unknown = {
        name: fold
        for name, fold in plain.items()
        if name not in signing and fold not in schemes.CONTENT and not fold.endswith("id")
    }
    ends = frozenset(name for name, fold in plain.items() if fold in schemes.EXPIRY)
    return _Names(signing, unknown, ends)


def signing_names(
    parts: Sequence[str],
    address: str = "",
    more: frozenset[str] = NO_NAMES,
    *,
    named: bool = False,
) -> frozenset[str]:
    """Which parameters of a query sign or hold a token: their names, as they are written.

    Args:
        parts: each `name=value`.
        address: what stands before the query: some schemes are of one host alone.
        named: a part without `=` is nothing by itself, as in a path.
    """
    host = _vendor_host(address)
    # A list in brackets: a generator would cost as much again.
    judged = _judge_names(tuple([part.partition("=")[0] for part in parts]), host, more)
    return judged.signing | _by_value(parts, judged, named) if judged.unknown else judged.signing


def _vendor_host(address: str) -> str:
    for end in _HOSTS:
        if end in address and _HOST_ENDS[end].match(address):
            return end
    return ""


def _by_value(parts: Sequence[str], judged: _Names, named: bool) -> set[str]:  # noqa: FBT001
    values = {}
    for part in parts:
        name, equals, value = part.partition("=")
        if equals or not named:
            values[name] = value if equals else name
    ends = any(schemes.MOMENT.fullmatch(unquote(values.get(name, ""))) for name in judged.ends)
    if not ends and not judged.signing and all(len(value) < SHORT for value in values.values()):
        return set()
    unknown = {name: decoded(values[name])[0] for name in judged.unknown if name in values}
    found = {
        name
        for name, value in unknown.items()
        if _is_signature(judged.unknown[name], value, beside_expiry=ends)
    }
    if found or judged.signing:
        found.update(
            name for name, value in unknown.items() if _belongs(judged.unknown[name], value)
        )
    return found


def _is_signature(name: str, value: str, *, beside_expiry: bool) -> bool:
    if _CONTENT_VALUE.search(value):
        return False
    if beside_expiry and (
        (name in schemes.BESIDE_EXPIRY and not value.isdecimal()) or is_opaque(value, SHORT)
    ):
        return True
    return schemes.VALUE.fullmatch(value) is not None or is_opaque(value)


def _belongs(name: str, value: str) -> bool:
    """Whether a parameter beside a signature is one of its parts: a time, a random number."""
    if name in schemes.EXPIRY or name in schemes.BESIDE_SIGNATURE:
        return value.isdecimal() or schemes.MOMENT.fullmatch(value) is not None
    return False
