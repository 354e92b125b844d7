"""Finds signatures and tokens in URLs: the secret parts that allow a download for some time.

Other modules use these rules to compare URLs without their signatures, to mask secrets, and to find
the time when a URL expires. Parameters with known names are found first (`schemes.py`); then the
values of parameters with unknown names are examined. In the name of a parameter of these functions,
`address` is the part of a URL before its query. The time is linear in the length of the text.
"""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final, NamedTuple
from urllib.parse import quote, unquote

from batch_import.addresses import schemes
from batch_import.addresses.objects import parse_reference, reference_url, same_object_url
from batch_import.addresses.opaque import SHORT_TOKEN_LENGTH, looks_random
from batch_import.addresses.query_strings import (
    MAX_NESTING,
    fully_decoded,
    join_query,
    normalised_name,
    split_query,
)
from batch_import.addresses.urls import canonical_url, without_fragment

#: No additional names of signature parameters.
NO_EXTRA_NAMES: Final[frozenset[str]] = frozenset()
#: Separators of parameters in a segment of a path: `exp=1~acl=*~hmac=2`, `bcdn_token=1&expires=2`.
_PATH_SEPARATOR = re.compile(r"[&;~,]")
#: A segment of a path with parameters.
_SEGMENT = re.compile(r"(?<=/)[^/?#]*=[^/?#]*")

#: Patterns of tokens in the path of a URL. Each has a text that the URL must contain, as a fast
#: check, and a pattern whose group 1 is the token.
_PATH_TOKENS: Final = tuple(
    (hint, re.compile(pattern, re.ASCII))
    for hint, pattern in (
        # Akamai and Vimeo. The token contains a list of paths, which may have slashes.
        ("hmac=", r"/((?:hdn(?:ts|ea|tl)=|exp=|st=)[^?#]{0,1024}?hmac=[0-9A-Za-z]+)(?=[/?#]|$)"),
        # Kaltura: a session of version 2 in any path, or of version 1 in a path of Kaltura.
        ("/ks/", r"/(ks/(?:djJ[\w%+=.-]*|[\w%+=]{60,}))(?=/|$)"),
        ("/ks/", r"/p/\d+/[^?#]{0,512}?/(ks/[\w%+=.-]+)(?=/)"),
        ("/eyJ", r"/(eyJ[\w-]{8,}\.[\w-]+\.[\w.-]*)"),
        ("/s--", r"/(s--[\w-]{8,64}--)(?=/)"),  # Cloudinary
        # Airtable: an expiry time in epoch milliseconds, a token, and encrypted parts.
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
#: A hash and a time in a path: nginx, CDN77, Alibaba, Tencent. The hash is before the time (epoch
#: seconds, or hexadecimal) or behind it (epoch seconds, or a date such as 202501011200).
_TIME_AND_HASH = re.compile(
    r"/((?P<before>[0-9a-fA-F]{32}|[\w-]{22})(?:/[12]\d{9}|/[0-9a-f]{8}|,[12]\d{9})"
    r"|(?:[12]\d{9}|20\d{10})/(?P<behind>[0-9a-fA-F]{32}|[\w-]{22}))(?=/)",
    re.ASCII,
)
#: Ends of hosts in `_PATH_TOKENS`.
_TOKEN_HOSTS: Final = ("usercontent.com/", "1drv.com/", "cloud.com/")
#: Fast checks for other tokens in a path. Each pattern starts with a literal character, because
#: `re` finds such patterns fastest.
_POSSIBLE_TOKEN = re.compile(
    r"/(?:ks/|eyJ|s--|(?:[12][0-9]{9}|20[0-9]{10})/|[0-9a-fA-F]{32}/[0-9a-f]{8}/)"
)
_POSSIBLE_TIME = re.compile(r",(?:[12][0-9]{9}|20[0-9]{10})/")
#: Part of a host that is different in each link to the same file.
CHANGING_HOST = re.compile(r"(?<=//)(?:uc[\w-]+\.dl\.dropbox|doc-[\w-]+\.google)(?=usercontent\.)")
#: Domains of the schemes that apply only to certain hosts.
VENDOR_DOMAINS: Final = tuple({scheme.host for scheme in schemes.SCHEMES if scheme.host})
#: Domain → pattern of URLs whose host is in the domain.
_VENDOR_URL_PATTERNS: Final = {
    domain: re.compile(
        rf".{{0,1024}}//[^/?#]{{0,1024}}\b{re.escape(domain)}(?:[:/]|$)", re.IGNORECASE
    )
    for domain in VENDOR_DOMAINS
}
#: A URL or a file name. It is no signature itself; a URL in a parameter may have its own signature.
_CONTENT_VALUE = re.compile(r"^https?:|://|^[^=]*\.[A-Za-z][A-Za-z0-9]{1,3}$")
#: An http URL on the default port.
_HTTP_DEFAULT_PORT = re.compile(r"http://(?:[^/?#]*@)?(?:\[[^]/?#]*\]|[^:/?#]*)(?:[/?#]|$)")


def may_be_signed(text: str) -> bool:
    """Whether a text may contain a signed URL. It is fast, also for a long text of many URLs."""
    return "?" in text or _may_have_tokens(text)


def _may_have_tokens(text: str) -> bool:
    return "=" in text or may_have_unnamed_tokens(text)


def may_have_unnamed_tokens(text: str) -> bool:
    """Whether a URL in a text may have a token in its path that is not the value of a name."""
    if _POSSIBLE_TOKEN.search(text) or _POSSIBLE_TIME.search(text):
        return True
    return any(host in text for host in _TOKEN_HOSTS)


def strip_signature(url: str, extra_names: frozenset[str] = NO_EXTRA_NAMES) -> str:
    """Returns the same text for all signed URLs of a file: the canonical URL without a signature.

    On the default port, http becomes https, because a later export may have the other scheme. All
    URLs of an object in cloud storage, and a reference such as `s3://bucket/key`, become the same
    URL.

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
            query = join_query(
                [_strip_parameter_value(part, extra_names, depth) for part in parts], separators
            )
        stripped_url = address + question + query
    return as_https(stripped_url)


def _remove_parameters(url: str, extra_names: frozenset[str]) -> str:
    """Returns a URL without the parameters of its signature. A URL without any is unchanged."""
    address, _, query = without_fragment(url).partition("?")
    parts, separators = split_query(query)
    removed_names = signing_names(parts, address, extra_names)
    if not removed_names:
        return url
    # Each part that remains, with the separator before it.
    remaining_parts = []
    remaining_separators = []
    for separator, part in zip(["", *separators], parts, strict=True):
        if part and part.partition("=")[0] not in removed_names:
            remaining_parts.append(part)
            remaining_separators.append(separator)
    if not remaining_parts:
        return address
    return f"{address}?{join_query(remaining_parts, remaining_separators[1:])}"


def _remove_path_tokens(address: str, extra_names: frozenset[str]) -> str:
    """Returns a URL without the tokens in its path, each with the slash before it."""
    for start, end in reversed(path_tokens(address, extra_names)):
        address = address[: start - 1] + address[end:]
    return address


def _strip_parameter_value(part: str, extra_names: frozenset[str], depth: int) -> str:
    """Returns a parameter; if its value is a URL, without the signature of this URL.

    Args:
        part: the parameter, `name=value`.
        extra_names: as in `strip_signature`.
        depth: number of URLs around this parameter's URL.
    """
    name, equals, value = part.partition("=")
    if "://" not in value:
        return part
    nested_url = canonical_url(unquote(value))
    stripped_url = _strip_nested(nested_url, extra_names, depth + 1)
    if stripped_url == nested_url:
        return part
    return f"{name}{equals}{quote(stripped_url, safe='/:?@')}"


def path_tokens(
    address: str, extra_names: frozenset[str] = NO_EXTRA_NAMES
) -> list[tuple[int, int]]:
    """Finds the tokens in the path of a URL.

    Args:
        address: the URL before its query.
        extra_names: additional names of signature parameters, in lower case.

    Returns:
        Start and end index of each token, from left to right.
    """
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
        if looks_random(match["before"] or match["behind"], SHORT_TOKEN_LENGTH)
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
    """Parameter names of a query, by their role. A name may have several roles.

    Attributes:
        signing: names that certainly belong to a signature, as written.
        unknown: names that belong to a signature only if their values look so: the name as written
            → the name in the form of `normalised_name`.
        expiry_names: names of parameters that may be the time when the URL expires, as written.
    """

    signing: frozenset[str]
    unknown: dict[str, str]
    expiry_names: frozenset[str]


# Cached, because the URLs of a manifest have the same few parameters up to a million times.
@lru_cache(maxsize=1024)
def classify_names(
    names: tuple[str, ...], domain: str, extra_names: frozenset[str]
) -> ClassifiedNames:
    """Returns the names of the parameters of a query by their role.

    Args:
        names: the names, as written.
        domain: the domain of `VENDOR_DOMAINS` that the URL's host is in; empty if it is in none.
        extra_names: additional names of signature parameters, in lower case.
    """
    normalised_names = {name: normalised_name(name) for name in names}
    present_names = frozenset(normalised_names.values())
    known_names = set(extra_names)
    for scheme in schemes.SCHEMES:
        if scheme.required <= present_names and scheme.host in ("", domain):
            known_names |= scheme.parameters
    signing = frozenset(
        name
        for name, normalised in normalised_names.items()
        if normalised in known_names
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
    """Returns the names of the parameters that belong to a signature or are a token, as written.

    Args:
        parts: the parameters, each `name=value`.
        address: the URL before its query, because some schemes apply only to certain hosts.
        extra_names: additional names of signature parameters, in lower case.
        in_path: whether the parts come from a path. There, a part without `=` is not a parameter;
            in a query, it may be a token without a name.
    """
    domain = _vendor_domain(address)
    # A list, because creating the tuple from a generator takes twice as long.
    names = tuple([part.partition("=")[0] for part in parts])
    classified = classify_names(names, domain, extra_names)
    if not classified.unknown:
        return classified.signing
    return classified.signing | _names_by_value(parts, classified, in_path)


def _vendor_domain(address: str) -> str:
    """Returns the domain of `VENDOR_DOMAINS` that the host of a URL is in; empty if in none."""
    for domain in VENDOR_DOMAINS:
        if domain in address and _VENDOR_URL_PATTERNS[domain].match(address):
            return domain
    return ""


def _names_by_value(parts: Sequence[str], classified: ClassifiedNames, in_path: bool) -> set[str]:  # noqa: FBT001
    """Returns the names in `classified.unknown` whose values are a signature or a part of one."""
    # Name → value. A part of a query without `=` has no name; its text is used as both.
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
    decoded_values = {
        name: fully_decoded(values[name])[0] for name in classified.unknown if name in values
    }
    names = {
        name
        for name, value in decoded_values.items()
        if _is_signature(classified.unknown[name], value, has_expiry=has_expiry)
    }
    if names or classified.signing:
        names.update(
            name
            for name, value in decoded_values.items()
            if _is_part_of_signature(classified.unknown[name], value)
        )
    return names


def _is_signature(name: str, value: str, *, has_expiry: bool) -> bool:
    """Whether the value of a parameter is a signature or a token.

    Args:
        name: name of the parameter, in the form of `normalised_name`.
        value: its decoded value.
        has_expiry: whether another parameter of the URL is an expiry time. Then shorter values are
            enough, because such a URL is probably signed.
    """
    if _CONTENT_VALUE.search(value):
        return False
    if has_expiry:
        if name in schemes.SIGNATURE_NAMES_WITH_EXPIRY and not value.isdecimal():
            return True
        if looks_random(value, SHORT_TOKEN_LENGTH):
            return True
    return schemes.SIGNATURE_VALUE.fullmatch(value) is not None or looks_random(value)


def _is_part_of_signature(name: str, value: str) -> bool:
    """Whether a parameter of a signed URL is a time or a random number of the signature."""
    if name in schemes.EXPIRY_NAMES or name in schemes.PART_OF_SIGNATURE_NAMES:
        return value.isdecimal() or schemes.TIME_VALUE.fullmatch(value) is not None
    return False
