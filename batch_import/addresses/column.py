"""Removes the signatures of a whole column of URLs, and returns their expiry times. It is fast.

The results are the same as those of `signatures.strip_signature` and `expiry.expires_at`, which
parse a URL several times. An export signs all of its URLs with the same parameters in the same
order; therefore one regular expression, a *query pattern*, can parse all of them. Only URLs that
match no query pattern are passed to the two functions.
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
from batch_import.addresses.query_strings import normalised_name
from batch_import.addresses.signatures import (
    NO_EXTRA_NAMES,
    VENDOR_DOMAINS,
    as_https,
    classify_names,
    may_be_signed,
    may_have_unnamed_tokens,
    strip_signature,
)
from batch_import.addresses.urls import canonical_url

#: Maximum number of query patterns. Compiling a pattern takes a millisecond, and a hostile manifest
#: may have other parameters in each row.
_MAX_PATTERNS: Final = 64
#: Maximum number of parameters of a query pattern. Signed URLs have up to fifteen.
_MAX_PARAMETERS: Final = 32
#: Pattern of a URL without a query that is canonical, apart from http. Group 1 follows the scheme.
_ADDRESS: Final = r"https?(://[a-z0-9-]+(?:\.[a-z0-9-]+)+(?:/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+)"
#: Pattern of a parameter's value that is canonical. Parameters outside of the signature must match.
_CANONICAL_VALUE: Final = "[A-Za-z0-9._~-]*"
#: Pattern of the value of a parameter of the signature.
_ANY_VALUE: Final = r"[^&;#\\\n]*"
_CANONICAL_NAME = re.compile("[A-Za-z0-9._~-]+")
#: Characters that may end a query, or separate parameters instead of `&`.
_OTHER_SEPARATORS: Final = ";#\\"
#: The start of a JSON web token, which may have an expiry time, whatever its parameter is called.
_JWT_START: Final = "eyJ"
#: Lines that are all canonical https URLs without a query. The scheme in `_ADDRESS` is replaced.
_CANONICAL_LINES = re.compile(rf"(?:{_ADDRESS.replace('s?', 's', 1)}\n)*+")


class AddressColumn(NamedTuple):
    """The URLs of a column without their signatures, and their expiry times.

    Attributes:
        stripped_urls: for each URL, the result of `signatures.strip_signature`.
        expiry_times: index of each URL that expires → epoch seconds, as `expiry.expires_at`
            returns them.
    """

    stripped_urls: list[str]
    expiry_times: dict[int, float]


class _QueryPattern:
    """Parses URLs whose queries have the same parameters in the same order.

    A match has one group for the address (the URL after its scheme, without the query), and one for
    the value of each parameter that is needed: for the URL without signature, or for the expiry
    time.

    Args:
        names: names of the parameters, as written.
        kept_names: the names that are not part of a signature.
    """

    def __init__(self, names: tuple[str, ...], kept_names: frozenset[str]) -> None:
        self._expiry = QueryExpiry(tuple(map(normalised_name, names)))
        expiry_names = [name for name in names if normalised_name(name) in self._expiry.names]
        group_names = ["", *(name for name in names if name in kept_names or name in expiry_names)]
        #: For each kept parameter: `name=`, and the index of its group.
        self._kept_groups = [
            (f"{name}=", group_names.index(name)) for name in group_names if name in kept_names
        ]
        self._expiry_groups = [group_names.index(name) for name in expiry_names]
        self._separator_count = len(names) - 1

        def parameter_patterns(value: str) -> list[str]:
            values = dict.fromkeys(names, value) | dict.fromkeys(expiry_names, f"({value})")
            values |= dict.fromkeys(kept_names, f"({_CANONICAL_VALUE})")
            return [f"{re.escape(name)}={values[name]}" for name in names]

        query = "&".join(parameter_patterns(_ANY_VALUE))
        # The empty group at the end makes `findall` return tuples even without other groups.
        self.match: Final = re.compile(rf"{_ADDRESS}\?{query}()").fullmatch
        # A value ends at the next `&`, and the last value at the end of the line; see `find`.
        first_parameters = parameter_patterns("[^&]*")[:-1]
        last_parameter = parameter_patterns(".*")[-1]
        query = "&".join([*first_parameters, last_parameter])
        self._find = re.compile(rf"^{_ADDRESS}\?{query}()$", re.MULTILINE).findall

    def find(self, lines: str, count: int) -> list[tuple[str, ...]]:
        """Match all URLs at once.

        The number of separators is checked first. If it is right, each value can be matched up to
        the next `&`, which is twice as fast: no value has a `&`, and no match spans two lines.

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
        matches: list[tuple[str, ...]] = self._find(lines)
        return matches if len(matches) == count else []

    def urls_and_times(self, matches: Sequence[tuple[str, ...]]) -> tuple[list[str], list[float]]:
        """Returns the URLs without their signatures, and their expiry times.

        Args:
            matches: the groups of each match.
        """
        urls = [f"https{groups[0]}" for groups in matches]
        separator = "?"
        for name, index in self._kept_groups:
            pairs = zip(urls, matches, strict=True)
            urls = [f"{url}{separator}{name}{groups[index]}" for url, groups in pairs]
            separator = "&"
        if not self._expiry_groups:
            return urls, [math.inf] * len(urls)
        # One list per parameter: its value in each URL.
        values = ([groups[index] for groups in matches] for index in self._expiry_groups)
        return urls, list(map(self._expiry.expires_at, *values))


class AddressReader:
    """Removes the signatures of columns of URLs. It caches query patterns between columns.

    Args:
        extra_names: additional names of signature parameters, in lower case.
    """

    def __init__(self, extra_names: frozenset[str] = NO_EXTRA_NAMES) -> None:
        self._extra_names = extra_names
        self._patterns: dict[tuple[str, ...], _QueryPattern | None] = {}

    def read(self, urls: Sequence[str]) -> AddressColumn:
        """Returns the results for a column, whose cells may also be references or other texts."""
        stripped_urls, expiry_times = self._read_web_urls(urls)
        if may_have_other_hosts("\n".join(stripped_urls)):
            stripped_urls = list(map(same_object_url, stripped_urls))
        for index, url in enumerate(urls):
            reference = None if url.startswith("http") else parse_reference(url)
            if reference:
                stripped_urls[index] = reference_url(reference)
                expiry_times.pop(index, None)
        return AddressColumn(stripped_urls, expiry_times)

    def _read_web_urls(self, urls: Sequence[str]) -> AddressColumn:
        """Returns the results for a column of web URLs, without `same_object_url`."""
        lines = "\n".join(urls)
        is_one_line_each = lines.count("\n") == len(urls) - 1
        if may_be_signed(lines):
            urls_and_times = self._read_alike(urls, lines) if is_one_line_each else None
            stripped_urls, times = urls_and_times or self._read_mixed(urls)
            for index in _special_cases(urls, lines, stripped_urls):
                stripped_urls[index] = strip_signature(urls[index], self._extra_names)
                times[index] = expires_at(urls[index])
            expiry_times = {index: time for index, time in enumerate(times) if time < math.inf}
            return AddressColumn(stripped_urls, expiry_times)
        if is_one_line_each and _CANONICAL_LINES.fullmatch(f"{lines}\n"):
            return AddressColumn(list(urls), {})
        if "%" in lines:
            return AddressColumn([strip_signature(url, self._extra_names) for url in urls], {})
        return AddressColumn([as_https(canonical_url(url)) for url in urls], {})

    def _read_alike(self, urls: Sequence[str], lines: str) -> tuple[list[str], list[float]] | None:
        """Read URLs that all match the same query pattern; None if they do not.

        Args:
            urls: the URLs.
            lines: the URLs, one per line.
        """
        pattern = self._pattern(urls[0])
        if pattern is None:
            return None
        # The first and the last URL are a fast test.
        if not pattern.match(urls[0]) or not pattern.match(urls[-1]):
            return None
        matches = pattern.find(lines, len(urls))
        return pattern.urls_and_times(matches) if matches else None

    def _read_mixed(self, urls: Sequence[str]) -> tuple[list[str], list[float]]:
        """Read URLs one by one. The pattern of the previous URL is tried first."""
        stripped_urls: list[str] = []
        times: list[float] = []
        pattern: _QueryPattern | None = None
        for url in urls:
            match = pattern.match(url) if pattern else None
            if match is None:
                pattern = self._pattern(url)
                match = pattern.match(url) if pattern else None
            if match is None or pattern is None:
                stripped_urls.append(strip_signature(url, self._extra_names))
                times.append(expires_at(url))
            else:
                one_url, one_time = pattern.urls_and_times([match.groups()])
                stripped_urls += one_url
                times += one_time
        return stripped_urls, times

    def _pattern(self, url: str) -> _QueryPattern | None:
        """Returns the query pattern for a URL, which need not match; None if there is none."""
        query = url.partition("?")[2]
        if not query or any(character in query for character in _OTHER_SEPARATORS):
            return None
        names = tuple([part.partition("=")[0] for part in query.split("&", _MAX_PARAMETERS)])
        if names not in self._patterns and len(self._patterns) < _MAX_PATTERNS:
            self._patterns[names] = self._new_pattern(names)
        return self._patterns.get(names)

    def _new_pattern(self, names: tuple[str, ...]) -> _QueryPattern | None:
        """Returns a pattern for parameters.

        None if values must be examined to find the signature, or if a name occurs twice.
        """
        classified = classify_names(names, "", self._extra_names)
        kept_names = frozenset(names) - classified.signing
        if classified.unknown or len(names) > _MAX_PARAMETERS:
            return None
        if len(set(map(normalised_name, names))) < len(names):
            return None
        if not all(map(_CANONICAL_NAME.fullmatch, kept_names)):
            return None
        return _QueryPattern(names, kept_names)


def _special_cases(urls: Sequence[str], lines: str, stripped_urls: Sequence[str]) -> list[int]:
    """Returns the indexes of URLs to which other rules apply than those of query patterns.

    These are URLs with a token in the path, with a JSON web token, or with a host in
    `VENDOR_DOMAINS`.

    Args:
        urls: the URLs.
        lines: the URLs, one per line.
        stripped_urls: the URLs without the parameters of their signatures.
    """
    if _JWT_START not in lines and not _may_be_special("\n".join(stripped_urls)):
        return []
    pairs = enumerate(zip(urls, stripped_urls, strict=True))
    return [
        index
        for index, (url, stripped_url) in pairs
        if _JWT_START in url or _may_be_special(stripped_url)
    ]


def _may_be_special(text: str) -> bool:
    return may_have_unnamed_tokens(text) or any(domain in text for domain in VENDOR_DOMAINS)
