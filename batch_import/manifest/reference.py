"""Generate a stable reference ID for a row that has none. No I/O.

This module must not know rows, columns or the rest of the manifest.
"""

import hashlib

from batch_import.addresses.urls import canonical_url

_PREFIX = "bi-"
_DIGITS = 20


def generate_reference_id(url: str, title: str = "") -> str:
    """Generate the reference ID of a row from its URL in canonical form.

    The ID is the same in every run and on every machine; therefore a run after a crash finds the
    videos of the previous run. A signature is part of the URL here, because two videos may differ
    only in it. The job database matches a row with a new signature, and keeps its first ID.

    Args:
        title: the row's title, if an earlier row has the same URL; otherwise empty.
    """
    content = canonical_url(url)
    if title:
        content += f"\n{title.casefold()}"
    # JSON may contain single surrogates, which cannot be encoded as UTF-8.
    digest = hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()
    return _PREFIX + digest[:_DIGITS]
