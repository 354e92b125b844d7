"""Until when a signed address works. Pure: it knows no clock.

This file must not know what follows from it.
"""

import base64
import json
import math
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final, NamedTuple
from urllib.parse import unquote

from batch_import.addresses.signatures import folded, may_be_signed, path_tokens, split_query

_Values = Mapping[str, str]

#: CloudFront's own alphabet for base64 inside of an address.
_CLOUDFRONT: Final = str.maketrans("-_~", "+=/")
#: The year 9999: beyond it no date can be written down.
_LATEST: Final = 253_370_764_800.0
_EARLIEST: Final = 1_000_000_000
#: What is greater counts milliseconds.
_MILLISECONDS: Final = 100_000_000_000
#: Characters of a token that are read; a longer one is none.
_LONGEST: Final = 16_384

#: What reading something that is no date ends in.
_NO_DATE: Final = (ValueError, OverflowError, LookupError, TypeError, RecursionError)

_LISTED_END = re.compile(r"(?:^|[~&|:])exp(?:ires)?=(\d{1,12})(?:[~&|]|$)", re.IGNORECASE)
_AIRTABLE = re.compile(r"airtableusercontent\.com/v\d+/u/\d+/\d+/(\d{13})/")
_FASTLY = re.compile(r"(?:0x)?([0-9a-f]{8}|[0-9]{10})_[0-9a-f]{40,}", re.IGNORECASE)
_JWT = re.compile(r"(?:v1\.)?(?:eyJ[\w-]*\.)?(eyJ[\w-]*)(?:\.[\w.-]*)?", re.ASCII)
_WMS = re.compile(r"server_time=(?P<time>[^&]+)&(?:.*&)?validminutes=(?P<minutes>\d{1,6})")
_PATH_SEPARATOR = re.compile(r"[&;~,]")


class _End(NamedTuple):
    """How to read an end from parameters.

    Attributes:
        names: of parameters that must all be there.
    """

    names: frozenset[str]
    read: Callable[[_Values], float]


def expires_at(url: str) -> float:
    """When an address stops working, in epoch seconds; infinity where nothing says that it does.

    Where several of its parts tell an end, the first one counts.
    """
    if not may_be_signed(url):
        return math.inf
    address, _, query = url.partition("#")[0].partition("?")
    values = _values(split_query(query)[0]) if query else {}
    ends = list(_ends(values))
    for start, end in path_tokens(address):
        token = unquote(address[start:end])
        ends += [*_ends(_values(_PATH_SEPARATOR.split(token))), *_token_ends(token)]
    airtable = _AIRTABLE.search(address)
    if airtable:
        ends.append(_epoch(airtable[1]))
    return min((end for end in ends if 0 < end < _LATEST), default=math.inf)


def _values(parts: list[str]) -> dict[str, str]:
    values = {}
    for part in parts:
        name, _, value = part.partition("=")
        values[folded(name)] = unquote(value) if "%" in value else value
    return values


def _ends(values: _Values) -> Iterator[float]:
    for read in _readers(tuple(values)):
        try:
            yield read(values)
        except _NO_DATE:
            continue  # it says something that is no date
    for value in values.values():
        if "eyJ" in value:
            yield from _token_ends(value)


def _token_ends(token: str) -> Iterator[float]:
    """Read the end out of a JSON web token, and what is built like one (SharePoint)."""
    found = _JWT.fullmatch(token[:_LONGEST])
    if found:
        try:
            yield float(json.loads(_base64(found[1]))["exp"])
        except _NO_DATE:
            return


# The addresses of a manifest have the same few parameters, a million times.
@lru_cache(maxsize=1024)
def _readers(names: tuple[str, ...]) -> tuple[Callable[[_Values], float], ...]:
    there = frozenset(names)
    return tuple(end.read for end in _ENDS if end.names <= there)


def _lasting(prefix: str) -> _End:
    """A date and a number of seconds from then on."""

    def read(values: _Values) -> float:
        return _moment(values[f"{prefix}date"]) + float(values[f"{prefix}expires"])

    return _End(frozenset(prefix + name for name in ("signature", "date", "expires")), read)


def _plain(names: str, read: Callable[[str], float]) -> _End:
    """The value of the first of these parameters."""
    first, *_ = names.split()
    return _End(frozenset(names.split()), lambda values: read(values[first]))


def _epoch(text: str) -> float:
    """Read epoch seconds or milliseconds, or a date in ISO 8601."""
    if "T" in text or text[4:5] == "-":
        return _moment(text)
    number = float(text)
    return number / 1000 if _MILLISECONDS < number < _LATEST * 1000 else number


def _late(text: str) -> float:
    """Read epoch seconds after 2001: names this short tell lengths and numbers as well."""
    return number if (number := _epoch(text)) > _EARLIEST else math.inf


def _hex(text: str) -> float:
    return float(int(text, 16))


def _moment(text: str) -> float:
    """Read an ISO 8601 date, long or short; where it names no zone, UTC is meant."""
    found = datetime.fromisoformat(text)
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


def _compact(text: str) -> float:
    """Read `20300101120000` in UTC."""
    return datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=UTC).timestamp()


def _listed(text: str) -> float:
    """Read the end in a list such as `st=1~exp=2~acl=/*~hmac=3`."""
    found = _LISTED_END.search(text[:_LONGEST])
    return float(found[1]) if found else math.inf


def _second(text: str) -> float:
    """Read the later one of two epoch seconds, `1;2`."""
    return float(text.rpartition(";")[2])


def _first(text: str) -> float:
    """Read `1900000000_0a1b…`, decimal or hex."""
    found = _FASTLY.fullmatch(text)
    if not found:
        return math.inf
    return float(found[1]) if len(found[1]) == len(str(_EARLIEST)) else _hex(found[1])


def _policy(text: str) -> float:
    """Read the end out of CloudFront's custom policy."""
    plain = base64.b64decode(text.translate(_CLOUDFRONT), validate=True)
    condition = json.loads(plain)["Statement"][0]["Condition"]
    return float(condition["DateLessThan"]["AWS:EpochTime"])


def _wms(text: str) -> float:
    """Read `server_time=3/1/2025 9:40:00 AM&…&validminutes=20` (Nimble, WMSPanel)."""
    found = _WMS.search(_base64(text[:_LONGEST]).decode())
    if not found:
        return math.inf
    begin = datetime.strptime(found["time"], "%m/%d/%Y %I:%M:%S %p").replace(tzinfo=UTC)
    return (begin + timedelta(minutes=int(found["minutes"]))).timestamp()


def _kaltura(text: str) -> float:
    """Read the end out of a Kaltura session of version 1; the second one is encrypted."""
    _, _, session = _base64(text[:_LONGEST]).decode().partition("|")
    return float(session.split(";")[2])


def _base64(text: str) -> bytes:
    plain = text.translate(str.maketrans("-_ ", "+/+")).rstrip("=")
    return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)


_ENDS: Final = (
    *(_lasting(prefix) for prefix in ("x-amz-", "x-goog-", "x-oss-", "x-tos-")),
    *(
        _plain(names, _epoch)
        for names in (
            "expires signature", "expires token", "expires md5", "expires s", "expires bcdn_token",
            "temp_url_expires temp_url_sig", "se sig", "x-expires x-signature",
            "wowzatokenendtime wowzatokenhash",
        )
    ),
    *(
        _plain(names, _late)
        for names in (
            "exp sig", "exp hmac", "exp token", "expire sig", "expire token", "e h", "e token",
            "e md5", "e st",
        )
    ),
    *(_plain(names, _hex) for names in ("txtime txsecret", "ex is hm", "oe oh")),
    *(
        _plain(name, _listed)
        for name in "hdnts hdnea hdntl __token__ __cld_token__ edge-cache-token".split()
    ),
    _plain("policy signature", _policy),
    _plain("etime hash", _compact),
    _plain("q-sign-time q-signature", _second),
    _plain("token", _first),
    _plain("fastly_token", _first),
    _plain("wmsauthsign", _wms),
    _plain("ks", _kaltura),
)  # fmt: skip
