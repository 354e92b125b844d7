"""What manifests call their columns: the fields of the platform, and other names for them. Pure.

Only names that many manifests share, most frequent first: any other column is understood by its
values. This file must not know files, rows, or how a column is chosen.
"""

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

#: As the platform calls them (guide, step 1).
FIELDS: Final = ("sourceUrl", "filename", "extension", "referenceId")
SOURCE_URL, FILENAME, EXTENSION, REFERENCE_ID = FIELDS

#: Beside the field's own name. Compared folded.
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
    EXTENSION: ("ext", "file_extension"),
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

_IGNORED = re.compile(r"[\s_-]+")


def fold(name: str) -> str:
    """What is left of a name when case, spaces, `_`, `-` and forms of letters do not count."""
    return _IGNORED.sub("", unicodedata.normalize("NFKC", name)).casefold()


#: The field that a folded name means. `filename` is the platform's own word for a title, though
#: some manifests have addresses under it.
_FIELD_OF: Final = {
    **{fold(alias): field for field in reversed(FIELDS) for alias in reversed(ALIASES[field])},
    **{fold(field): field for field in FIELDS},
}


def named_field(name: str) -> str | None:
    """Which field a column of exactly this name is likely to be."""
    return _FIELD_OF.get(fold(name))


def field_of(name: str) -> str | None:
    """Which field a column of this name is likely to be; of `text.title`, its last part tells."""
    return _FIELD_OF.get(fold(name)) or _FIELD_OF.get(fold(name.rpartition(".")[2]))


def known_fields(names: Iterable[str], overrides: Iterable[str] = ()) -> int:
    """How many fields are among these names of columns.

    Args:
        overrides: names that the user gave to columns; they count like known ones.
    """
    own = {fold(name) for name in overrides}
    return len({fold(name) if fold(name) in own else field_of(name) for name in names} - {None})
