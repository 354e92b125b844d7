"""A stable referenceId for a row that has none. Pure: text in, text out.

This file must not know rows, columns or what else the manifest holds.
"""

import hashlib

from batch_import.addresses.signatures import stripped

_PREFIX = "bi-"
_DIGITS = 20


def made_reference(url: str, nth: int = 1) -> str:
    """Make the referenceId of the nth row (from 1) that has this URL.

    It is the same in every run and on every machine, so that a run after a crash, or a later
    edition of the manifest, finds the videos of the first one. The URL's signature does not
    count: else a manifest exported again would be full of new rows, and every video would be
    imported twice.
    """
    # A lone surrogate cannot come out of UTF-8, but another format may hold one.
    content = stripped(url).encode("utf-8", "surrogatepass")
    base = _PREFIX + hashlib.sha256(content).hexdigest()[:_DIGITS]
    return base if nth == 1 else f"{base}-{nth}"
