"""Signatures and expiry times of a whole column of URLs.

The results are the same as of `signatures.py` and `expiry.py`, but each URL is parsed only once. An
export signs all of its URLs with the same parameters in the same order, so one regular expression
per sequence of parameters is enough. URLs that match none are left to these two modules.
"""

import math
import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from batch_import.addresses.expiry import QueryExpiry, expires_at
from batch_import.addresses.objects import (
    may_have_other_hosts,
    parse_reference,
    reference_url,
    same_object_url,
)
from batch_import.addresses.signatures import (
    NO_EXTRA_NAMES,
    VENDOR_DOMAINS,
    as_https,
    classify_names,
    may_be_signed,
    may_have_unnamed_tokens,
    normalised_name,
    strip_signature,
)
from batch_import.addresses.urls import canonical_url

#: Maximum number of cached query patterns. Compiling one takes a millisecond, and a hostile
#: manifest may need another one for each row.
_MAX_PATTERNS: Final = 64
#: Maximum number of parameters of a query pattern. Signed URLs have up to fifteen.
_MAX_PARAMETERS: Final = 32
#: A canonical URL, except for http, without a token in its path.
_ADDRESS: Final = r"https?(://[a-z0-9-]+(?:\.[a-z0-9-]+)+(?:/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+)"
#: The value of a parameter that is not part of a signature, if it is canonical.
_CANONICAL_VALUE: Final = "[A-Za-z0-9._~-]*"
#: The value of any other parameter.
_VALUE: Final = r"[^&;#\\\n]*"
_CANONICAL_NAME = re.compile("[A-Za-z0-9._~-]+")
#: Characters that may split a query elsewhere than at `&`, or end it.
_OTHER_SEPARATORS: Final = ";#\\"
#: The start of a JSON web token, which has an expiry time whatever the name of its parameter is.
_JWT_START: Final = "eyJ"
_CANONICAL_LINES = re.compile(rf"(?:{_ADDRESS.replace('s?', 's', 1)}\n)*+")


class AddressColumn(NamedTuple):
    """What was read from a column of URLs.

    Attributes:
        stripped: each URL without its signature, as `signatures.strip_signature` returns it.
        expiry_times: index of each URL that expires → epoch seconds, as `expiry.expires_at`
            returns them.
    """

    stripped: list[str]
    expiry_times: dict[int, float]


class _QueryPattern:
    """Matches URLs whose queries have the same parameters in the same order.

    Args:
        names: names of the parameters, as written.
        kept: the names that are not part of a signature.
    """

    def __init__(self, names: tuple[str, ...], kept: frozenset[str]) -> None:
        self._expiry = QueryExpiry(tuple(map(normalised_name, names)))
        read = [name for name in names if normalised_name(name) in self._expiry.names]
        groups = [name for name in names if name in kept or name in read]
        #: Indexes among the groups of a match. The first group is the address.
        self._kept = [(f"{name}=", groups.index(name) + 1) for name in groups if name in kept]
        self._read = [groups.index(name) + 1 for name in read]
        self._separator_count = len(names) - 1

        def parameters(value: str) -> list[str]:
            values = dict.fromkeys(names, value) | dict.fromkeys(read, f"({value})")
            values |= dict.fromkeys(kept, f"({_CANONICAL_VALUE})")
            return [f"{re.escape(name)}={values[name]}" for name in names]

        query = "&".join(parameters(_VALUE))
        self.match: Final = re.compile(rf"{_ADDRESS}\?{query}()").fullmatch
        query = "&".join([*parameters("[^&]*")[:-1], parameters(".*")[-1]])
        self._find = re.compile(rf"^{_ADDRESS}\?{query}()$", re.MULTILINE).findall

    def find(self, lines: str, count: int) -> list[tuple[str, ...]]:
        """Match all URLs at once.

        If the number of separators is right, no value contains one and no match spans two lines.
        Then a value may be matched up to the next separator, which is twice as fast.

        Args:
            lines: the URLs, one per line.
            count: the number of lines.

        Returns:
            The groups of each match; an empty list if a URL does not match.
        """
        if lines.count("&") != count * self._separator_count:
            return []
        if any(character in lines for character in _OTHER_SEPARATORS):
            return []
        found: list[tuple[str, ...]] = self._find(lines)
        return found if len(found) == count else []

    def read(self, matches: Sequence[tuple[str, ...]]) -> tuple[list[str], list[float]]:
        """Returns the URLs without their signatures, and their expiry times.

        Args:
            matches: the groups of each match.
        """
        urls = [f"https{groups[0]}" for groups in matches]
        for before, (name, group) in zip("?" + "&" * len(self._kept), self._kept, strict=False):
            pairs = zip(urls, matches, strict=True)
            urls = [f"{url}{before}{name}{groups[group]}" for url, groups in pairs]
        if not self._read:
            return urls, [math.inf] * len(urls)
        values = ([groups[group] for groups in matches] for group in self._read)
        return urls, list(map(self._expiry.expires_at, *values))


class AddressReader:
    """Reads columns of URLs, and caches the patterns of their queries.

    Args:
        extra_names: additional names of signature parameters, in lower case.
    """

    def __init__(self, extra_names: frozenset[str] = NO_EXTRA_NAMES) -> None:
        self._extra_names = extra_names
        self._patterns: dict[tuple[str, ...], _QueryPattern | None] = {}

    def read(self, urls: Sequence[str]) -> AddressColumn:
        """Read a column. Texts that are not URLs are allowed; they do not expire."""
        stripped_urls, expiry_times = self._read(urls)
        if may_have_other_hosts("\n".join(stripped_urls)):
            stripped_urls = list(map(same_object_url, stripped_urls))
        for at, url in enumerate(urls):
            if not url.startswith("http") and (reference := parse_reference(url)):
                stripped_urls[at] = reference_url(reference)
                expiry_times.pop(at, None)
        return AddressColumn(stripped_urls, expiry_times)

    def _read(self, urls: Sequence[str]) -> AddressColumn:
        """Read a column of web URLs. The different hosts of an object are not considered."""
        lines = "\n".join(urls)
        has_no_line_ends = lines.count("\n") == len(urls) - 1
        if may_be_signed(lines):
            read = self._read_alike(urls, lines) if has_no_line_ends else None
            stripped_urls, times = read or self._read_mixed(urls)
            for at in _special_cases(urls, lines, stripped_urls):
                stripped_urls[at] = strip_signature(urls[at], self._extra_names)
                times[at] = expires_at(urls[at])
            expiry_times = {at: time for at, time in enumerate(times) if time < math.inf}
            return AddressColumn(stripped_urls, expiry_times)
        if has_no_line_ends and _CANONICAL_LINES.fullmatch(f"{lines}\n"):
            return AddressColumn(list(urls), {})
        if "%" in lines:
            return AddressColumn([strip_signature(url, self._extra_names) for url in urls], {})
        return AddressColumn([as_https(canonical_url(url)) for url in urls], {})

    def _read_alike(self, urls: Sequence[str], lines: str) -> tuple[list[str], list[float]] | None:
        """Read URLs of one pattern; None if they do not all match it."""
        pattern = self._pattern(urls[0])
        if pattern is None or not all(map(pattern.match, (urls[0], urls[-1]))):
            return None
        matches = pattern.find(lines, len(urls))
        return pattern.read(matches) if matches else None

    def _read_mixed(self, urls: Sequence[str]) -> tuple[list[str], list[float]]:
        stripped_urls: list[str] = []
        times: list[float] = []
        pattern: _QueryPattern | None = None
        for url in urls:
            match = pattern.match(url) if pattern else None
            if match is None and (other := self._pattern(url)) is not pattern:
                pattern = other
                match = pattern.match(url) if pattern else None
            if match is None or pattern is None:
                stripped_urls.append(strip_signature(url, self._extra_names))
                times.append(expires_at(url))
            else:
                one_url, one_time = pattern.read([match.groups()])
                stripped_urls += one_url
                times += one_time
        return stripped_urls, times

    def _pattern(self, url: str) -> _QueryPattern | None:
        query = url.partition("?")[2]
        if not query or any(character in query for character in _OTHER_SEPARATORS):
            return None
        names = tuple([part.partition("=")[0] for part in query.split("&", _MAX_PARAMETERS)])
        if names not in self._patterns and len(self._patterns) < _MAX_PATTERNS:
            self._patterns[names] = self._new_pattern(names)
        return self._patterns.get(names)

    def _new_pattern(self, names: tuple[str, ...]) -> _QueryPattern | None:
        """None if the names alone do not determine the signature, or a name is duplicate."""
        classified = classify_names(names, "", self._extra_names)
        kept = frozenset(names) - classified.signing
        if classified.unknown or len(names) > _MAX_PARAMETERS:
            return None
        if len(set(map(normalised_name, names))) < len(names):
            return None
        return _QueryPattern(names, kept) if all(map(_CANONICAL_NAME.fullmatch, kept)) else None


def _special_cases(urls: Sequence[str], lines: str, stripped_urls: Sequence[str]) -> list[int]:
    """Returns the indexes of URLs with a token in the path, a JWT, or rules of their host.

    Args:
        urls: the URLs.
        lines: the URLs, one per line.
        stripped_urls: the URLs without the parameters of their signatures.
    """
    if _JWT_START not in lines and not _may_be_special("\n".join(stripped_urls)):
        return []
    pairs = enumerate(zip(urls, stripped_urls, strict=True))
    return [at for at, (url, short) in pairs if _JWT_START in url or _may_be_special(short)]


def _may_be_special(text: str) -> bool:
    return may_have_unnamed_tokens(text) or any(domain in text for domain in VENDOR_DOMAINS)
