"""A stable referenceId for a row that has none. Pure: text in, text out.

This file must not know rows, columns or what else the manifest holds.
"""

import hashlib

from batch_import.addresses.urls import canonical

_PREFIX = "bi-"
_DIGITS = 20


def made_reference(url: str, title: str = "") -> str:
    """Make the referenceId of a row from its address, however that is spelled.

    It is the same in every run and on every machine, so that a run after a crash finds the videos
    of the one before. A signature counts, for it may be all that tells two videos apart; the
    state finds a row again that was signed anew, and keeps its first referenceId.

    Args:
        title: where an earlier row of the manifest has the same address: what tells the two apart.
    """
    content = canonical(url)
    if title:
        content += f"\n{title.casefold()}"
    # A lone surrogate cannot come out of UTF-8, but another format may hold one.
    digest = hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()
    return _PREFIX + digest[:_DIGITS]
