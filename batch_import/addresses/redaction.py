"""Masks the user's credentials in texts from the platform, which may repeat parts of a request."""

import base64
import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import quote

from batch_import.addresses.masking import MASK

#: Minimum length of a masked text in characters: shorter texts could also occur within words.
_MIN_SECRET_LENGTH: Final = 6


class Redactor:
    """Replaces the credentials in texts by `***`: unencoded, percent-encoded, or in base64.

    Args:
        access_key, api_key: user name and password of HTTP Basic authentication (RFC 7617).
    """

    def __init__(self, access_key: str, api_key: str) -> None:
        header = base64.b64encode(f"{access_key}:{api_key}".encode()).decode()
        encodings = {header, header.rstrip("=")}
        for secret in (access_key, api_key):
            if len(secret) >= _MIN_SECRET_LENGTH:
                encodings.update(_encodings(secret))
        # The longest first, because the header contains encodings of the two keys.
        longest_first = sorted(encodings, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest_first)))
        self._json_pattern = re.compile(
            "|".join("".join(map(_in_json, encoding)) for encoding in longest_first)
        )

    def __call__(self, text: str) -> str:
        """Replace the credentials in a text by `***`."""
        text = self._pattern.sub(MASK, text)
        return self._json_pattern.sub(MASK, text) if "\\" in text else text


def _in_json(character: str) -> str:
    r"""Returns a pattern for a character as it may be written in JSON: `+`, `\+` or `\u002b`.

    JSON is redacted before it is parsed. Some servers escape any special character, such as the `+`
    of a key, to protect HTML pages.
    """
    code = character.encode("utf-16-be", "surrogatepass").hex()
    escapes = "".join(rf"\\u(?i:{code[index : index + 4]})" for index in range(0, len(code), 4))
    return rf"(?:\\?{re.escape(character)}|{escapes})"


def _encodings(secret: str) -> Iterator[str]:
    """Yield the forms in which a secret may occur in a text: as it is, and encoded."""
    yield secret
    yield quote(secret, safe="")
    # In the base64 of a longer text, a secret has three forms, depending on its offset modulo 3.
    # The first and the last characters of a form depend on the adjacent text; they are removed.
    for offset in range(3):
        encoded = base64.b64encode(b"\0" * offset + secret.encode()).decode()
        first_count = -(-offset * 4 // 3)  # rounded up: each byte before takes 4/3 of a character
        fixed_part = encoded[first_count:].rstrip("=")
        has_partial_end = (offset + len(secret.encode())) % 3 != 0
        if has_partial_end:
            fixed_part = fixed_part[:-1]
        if len(fixed_part) >= _MIN_SECRET_LENGTH:
            yield fixed_part
            yield fixed_part.replace("+", "-").replace("/", "_")
