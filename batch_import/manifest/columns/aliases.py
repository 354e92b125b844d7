"""The fields of the platform, and the usual column names of each field. No I/O.

A field is a value of a video that the platform takes. Columns with other names are recognized by
their values. This module must not know files, rows, or how a column is chosen.
"""

import re
from collections.abc import Iterable
from typing import Final

from batch_import.addresses.unicode_forms import normalized

#: The platform's names of the fields (Viostream API guide, step 1).
FIELDS: Final = ("sourceUrl", "filename", "extension", "referenceId")
SOURCE_URL, FILENAME, EXTENSION, REFERENCE_ID = FIELDS

#: Field → usual column names besides the field's own name, the most frequent first. Names are
#: compared after `fold`.
ALIASES: Final[dict[str, tuple[str, ...]]] = {
    SOURCE_URL: (
        "url",
        "link",
        "links",
        "video_url",
        "uri",
        "contentUrl",
        "src",
        "source",
        "file",
        "filename",
        "filePath",
        "video",
        "path",
    ),
    FILENAME: ("title", "name", "video_title", "headline"),
    EXTENSION: ("ext", "file_extension", "fileExt"),
    REFERENCE_ID: (
        "id",
        "video_id",
        "media_id",
        "asset_id",
        "objectid",
        "key",
        "guid",
        "uuid",
        "identifier",
        "pid",
        "vid",
        "slug",
    ),
}

_IGNORED_CHARACTERS = re.compile(r"[\s_-]+")


def fold(name: str) -> str:
    """Normalize a name: without case, spaces, `_`, `-` and Unicode variants of letters."""
    return _IGNORED_CHARACTERS.sub("", normalized("NFKC", name)).casefold()


#: Folded name → field. Of several entries with the same name, the last one counts. Therefore the
#: entries are in reverse order, and the fields' own names come after all other names: `filename` is
#: the platform's name of the title, although some manifests have URLs in such a column.
_FIELD_OF: Final = {
    **{fold(alias): field for field in reversed(FIELDS) for alias in reversed(ALIASES[field])},
    **{fold(field): field for field in FIELDS},
}


def field_with_name(name: str) -> str | None:
    """Return the field with this usual column name; None if there is none."""
    return _FIELD_OF.get(fold(name))


def field_of(name: str) -> str | None:
    """Return the field with this usual column name; None if there is none.

    If the whole name is not a usual name, the last part of a name like `text.title` is looked up.
    """
    return _FIELD_OF.get(fold(name)) or _FIELD_OF.get(fold(name.rpartition(".")[2]))


def count_known_fields(names: Iterable[str], overrides: Iterable[str] = ()) -> int:
    """Count the fields that have a usual column name in a header.

    Args:
        names: column names of the header.
        overrides: column names that the user mapped to fields. They count, too.
    """
    mapped_names = {fold(name) for name in overrides}
    fields: set[str | None] = set()
    for name in names:
        fields.add(fold(name) if fold(name) in mapped_names else field_of(name))
    return len(fields - {None})
