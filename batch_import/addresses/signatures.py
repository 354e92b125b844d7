"""Finds signatures and tokens in URLs. Identity, masking and expiry all use these rules.

Known schemes are checked first (`schemes.py`), then the values of parameters with unknown names.
The time is linear in the length of the text, whatever its content.
"""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final, NamedTuple
from urllib.parse import quote, unquote, unquote_plus

from batch_import.addresses import schemes
from batch_import.addresses.objects import parse_reference, reference_url, same_object_url
from batch_import.addresses.opaque import SHORT_TOKEN_LENGTH, is_opaque
from batch_import.addresses.urls import canonical_url, without_fragment

#: No additional names of signature parameters.
NO_EXTRA_NAMES: Final[frozenset[str]] = frozenset()
#: Maximum depth of URLs within URLs, and of repeated percent-encoding; nothing deeper is in use.
MAX_NESTING: Final = 3

#: `&`, also as HTML and JSON escape it; and `;`, but only before a next parameter, because values
#: may contain it (`q-sign-time=1;2`).
_SEPARATOR = re.compile(
    r"(&(?:amp;|#38;|#x26;)*|\\u0026|;(?=[\w.%-]{1,64}=))", re.IGNORECASE | re.ASCII
)
#: The separators within a segment of a path: `exp=1~acl=*~hmac=2`, `bcdn_token=1&expires=2`.
_PATH_SEPARATOR = re.compile(r"[&;~,]")
_SEGMENT = re.compile(r"(?<=/)[^/?#]*=[^/?#]*")

#: Tokens in the path: a text that the URL must contain, and a pattern whose group 1 is the token.
_PATH_TOKENS: Final = tuple(
    (hint, re.compile(pattern, re.ASCII))
    for hint, pattern in (
        # Akamai and Vimeo. The list of paths may contain slashes.
        ("hmac=", r"/((?:hdn(?:ts|ea|tl)=|exp=|st=)[^?#]{0,1024}?hmac=[0-9A-Za-z]+)(?=[/?#]|$)"),
        # Kaltura: version 2, and version 1 in a path of Kaltura.
        ("/ks/", r"/(ks/(?:djJ[\w%+=.-]*|[\w%+=]{60,}))(?=/|$)"),
        ("/ks/", r"/p/\d+/[^?#]{0,512}?/(ks/[\w%+=.-]+)(?=/)"),
        ("/eyJ", r"/(eyJ[\w-]{8,}\.[\w-]+\.[\w.-]*)"),
        ("/s--", r"/(s--[\w-]{8,64}--)(?=/)"),  # Cloudinary
        # Airtable: the expiry time in milliseconds, a token, and encrypted parts.
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
#: A hash and epoch seconds, as two segments or with a comma: nginx, CDN77, Alibaba, Tencent.
_TIME_AND_HASH = re.compile(
    r"/((?P<before>[0-9a-fA-F]{32}|[\w-]{22})(?:/[12]\d{9}|/[0-9a-f]{8}|,[12]\d{9})"
    r"|(?:[12]\d{9}|20\d{10})/(?P<behind>[0-9a-fA-F]{32}|[\w-]{22}))(?=/)",
    re.ASCII,
)
#: Hosts with tokens in the path.
_TOKEN_HOSTS: Final = ("usercontent.com/", "1drv.com/", "cloud.com/")
#: Fast checks for a token in a path. Each pattern starts with a literal, which is found fastest.
_POSSIBLE_TOKEN = re.compile(
    r"/(?:ks/|eyJ|s--|(?:[12][0-9]{9}|20[0-9]{10})/|[0-9a-fA-F]{32}/[0-9a-f]{8}/)"
)
_POSSIBLE_TIME = re.compile(r",(?:[12][0-9]{9}|20[0-9]{10})/")
#: Hosts whose first label is different in each link.
CHANGING_HOST = re.compile(r"(?<=//)(?:uc[\w-]+\.dl\.dropbox|doc-[\w-]+\.google)(?=usercontent\.)")
#: Domains whose signatures have parameters of their own.
VENDOR_DOMAINS: Final = tuple({scheme.host for scheme in schemes.SCHEMES if scheme.host})
_VENDOR_HOST_PATTERNS: Final = {
    end: re.compile(rf".{{0,1024}}//[^/?#]{{0,1024}}\b{re.escape(end)}(?:[:/]|$)", re.IGNORECASE)
    for end in VENDOR_DOMAINS
}
#: A URL or a file name, which is not a signature; but a URL may contain one.
_CONTENT_VALUE = re.compile(r"^https?:|://|^[^=]*\.[A-Za-z][A-Za-z0-9]{1,3}$")
#: An http URL on the default port.
_HTTP_DEFAULT_PORT = re.compile(r"http://(?:[^/?#]*@)?(?:\[[^]/?#]*\]|[^:/?#]*)(?:[/?#]|$)")


def may_be_signed(text: str) -> bool:
    """Whether a text may contain a signed URL. A fast check, also for whole columns."""
    return "?" in text or _may_have_tokens(text)


def _may_have_tokens(text: str) -> bool:
    return "=" in text or may_have_unnamed_tokens(text)


def may_have_unnamed_tokens(text: str) -> bool:
    """Whether the path of a URL may have a token without a name. Fast, also for whole columns."""
    if _POSSIBLE_TOKEN.search(text) or _POSSIBLE_TIME.search(text):
        return True
    return any(host in text for host in _TOKEN_HOSTS)


def strip_signature(url: str, extra_names: frozenset[str] = NO_EXTRA_NAMES) -> str:
    """Returns the canonical form of a URL without its signature, which each signing changes.

    http becomes https on the default port, because exports change from one to the other. All URLs
    of an object in cloud storage, and references such as `s3://bucket/key`, become one URL.

    Args:
        url: the URL.
        extra_names: additional names of signature parameters, in lower case.
    """
    if reference := parse_reference(url):
        return reference_url(reference)
    return same_object_url(_strip_nested(url, extra_names, 0))


def as_https(url: str) -> str:
    """Returns a canonical URL with https instead of http, if it has the default port."""
    return f"https{url[4:]}" if _HTTP_DEFAULT_PORT.match(url) else url


def _strip_nested(url: str, extra_names: frozenset[str], depth: int) -> str:
    stripped_url = canonical_url(_remove_parameters(url, extra_names) if "?" in url else url)
    if _may_have_tokens(stripped_url):
        address, question, query = stripped_url.partition("?")
        address = CHANGING_HOST.sub("*", _remove_path_tokens(address, extra_names))
        if "://" in query and depth < MAX_NESTING:
            parts, separators = split_query(query)
            query = _join_query(
                [_strip_parameter_value(part, extra_names, depth) for part in parts], separators
            )
        stripped_url = address + question + query
    return as_https(stripped_url)


def _remove_parameters(url: str, extra_names: frozenset[str]) -> str:
    """Remove the signature parameters from a query. The others are not changed."""
    address, _, query = without_fragment(url).partition("?")
    parts, separators = split_query(query)
    signing = signing_names(parts, address, extra_names)
    if not signing:
        return url
    remaining = [
        (separator, part)
        for separator, part in zip(["", *separators], parts, strict=True)
        if part and part.partition("=")[0] not in signing
    ]
    if not remaining:
        return address
    query = _join_query(
        [part for _, part in remaining], [separator for separator, _ in remaining[1:]]
    )
    return f"{address}?{query}"


def _remove_path_tokens(address: str, extra_names: frozenset[str]) -> str:
    for start, end in reversed(path_tokens(address, extra_names)):
        address = address[: start - 1] + address[end:]
    return address


def _strip_parameter_value(part: str, extra_names: frozenset[str], depth: int) -> str:
    """Strip the URL that is the value of a parameter."""
    name, equals, value = part.partition("=")
    if "://" not in value:
        return part
    nested_url = canonical_url(unquote(value))
    stripped_url = _strip_nested(nested_url, extra_names, depth + 1)
    if stripped_url == nested_url:
        return part
    return f"{name}{equals}{quote(stripped_url, safe='/:?@')}"


def _join_query(parts: Sequence[str], separators: Sequence[str]) -> str:
    return "".join(map("".join, zip(["", *separators], parts, strict=True)))


def split_query(query: str) -> tuple[list[str], list[str]]:
    """Returns the parameters (`name=value`) of a query, and the separators between them."""
    if ";" not in query and "\\" not in query:
        parts = query.split("&")
        return parts, ["&"] * (len(parts) - 1)
    pieces = _SEPARATOR.split(query)
    return pieces[::2], pieces[1::2]


def fully_decoded(text: str) -> tuple[str, int]:
    """Remove all levels of percent-encoding; returns the text and the number of levels."""
    for count in range(MAX_NESTING):
        if "%" not in text or (decoded_text := unquote(text)) == text:
            return text, count
        text = decoded_text
    return text, MAX_NESTING


@lru_cache(maxsize=1024)
def normalised_name(name: str) -> str:
    """Returns a parameter name for comparison: decoded and case-folded."""
    return unquote_plus(name).casefold()


def path_tokens(
    address: str, extra_names: frozenset[str] = NO_EXTRA_NAMES
) -> list[tuple[int, int]]:
    """Returns start and end of each token in the path of a URL, from left to right."""
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
        for match in _TIME_AND_HASH.finditer(address)
        if is_opaque(match["before"] or match["behind"], SHORT_TOKEN_LENGTH)
    ]
    if "=" in address:
        spans += [
            match.span()
            for match in _SEGMENT.finditer(address)
            if signing_names(_PATH_SEPARATOR.split(match[0]), extra_names=extra_names, in_path=True)
        ]
    return _merge_overlapping(spans)


def _merge_overlapping(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Returns the spans in order. Overlapping spans are merged."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


class ClassifiedNames(NamedTuple):
    """Parameter names of a query, by their role.

    Attributes:
        signing: names of signature parameters, as written.
        unknown: other names whose values must be examined: as written → normalised.
        expiry_names: names of possible expiry times, as written.
    """

    signing: frozenset[str]
    unknown: dict[str, str]
    expiry_names: frozenset[str]


# Cached, because the URLs of a manifest have the same few parameters up to a million times.
@lru_cache(maxsize=1024)
def classify_names(
    names: tuple[str, ...], host: str, extra_names: frozenset[str]
) -> ClassifiedNames:
    """Returns the names of the parameters of a query by their role.

    Args:
        names: the names, as written.
        host: the domain of `VENDOR_DOMAINS` that the host belongs to, or an empty string.
        extra_names: additional names of signature parameters, in lower case.
    """
    normalised_names = {name: normalised_name(name) for name in names}
    present = frozenset(normalised_names.values())
    known = extra_names.union(
        *(
            scheme.parameters
            for scheme in schemes.SCHEMES
            if scheme.required <= present and scheme.host == (scheme.host and host)
        )
    )
    signing = frozenset(
        name
        for name, normalised in normalised_names.items()
        if normalised in known
        or normalised.startswith(schemes.SIGNATURE_PREFIXES)
        or normalised.endswith(schemes.SIGNATURE_SUFFIXES)
    )
    unknown = {
        name: normalised
        for name, normalised in normalised_names.items()
        if name not in signing
        and normalised not in schemes.CONTENT_NAMES
        and not normalised.endswith("id")
    }
    expiry_names = frozenset(
        name for name, normalised in normalised_names.items() if normalised in schemes.EXPIRY_NAMES
    )
    return ClassifiedNames(signing, unknown, expiry_names)


def signing_names(
    parts: Sequence[str],
    address: str = "",
    extra_names: frozenset[str] = NO_EXTRA_NAMES,
    *,
    in_path: bool = False,
) -> frozenset[str]:
    """Returns the names of the parameters that are a signature or a token, as written.

    Args:
        parts: the parameters, each `name=value`.
        address: the URL before the query, because some schemes apply only to one host.
        extra_names: additional names of signature parameters, in lower case.
        in_path: whether the parts are of a path, where a part without `=` is not a parameter.
    """
    host = _vendor_host(address)
    # From a list: a generator would take twice as long.
    classified = classify_names(
        tuple([part.partition("=")[0] for part in parts]), host, extra_names
    )
    if not classified.unknown:
        return classified.signing
    return classified.signing | _names_by_value(parts, classified, in_path)


def _vendor_host(address: str) -> str:
    for end in VENDOR_DOMAINS:
        if end in address and _VENDOR_HOST_PATTERNS[end].match(address):
            return end
    return ""


def _names_by_value(parts: Sequence[str], classified: ClassifiedNames, in_path: bool) -> set[str]:  # noqa: FBT001
    values = {}
    for part in parts:
        name, equals, value = part.partition("=")
        if equals or not in_path:
            values[name] = value if equals else name
    has_expiry = any(
        schemes.TIME_VALUE.fullmatch(unquote(values.get(name, "")))
        for name in classified.expiry_names
    )
    if (
        not has_expiry
        and not classified.signing
        and all(len(value) < SHORT_TOKEN_LENGTH for value in values.values())
    ):
        return set()
    unknown = {
        name: fully_decoded(values[name])[0] for name in classified.unknown if name in values
    }
    found = {
        name
        for name, value in unknown.items()
        if _is_signature(classified.unknown[name], value, beside_expiry=has_expiry)
    }
    if found or classified.signing:
        found.update(
            name
            for name, value in unknown.items()
            if _is_part_of_signature(classified.unknown[name], value)
        )
    return found


def _is_signature(name: str, value: str, *, beside_expiry: bool) -> bool:
    if _CONTENT_VALUE.search(value):
        return False
    if beside_expiry and (
        (name in schemes.SIGNATURE_NAMES_WITH_EXPIRY and not value.isdecimal())
        or is_opaque(value, SHORT_TOKEN_LENGTH)
    ):
        return True
    return schemes.SIGNATURE_VALUE.fullmatch(value) is not None or is_opaque(value)


def _is_part_of_signature(name: str, value: str) -> bool:
    """Whether a parameter belongs to the signature in the URL: a time or a random number."""
    if name in schemes.EXPIRY_NAMES or name in schemes.PARTS_OF_SIGNATURE:
        return value.isdecimal() or schemes.TIME_VALUE.fullmatch(value) is not None
    return False
