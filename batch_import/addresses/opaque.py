"""Whether a text was drawn at random, as signatures and tokens are, or says something to people.

This file must not know addresses.
"""

import re
from typing import Final

#: Characters of the shortest signature in use without a name that tells it: HMAC-SHA1 in base64
#: takes 28, a random token 24. Beside an expiry, 12 are enough.
LONG: Final = 24
SHORT: Final = 12
#: MD5 in hex, the shortest hash in use as a signature; shorter hex is an id (MongoDB's has 24).
_HEX_LONG: Final = 32
_HEX_SHORT: Final = 16
#: What is longer is judged by its start.
_MOST: Final = 256
#: Of all pairs of neighbours, how many change between lower case, upper case and digits. Random
#: hex has 0.47, base62 0.45 (a capital before a small letter is no change: words begin so);
#: words in CamelCase with a year have 0.15.
_LEAST_CHANGES: Final = 0.22

#: With hyphens in any version; without, only what says its version and variant where a UUID does.
#: And the ids that sort by time: ULID.
_ID = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
    r"|(?<![0-9a-f])[0-9a-f]{12}[1-8][0-9a-f]{3}[89ab][0-9a-f]{15}(?![0-9a-f])"
    r"|(?<![0-9a-z])[0-7][0-9a-hjkmnp-tv-z]{25}(?![0-9a-z])",
    re.IGNORECASE,
)
_RUNS: Final = {LONG: re.compile(r"[0-9A-Za-z]{12,}"), SHORT: re.compile(r"[0-9A-Za-z]{8,}")}
_PLAIN = re.compile(r"[0-9A-Za-z]")
_HEX = re.compile(r"[0-9a-f]+", re.IGNORECASE)
_ONE_KIND = re.compile(r"[0-9]+|[A-Za-z]+")
_CHANGE = re.compile(r"[a-z](?=[A-Z0-9])|[A-Z](?=[0-9])|[0-9](?=[A-Za-z])")


def is_opaque(text: str, least: int = LONG) -> bool:
    """Whether a text is random: no words, number, date or UUID.

    Args:
        least: characters that it must have, `LONG` or `SHORT`.
    """
    if len(text) < least:
        return False
    text = _ID.sub(" ", text[:_MOST])
    if not _RUNS[least].search(text):
        return False
    if _HEX.fullmatch(text):
        return len(text) >= (
            _HEX_LONG if least >= LONG else _HEX_SHORT
        ) and not _ONE_KIND.fullmatch(text)
    return _changes(text) >= _LEAST_CHANGES and len(text) >= least


def _changes(text: str) -> float:
    """Changes between kinds of characters, for each character that has a kind."""
    return sum(1 for _ in _CHANGE.finditer(text)) / sum(1 for _ in _PLAIN.finditer(text))
