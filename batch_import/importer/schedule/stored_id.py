"""In which forms a platform may store a reference ID. No I/O.

A platform may change a reference ID when it stores the ID: it may change the case, the Unicode
normalization form or the white space, escape characters for HTML, or cut the ID to a maximum
length. This module must not know rows or media.
"""

import html
import re
from typing import Final

from batch_import.addresses.decoding import unescape_html
from batch_import.addresses.unicode_forms import normalized

#: Minimum number of characters of an ID that counts as cut. A platform that stores the IDs of other
#: systems has to store at least a UUID, which has 32 digits. Therefore a shorter limit is not
#: expected, and IDs such as `row-1` and `row-10` are never taken for each other.
MIN_CUT_LENGTH: Final = 32
#: What a cut may leave of the last character of an ID: a part of an HTML character reference, or a
#: replacement for a part of its UTF-8 bytes.
_CUT_CHARACTER: Final = re.compile(r"(&#?\w*|\ufffd)$")


def normalized_id(reference_id: str) -> str:
    """Returns a reference ID in a form that is the same for all alterations except a cut."""
    text = normalized("NFKC", unescape_html(reference_id)).casefold()
    return "".join(normalized("NFKC", text).split())


def beginning_of_cut_id(stored_id: str) -> str:
    """Returns the characters with which an ID must start to be the uncut form of a stored ID.

    Empty if the stored ID is too short to be a cut ID.

    Args:
        stored_id: the stored ID, normalized by `normalized_id`.
    """
    beginning = _CUT_CHARACTER.sub("", stored_id)
    return beginning if len(beginning) >= MIN_CUT_LENGTH else ""


def is_altered_form(stored_id: str, reference_id: str) -> bool:
    """Whether a stored ID is a reference ID, or an altered form of it."""
    stored, original = normalized_id(stored_id), normalized_id(reference_id)
    beginning = beginning_of_cut_id(stored)
    return stored == original or (bool(beginning) and original.startswith(beginning))


def may_be_altered(reference_id: str) -> bool:
    """Whether a platform may store a reference ID in an altered form.

    Then a search for the exact ID may find no media although the row's media exists.
    """
    return (
        len(reference_id) > MIN_CUT_LENGTH
        or not reference_id.isascii()
        or html.escape(reference_id) != reference_id
        or normalized_id(reference_id) != reference_id
    )
