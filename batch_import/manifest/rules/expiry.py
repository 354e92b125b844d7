"""Until when a signed URL works. Pure: it knows no clock.

This file must not know what follows from it.
"""

import base64
import json
import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final
from urllib.parse import unquote

#: The parameters that tell of an end, or that a URL is signed at all.
_TELLING: Final = frozenset(
    """
    x-amz-date x-amz-expires x-amz-signature x-goog-date x-goog-expires x-goog-signature
    expires signature policy sig se hdnts hdnea
    """.split()
)
_AKAMAI = re.compile(r"(?:^|~)exp=(\d{1,12})(?:~|$)")
#: CloudFront's own alphabet for base64 inside of a URL.
_CLOUDFRONT: Final = str.maketrans("-_~", "+=/")
#: The year 9999: beyond it no date can be written down.
_LATEST: Final = 253_370_764_800.0


def expires_at(url: str) -> float:
    """When a URL stops working, in epoch seconds; infinity where nothing says that it does.

    Understood are the signatures of AWS S3 (versions 2 and 4) and all that sign alike, CloudFront
    (canned and custom policy), Google Cloud Storage (V2, V4), Azure Blob Storage (SAS) and Akamai.
    """
    named = {}
    for part in url.partition("#")[0].partition("?")[2].split("&"):
        name, _, value = part.partition("=")
        if (key := name.lower()) in _TELLING:
            named[key] = value
    if not named:
        return math.inf
    try:
        found = _found(named)
    except (ValueError, OverflowError, KeyError, TypeError, RecursionError):
        return math.inf  # it says something that is no date
    return found if 0 < found < _LATEST else math.inf


def _found(query: Mapping[str, str]) -> float:
    for vendor in ("x-amz", "x-goog"):
        if f"{vendor}-signature" in query:
            return _moment(query[f"{vendor}-date"]) + float(query[f"{vendor}-expires"])
    if "signature" in query:
        return float(query["expires"]) if "expires" in query else _policy(query["policy"])
    if "sig" in query:
        return _moment(unquote(query["se"]))
    token = _AKAMAI.search(unquote(query.get("hdnts") or query.get("hdnea") or ""))
    return float(token[1]) if token else math.inf


def _policy(text: str) -> float:
    """Read the end out of CloudFront's custom policy."""
    plain = base64.b64decode(unquote(text).translate(_CLOUDFRONT), validate=True)
    condition = json.loads(plain)["Statement"][0]["Condition"]
    return float(condition["DateLessThan"]["AWS:EpochTime"])


def _moment(text: str) -> float:
    """Read an ISO 8601 date, long or short; where it names no zone, UTC is meant."""
    found = datetime.fromisoformat(text)
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
