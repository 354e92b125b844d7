"""Masks the user's credentials in texts from the platform, which may repeat parts of a request."""

import base64
import re
from collections.abc import Iterator
from typing import Final

from batch_import.addresses.decoding import decoded_forms, may_be_encoded
from batch_import.addresses.masking import MASK

#: Minimum length of a masked text in characters: shorter texts could also occur within words.
_MIN_SECRET_LENGTH: Final = 6
#: Maximum length of a text that is decoded, in characters. Decoding a longer text takes seconds.
_MAX_DECODED_LENGTH: Final = 1_000_000


class Redactor:
    """Replaces the credentials in texts by `***`: unencoded, in base64, or in any usual encoding.

    Args:
        access_key, api_key: user name and password of HTTP Basic authentication (RFC 7617).
    """

    def __init__(self, access_key: str, api_key: str) -> None:
        header = base64.b64encode(f"{access_key}:{api_key}".encode()).decode()
        encodings = {header, header.rstrip("=")}
        for secret in (access_key, api_key):
            if len(secret) >= _MIN_SECRET_LENGTH:
                encodings.update(_encodings(secret))
        # A key may contain characters that look like an escape; decoding changes them, too.
        forms = {
            _without_plus(form.text)
            for encoding in encodings
            for form in decoded_forms(encoding)
            if form.text == encoding or len(form.text) >= _MIN_SECRET_LENGTH
        }
        # White space at the ends of a text may have been removed.
        forms |= {form.strip() for form in forms}
        # The longest first, because the header contains encodings of the two keys.
        longest_first = sorted(forms, key=len, reverse=True)
        # A status of the platform is converted to lower case before it is shown.
        self._pattern = re.compile("|".join(map(re.escape, longest_first)), re.IGNORECASE)

    def __call__(self, text: str) -> str:
        """Replace the credentials in a text by `***`.

        A text of more than a million characters with escapes is replaced as a whole, because
        decoding it takes seconds.
        """
        if len(text) > _MAX_DECODED_LENGTH and may_be_encoded(text):
            return MASK
        spans = [
            (form.starts[match.start()], form.starts[match.end()])
            for form in decoded_forms(text)
            for match in self._pattern.finditer(_without_plus(form.text))
        ]
        return _with_masked_spans(text, spans) if spans else text


def _without_plus(text: str) -> str:
    """Returns a text with `+` as a space: forms of web pages replace one by the other."""
    return text.replace("+", " ")


def _with_masked_spans(text: str, spans: list[tuple[int, int]]) -> str:
    """Returns a text with the given parts replaced by `***`. The parts may overlap."""
    pieces: list[str] = []
    index = 0
    for start, end in sorted(spans):
        if start >= index:
            pieces += text[index:start], MASK
        index = max(index, end)
    return "".join(pieces) + text[index:]


def _encodings(secret: str) -> Iterator[str]:
    """Yield a secret as it is, and in base64."""
    yield secret
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
