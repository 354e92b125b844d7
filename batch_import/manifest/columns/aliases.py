"""What manifests call their columns: the fields of the platform, and other names for them. Pure.

The names come from manifests and exports that people publish, most frequent first. This file must
not know files, rows, or how a column is chosen.
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
        "youtube_url",
        "uri",
        "video_uri",
        "manifest_uri",
        "contentUrl",
        "object_location",
        "file",
        "filename",
        "filePath",
        "src",
        "source",
        "service_file",
        "desktop_mp4 URL",
        "file_location",
        "webpage_url",
        "stream_url",
        "downloadablelink",
        "public_url",
        "video",
        "path",
        "视频链接",
        "影片連結",
        "Видео",
    ),
    FILENAME: (
        "title",
        "name",
        "video_title",
        "headline",
        "event_title",
        "Titel",
        "TituloVideo",
        "タイトル",
        "标题",
    ),
    EXTENSION: ("ext", "file_extension"),
    REFERENCE_ID: (
        "id",
        "video_id",
        "media_id",
        "objectid",
        "key",
        "sku",
        "guid",
        "identifier",
        "source_identifier",
        "pid",
        "asset_id",
        "slug",
        "vid",
        "bibliographic_id",
    ),
}

_IGNORED = re.compile(r"[\s_-]+")
_ADDRESS = re.compile(r"\s*(?:https?|ftp)://", re.IGNORECASE)


def fold(name: str) -> str:
    """What is left of a name when case, spaces, `_`, `-` and forms of letters do not count."""
    return _IGNORED.sub("", unicodedata.normalize("NFKC", name)).casefold()


#: The field that a folded name means. `filename` is the platform's own word for a title, though
#: some manifests have addresses under it.
_FIELD_OF: Final = {
    **{fold(alias): field for field in reversed(FIELDS) for alias in reversed(ALIASES[field])},
    **{fold(field): field for field in FIELDS},
}


def field_of(name: str) -> str | None:
    """Which field a column of this name is likely to be."""
    return _FIELD_OF.get(fold(name))


def known_fields(names: Iterable[str], overrides: Iterable[str] = ()) -> int:
    """How many fields are among these names of columns.

    Args:
        overrides: names that the user gave to columns; they count like known ones.
    """
    own = {fold(name) for name in overrides}
    return len({fold(name) if fold(name) in own else field_of(name) for name in names} - {None})


def holds_address(cells: Iterable[str]) -> bool:
    """Whether one of the cells is a URL, which no name of a column is."""
    return any(map(_ADDRESS.match, cells))
