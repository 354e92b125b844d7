"""Generate a stable reference ID for a row that has none. No I/O.

A reference ID is the user's own ID of a video; it is sent to the platform with the row. This module
must not know rows, columns or the rest of the manifest.
"""

import hashlib

from batch_import.addresses.urls import canonical_url

_PREFIX = "bi-"
#: Number of hexadecimal digits of the hash in an ID: 80 bits, so that no two URLs of a manifest get
#: the same ID by chance.
_HASH_DIGITS = 20


def generate_reference_id(url: str, title: str = "") -> str:
    """Return the reference ID for a row: a prefix and a hash of the row's URL.

    The ID is the same in every run and on every machine; therefore a run after a crash finds the
    videos of the previous run. The hash includes the signature of the URL, because the URLs of two
    videos may differ only in their signatures. If a later version of the manifest has a new
    signature for a row, the job database matches the row by its URL without the signature, and
    keeps the ID that was generated first.

    Args:
        url: the source URL of the row; any spelling of the URL results in the same ID.
        title: the row's title, if an earlier row has the same URL; otherwise empty.
    """
    hashed_text = canonical_url(url)
    if title:
        hashed_text += f"\n{title.casefold()}"
    # JSON may contain single surrogates, which strict UTF-8 cannot encode.
    digest = hashlib.sha256(hashed_text.encode("utf-8", "surrogatepass")).hexdigest()
    return _PREFIX + digest[:_HASH_DIGITS]
