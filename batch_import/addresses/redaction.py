"""Removes the credentials from texts of the platform, which may echo what it received."""

import base64
import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import quote

from batch_import.addresses.masking import MASK

#: Minimum length of a secret in characters: shorter texts would also be found within words.
_MIN_SECRET_LENGTH: Final = 6


class Redactor:
    """Replaces the credentials in texts: unencoded, percent-encoded, or in base64.

    Args:
        access_key, api_key: the credentials, as they are sent (HTTP Basic: RFC 7617).
    """

    def __init__(self, access_key: str, api_key: str) -> None:
        header = base64.b64encode(f"{access_key}:{api_key}".encode()).decode()
        encodings = {header, header.rstrip("=")}
        for secret in (access_key, api_key):
            if len(secret) >= _MIN_SECRET_LENGTH:
                encodings.update(_encodings(secret))
        # JSON may escape slashes, and the text is redacted before the JSON is parsed.
        encodings |= {encoding.replace("/", "\\/") for encoding in encodings}
        # The longest first, because the header contains encodings of the single keys.
        longest_first = sorted(encodings, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest_first)))

    def __call__(self, text: str) -> str:
        """Replace the credentials in a text by `***`."""
        return self._pattern.sub(MASK, text)


def _encodings(secret: str) -> Iterator[str]:
    yield secret
    yield quote(secret, safe="")
    # In base64, a text has three encodings, depending on its offset. Its first and last
    # characters depend on the adjacent text, so they are removed.
    for offset in range(3):
        encoded = base64.b64encode(b"\0" * offset + secret.encode()).decode()
        fixed_part = encoded[-(-offset * 4 // 3) :]
        has_partial_end = (offset + len(secret.encode())) % 3
        fixed_part = fixed_part.rstrip("=")[: -1 if has_partial_end else None]
        if len(fixed_part) >= _MIN_SECRET_LENGTH:
            yield fixed_part
            yield fixed_part.replace("+", "-").replace("/", "_")
