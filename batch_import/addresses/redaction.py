"""The credentials in a text that the platform sent: it may echo what it was sent.

This file must not know where the text comes from.
"""

import base64
import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import quote

from batch_import.addresses.masking import MASK

#: Characters of the shortest text that can be a secret: a shorter one would be found in words.
_SHORTEST: Final = 6


class Redactor:
    """Replaces credentials in texts: as they are, percent-encoded, or in base64.

    Args:
        access_key, api_key: as they are sent (HTTP Basic: RFC 7617).
    """

    def __init__(self, access_key: str, api_key: str) -> None:
        header = base64.b64encode(f"{access_key}:{api_key}".encode()).decode()
        shapes = {header, header.rstrip("=")}
        for secret in (access_key, api_key):
            if len(secret) >= _SHORTEST:
                shapes.update(_shapes(secret))
        # JSON may write a slash so, and is not read before it is redacted.
        shapes |= {shape.replace("/", "\\/") for shape in shapes}
        # The longest first: the header holds what the keys alone may look like.
        ordered = sorted(shapes, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, ordered)))

    def __call__(self, text: str) -> str:
        """Replace the credentials in a text by `***`."""
        return self._pattern.sub(MASK, text)


def _shapes(secret: str) -> Iterator[str]:
    yield secret
    yield quote(secret, safe="")
    # In base64 a text has three shapes, by its place among the others; the first and last
    # character of each depend on its neighbours.
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + secret.encode()).decode()
        inner = encoded[-(-before * 4 // 3) :]
        whole = (before + len(secret.encode())) % 3
        inner = inner.rstrip("=")[: -1 if whole else None]
        if len(inner) >= _SHORTEST:
            yield inner
            yield inner.replace("+", "-").replace("/", "_")
