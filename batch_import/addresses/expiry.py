"""Returns the time when a signed URL expires, from its parameters and tokens. No I/O, no clock.

All times are epoch seconds; infinity stands for a URL that does not say when it expires.
"""

import base64
import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final, NamedTuple
from urllib.parse import unquote

from batch_import.addresses.query_strings import normalised_name, split_query
from batch_import.addresses.signatures import (
    may_be_signed,
    path_tokens,
)

#: Parameters of a URL: name, as `query_strings.normalised_name` returns it → decoded value.
_ParameterValues = Mapping[str, str]

#: CloudFront replaces these characters of base64, which have a meaning in URLs.
_CLOUDFRONT_BASE64: Final = str.maketrans("-_~", "+=/")
#: The end of the year 9998, in epoch seconds. `datetime` cannot represent times after 9999.
_MAX_EPOCH_SECONDS: Final = 253_370_764_800.0
#: The smallest epoch seconds with ten digits, in the year 2001.
_MIN_EPOCH_SECONDS: Final = 1_000_000_000
#: A greater number is epoch milliseconds: as seconds it would be in the year 5138.
_MIN_EPOCH_MILLISECONDS: Final = 100_000_000_000
#: Maximum number of characters of a token that are read; real tokens are shorter.
_MAX_TOKEN_LENGTH: Final = 16_384

#: Exceptions that the functions of this module raise when a value is not a date.
_INVALID_DATE_ERRORS: Final = (ValueError, OverflowError, LookupError, TypeError, RecursionError)

#: Patterns of expiry times in values, paths and tokens.
_EXPIRY_IN_LIST = re.compile(r"(?:^|[~&|:])exp(?:ires)?=(\d{1,12})(?:[~&|]|$)", re.IGNORECASE)
_AIRTABLE = re.compile(r"airtableusercontent\.com/v\d+/u/\d+/\d+/(\d{13})/")
_FASTLY = re.compile(r"(?:0x)?([0-9a-f]{8}|[0-9]{10})_[0-9a-f]{40,}", re.IGNORECASE)
_JWT = re.compile(r"(?:v1\.)?(?:eyJ[\w-]*\.)?(eyJ[\w-]*)(?:\.[\w.-]*)?", re.ASCII)
_NIMBLE = re.compile(r"server_time=(?P<time>[^&]+)&(?:.*&)?validminutes=(?P<minutes>\d{1,6})")
#: Separators of parameters in a segment of a path.
_PATH_SEPARATOR = re.compile(r"[&;~,]")


class _ExpiryParameters(NamedTuple):
    """A combination of query parameters that gives an expiry time.

    Attributes:
        names: names of the parameters, which must all be present.
        read_names: the names whose values `read` uses.
        read: returns the expiry time from the values; raises one of `_INVALID_DATE_ERRORS` if they
            have no date.
    """

    names: frozenset[str]
    read_names: frozenset[str]
    read: Callable[[_ParameterValues], float]


def expires_at(url: str) -> float:
    """Returns when a URL expires, in epoch seconds; infinity if it does not say when it expires.

    If several parts of the URL give a time, the earliest time is returned.
    """
    if not may_be_signed(url):
        return math.inf
    address, _, query = url.partition("#")[0].partition("?")
    values = _parameter_values(split_query(query)[0]) if query else {}
    times = list(_expiry_times(values))
    for start, end in path_tokens(address):
        token = unquote(address[start:end])
        times += [
            *_expiry_times(_parameter_values(_PATH_SEPARATOR.split(token))),
            *_token_expiry_times(token),
        ]
    airtable = _AIRTABLE.search(address)
    if airtable:
        times.append(_epoch(airtable[1]))
    return _earliest(times)


def _parameter_values(parts: list[str]) -> dict[str, str]:
    """Returns parameters, each `name=value`, as normalised name → decoded value."""
    values = {}
    for part in parts:
        name, _, value = part.partition("=")
        values[normalised_name(name)] = _decoded(value)
    return values


def _decoded(value: str) -> str:
    return unquote(value) if "%" in value else value


class QueryExpiry:
    """Returns the expiry times of many URLs whose queries have the same parameters.

    Args:
        names: names of the parameters, as `normalised_name` returns them.

    Attributes:
        names: the names whose values `expires_at` needs, in their order in the query.
        expires_at: a function that returns the expiry time in epoch seconds, or infinity. Its
            arguments are the values of `names`, as written in the URL.
    """

    def __init__(self, names: tuple[str, ...]) -> None:
        self._combinations = _matching_combinations(names)
        read_names: set[str] = set()
        for combination in self._combinations:
            read_names |= combination.read_names
        self.names: Final = tuple(name for name in names if name in read_names)
        # Cached, because many URLs of an export are signed in the same second.
        self.expires_at = lru_cache(maxsize=1024)(self._expires_at)

    def _expires_at(self, *values: str) -> float:
        decoded_values = dict(zip(self.names, map(_decoded, values), strict=True))
        return _earliest(_read_all(self._combinations, decoded_values))


def _expiry_times(values: _ParameterValues) -> Iterator[float]:
    """Yield the expiry times in parameters, also in JSON web tokens among their values."""
    yield from _read_all(_matching_combinations(tuple(values)), values)
    for value in values.values():
        if "eyJ" in value:
            yield from _token_expiry_times(value)


def _read_all(
    combinations: Iterable[_ExpiryParameters], values: _ParameterValues
) -> Iterator[float]:
    for combination in combinations:
        try:
            yield combination.read(values)
        except _INVALID_DATE_ERRORS:
            continue  # not a date


def _earliest(times: Iterable[float]) -> float:
    """Returns the earliest possible time; infinity if there is none."""
    return min((time for time in times if 0 < time < _MAX_EPOCH_SECONDS), default=math.inf)


def _token_expiry_times(token: str) -> Iterator[float]:
    """Yield the expiry time of a JSON web token, or of a similar token of SharePoint."""
    match = _JWT.fullmatch(token[:_MAX_TOKEN_LENGTH])
    if match:
        try:
            yield float(json.loads(_decode_base64(match[1]))["exp"])
        except _INVALID_DATE_ERRORS:
            return


# Cached, because the URLs of a manifest have the same few parameters up to a million times.
@lru_cache(maxsize=1024)
def _matching_combinations(names: tuple[str, ...]) -> tuple[_ExpiryParameters, ...]:
    """Returns the combinations whose names are all present."""
    present_names = frozenset(names)
    return tuple(each for each in _EXPIRY_PARAMETERS if each.names <= present_names)


# Functions for the table `_EXPIRY_PARAMETERS` --------------------------------------------------


def _date_and_duration(prefix: str) -> _ExpiryParameters:
    """Returns a combination: a date, a number of seconds from this date, and a signature."""

    def read(values: _ParameterValues) -> float:
        return _iso_date(values[f"{prefix}date"]) + float(values[f"{prefix}expires"])

    read_names = frozenset({f"{prefix}date", f"{prefix}expires"})
    return _ExpiryParameters(read_names | {f"{prefix}signature"}, read_names, read)


def _first_parameter(names: str, read: Callable[[str], float]) -> _ExpiryParameters:
    """Returns a combination whose first parameter gives the expiry time.

    Args:
        names: names of the parameters, separated by spaces.
        read: returns the expiry time from the value of the first parameter.
    """
    all_names = names.split()
    first_name = all_names[0]
    return _ExpiryParameters(
        frozenset(all_names), frozenset({first_name}), lambda values: read(values[first_name])
    )


def _epoch(text: str) -> float:
    """Read epoch seconds, epoch milliseconds, or an ISO 8601 date."""
    if "T" in text or text[4:5] == "-":
        return _iso_date(text)
    number = float(text)
    return number / 1000 if _MIN_EPOCH_MILLISECONDS < number < _MAX_EPOCH_SECONDS * 1000 else number


def _epoch_after_2001(text: str) -> float:
    """Read epoch seconds after 2001; infinity for a smaller number.

    Parameters with short names, such as `e`, often have numbers that are no times.
    """
    number = _epoch(text)
    return number if number > _MIN_EPOCH_SECONDS else math.inf


def _hex_epoch(text: str) -> float:
    """Read epoch seconds in hexadecimal."""
    return float(int(text, 16))


def _iso_date(text: str) -> float:
    """Read an ISO 8601 date in basic or extended format; UTC if it has no time zone."""
    date = datetime.fromisoformat(text)
    return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()


def _compact_date(text: str) -> float:
    """Read `20300101120000` in UTC."""
    return datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=UTC).timestamp()


def _expiry_in_list(text: str) -> float:
    """Read the expiry time in a list such as `st=1~exp=2~acl=/*~hmac=3`."""
    match = _EXPIRY_IN_LIST.search(text[:_MAX_TOKEN_LENGTH])
    return float(match[1]) if match else math.inf


def _second_of_pair(text: str) -> float:
    """Read the end of a period, given as two epoch seconds: `1;2`."""
    return float(text.rpartition(";")[2])


def _epoch_before_hash(text: str) -> float:
    """Read the time in `1900000000_0a1b…`, in decimal or hexadecimal."""
    match = _FASTLY.fullmatch(text)
    if not match:
        return math.inf
    is_decimal = len(match[1]) == len(str(_MIN_EPOCH_SECONDS))
    return float(match[1]) if is_decimal else _hex_epoch(match[1])


def _cloudfront_policy(text: str) -> float:
    """Read the expiry time of CloudFront's custom policy."""
    policy = base64.b64decode(text.translate(_CLOUDFRONT_BASE64), validate=True)
    condition = json.loads(policy)["Statement"][0]["Condition"]
    return float(condition["DateLessThan"]["AWS:EpochTime"])


def _nimble_signature(text: str) -> float:
    """Read `server_time=3/1/2025 9:40:00 AM&…&validminutes=20` (Nimble, WMSPanel)."""
    match = _NIMBLE.search(_decode_base64(text[:_MAX_TOKEN_LENGTH]).decode())
    if not match:
        return math.inf
    start = datetime.strptime(match["time"], "%m/%d/%Y %I:%M:%S %p").replace(tzinfo=UTC)
    return (start + timedelta(minutes=int(match["minutes"]))).timestamp()


def _kaltura_session(text: str) -> float:
    """Read the expiry time of a Kaltura session of version 1. Version 2 is encrypted."""
    _, _, session = _decode_base64(text[:_MAX_TOKEN_LENGTH]).decode().partition("|")
    return float(session.split(";")[2])


def _decode_base64(text: str) -> bytes:
    encoded = text.translate(str.maketrans("-_ ", "+/+")).rstrip("=")
    return base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)


#: All known combinations of parameters that give an expiry time. The first parameter of each text
#: is the expiry time; the others must be present, because the first name alone is too common.
_EXPIRY_PARAMETERS: Final = (
    *(_date_and_duration(prefix) for prefix in ("x-amz-", "x-goog-", "x-oss-", "x-tos-")),
    *(
        _first_parameter(names, _epoch)
        for names in (
            "expires signature", "expires token", "expires md5", "expires s", "expires bcdn_token",
            "temp_url_expires temp_url_sig", "se sig", "x-expires x-signature",
            "wowzatokenendtime wowzatokenhash",
        )
    ),
    *(
        _first_parameter(names, _epoch_after_2001)
        for names in (
            "exp sig", "exp hmac", "exp token", "expire sig", "expire token", "e h", "e token",
            "e md5", "e st",
        )
    ),
    *(_first_parameter(names, _hex_epoch) for names in ("txtime txsecret", "ex is hm", "oe oh")),
    *(
        _first_parameter(name, _expiry_in_list)
        for name in "hdnts hdnea hdntl __token__ __cld_token__ edge-cache-token".split()
    ),
    _first_parameter("policy signature", _cloudfront_policy),
    _first_parameter("etime hash", _compact_date),
    _first_parameter("q-sign-time q-signature", _second_of_pair),
    _first_parameter("token", _epoch_before_hash),
    _first_parameter("fastly_token", _epoch_before_hash),
    _first_parameter("wmsauthsign", _nimble_signature),
    _first_parameter("ks", _kaltura_session),
)  # fmt: skip
