"""Find the records in a saved API response of a platform, and turn them into videos. No I/O.

`response_kinds.py` describes the kinds of records. A record is a JSON object about one video; a
page is a JSON object with a list of records.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final
from urllib.parse import unquote

from batch_import.addresses.decoding import unescape_html
from batch_import.manifest.columns.values import CellKind, has_url, kind_of
from batch_import.manifest.extensions import ACCEPTED_EXTENSIONS
from batch_import.sources.best_file import VideoFile, best_file, extension, skip_unfetchable
from batch_import.sources.fact_values import date_of, file_size, plain_text
from batch_import.sources.filters import path_suffix
from batch_import.sources.response_kinds import (
    NEXT_PAGE_PATHS,
    RECORD_KINDS,
    RECORD_LIST_NAMES,
    Condition,
    FileMapping,
    JsonObject,
    RecordKind,
)
from batch_import.sources.source import ListedVideo, SkippedItem

#: Members of the objects of files that have the same name and meaning at most platforms.
_COMMON_FACTS: Final = ("type", "height", "width", "quality", "label", "bitrate", "size", "expires")
#: Maximum number of arrays and objects around a record. Users put several pages into one array, so
#: that a record may be in an array, in a page, in an array.
_MAX_LEVELS: Final = 4
#: Maximum number of arrays and objects in each other in which members with URLs are searched.
_MAX_DEPTH: Final = 10
_NEXT_PAGE: Final = "Another page follows this one. List it, too, if you have not."
#: Media types of files that belong to a video but are not the video: thumbnails, subtitles.
_OTHER_TYPES: Final = ("image/", "audio/", "text/")


def videos_in(response: Any, sent_at: float) -> Iterator[ListedVideo | SkippedItem]:
    """Yield the videos of an API response; nothing if it has no record of a known kind.

    Args:
        response: decoded JSON of the response: a page, a record, or an array of pages or records.
        sent_at: when the platform sent the response, in epoch seconds.
    """
    has_records = False
    for record, page, kind in _records(response, {}, _MAX_LEVELS):
        has_records = True
        yield _video(record, page, kind, sent_at)
    pages = response if isinstance(response, list) else [response]
    if has_records and _has_next_page([page for page in pages if isinstance(page, Mapping)]):
        yield SkippedItem("the next page", _NEXT_PAGE)


def members_with_urls(response: Any) -> list[str]:
    """Returns the names of all members with a URL, such as `objects.thumbnailUrl`, each once.

    Args:
        response: decoded JSON of any kind.
    """
    return list(dict.fromkeys(_members_with_urls(response, "", _MAX_DEPTH)))


def _members_with_urls(value: Any, name: str, max_depth: int) -> Iterator[str]:
    if isinstance(value, str) and has_url([value]):
        yield name
    elif isinstance(value, list) and max_depth:
        for item in value:
            yield from _members_with_urls(item, name, max_depth - 1)
    elif isinstance(value, Mapping) and max_depth:
        for key, inner in value.items():
            yield from _members_with_urls(inner, f"{name}.{key}" if name else key, max_depth - 1)


def _records(
    value: Any, page: JsonObject, max_levels: int
) -> Iterator[tuple[JsonObject, JsonObject, RecordKind]]:
    """Yield each record in a value: the record, the page that has it, and its kind.

    Args:
        value: any JSON value of the response.
        page: the page that contains the value; empty if there is none.
        max_levels: maximum number of arrays and objects around a record that are opened.
    """
    if isinstance(value, list) and max_levels:
        if _is_brightcove_sources(value):
            yield {"sources": value}, page, _brightcove_kind()
            return
        for item in value:
            yield from _records(item, page, max_levels - 1)
    elif isinstance(value, Mapping):
        kind = _kind_of_record(value)
        if kind:
            yield value, page, kind
        elif max_levels:
            for name in RECORD_LIST_NAMES:
                if name in value:
                    yield from _records(value[name], value, max_levels - 1)


def _kind_of_record(json_object: JsonObject) -> RecordKind | None:
    """Returns the first kind that an object fits; None if it is not a record."""
    for kind in RECORD_KINDS:
        has_members = all(name in json_object for name in kind.members)
        if has_members and all(
            str(json_object.get(name)).startswith(start) for name, start in kind.starts.items()
        ):
            return kind
    return None


def _is_brightcove_sources(array: list[Any]) -> bool:
    """Whether an array is the response of Brightcove's `/videos/ID/sources`: files, no record."""
    return bool(array) and all(isinstance(item, Mapping) and "src" in item for item in array)


def _brightcove_kind() -> RecordKind:
    return next(kind for kind in RECORD_KINDS if kind.vendor == "Brightcove")


def _has_next_page(pages: Sequence[JsonObject]) -> bool:
    """Whether another page follows the last of several pages of one response."""
    if not pages:
        return False
    last_page = pages[-1]
    for path in NEXT_PAGE_PATHS:
        if any(_text(value) not in ("", "False") for value in _values_at(last_page, path)):
            return True
    # Kaltura gives the total number of records; the request may be in the response.
    total = last_page.get("totalCount")
    if isinstance(total, int) and isinstance(last_page.get("objects"), list):
        counts = [len(page["objects"]) for page in pages if isinstance(page.get("objects"), list)]
        return total > max(sum(counts), _last_record_number(last_page))
    # JW Player also gives the number of the page.
    total, number, length = (last_page.get(name) for name in ("total", "page", "page_length"))
    if isinstance(total, int) and isinstance(number, int) and isinstance(length, int):
        return total > number * length
    return False


def _last_record_number(page: JsonObject) -> int:
    """Returns the number of the last record of a Kaltura page, by its pager; 0 without a pager."""
    numbers = [_values_at(page, f"request/pager/{name}") for name in ("pageIndex", "pageSize")]
    index, size = (values[0] if values else 0 for values in numbers)
    return index * size if isinstance(index, int) and isinstance(size, int) else 0


def _video(
    record: JsonObject, page: JsonObject, kind: RecordKind, sent_at: float
) -> ListedVideo | SkippedItem:
    """Returns the video of a record, or why it is not listed."""
    title, reference_id = _title(record, kind), _reference_id(record, kind)
    name = title or reference_id or kind.vendor
    for condition in kind.conditions:
        if not _meets(record, condition):
            return SkippedItem(name, condition.reason)
    files = [file for mapping in kind.files for file in _files(record, page, mapping, sent_at)]
    if not files:
        return SkippedItem(name, kind.without_file)
    file = best_file(files)
    path = _first_text(record, (kind.file_name,)) if kind.file_name else ""
    return skip_unfetchable(
        ListedVideo(
            file["url"],
            title=title,
            reference_id=reference_id,
            extension=extension(file) or path_suffix(path),
            size=file_size(file.get("size", "")),
            duration=_duration(record, kind),
            description=plain_text(_first_text(record, kind.description)),
            tags=_tags(record, kind.tags),
            folder=_folder(_first_text(record, kind.folder)) or path.rpartition("/")[0].strip("/"),
            modified_at=date_of(_first_text(record, kind.date)),
            expires_at=float(file["expires_at"]),
            path=path,
        )
    )


def _meets(record: JsonObject, condition: Condition) -> bool:
    """Whether a record meets a condition. A record without a value meets all conditions."""
    values = [value for value in _values_at(record, condition.path) if value is not None]
    if condition.refused:
        return not any(_text(value) in condition.refused for value in values)
    return all(_text(value) in condition.allowed for value in values)


# Files ----------------------------------------------------------------------------------------


def _files(
    record: JsonObject, page: JsonObject, mapping: FileMapping, sent_at: float
) -> Iterator[VideoFile]:
    """Yield the video files of a record that are where the mapping says."""
    base = mapping.base(record, page) if mapping.base else ""
    if mapping.base and not base:
        return
    for file in _values_at(record, mapping.path) if mapping.path else [record]:
        if not isinstance(file, Mapping) or not _is_usable(file, mapping):
            continue
        url = base + _text(file.get(mapping.url))
        facts = {name: _text(file.get(name)) for name in _COMMON_FACTS}
        facts |= {name: _first_text(file, (path,)) for name, path in mapping.names.items()}
        if not _is_other_file(url, facts["type"]):
            yield {
                **facts,
                "url": url,
                "original": str(_is_original(file, mapping)),
                "expires_at": str(_expires_at(facts["expires"], mapping, sent_at)),
            }


def _is_usable(file: JsonObject, mapping: FileMapping) -> bool:
    """Whether a file has a URL, and the values that the mapping requires."""
    return (
        bool(_text(file.get(mapping.url)))
        and all(_text(file.get(name)) in values for name, values in mapping.required.items())
        and all(_text(file.get(name)) != value for name, value in mapping.forbidden.items())
    )


def _is_other_file(url: str, media_type: str) -> bool:
    """Whether a file is a picture, a sound or a text that belongs to the video."""
    return media_type.startswith(_OTHER_TYPES) or kind_of(url) is CellKind.OTHER_FILE


def _is_original(file: JsonObject, mapping: FileMapping) -> bool:
    if mapping.original is None:
        return False
    member, value = mapping.original
    return not member or _text(file.get(member)) == value


def _expires_at(expires: str, mapping: FileMapping, sent_at: float) -> float:
    """Returns when the URL of a file expires, in epoch seconds; infinity if it does not."""
    date = date_of(expires)
    if date:
        return date.timestamp()
    return float("inf") if mapping.lifetime is None else sent_at + mapping.lifetime


# Values ---------------------------------------------------------------------------------------


def _values_at(value: Any, path: str) -> list[Any]:
    """Returns the values at the end of a path, which continues in each item of an array."""
    values = [value]
    for name in path.split("/"):
        objects = [item for item in _items(values) if isinstance(item, Mapping)]
        values = [each[name] for each in objects if name in each]
    return list(_items(values))


def _items(values: list[Any]) -> Iterator[Any]:
    """Yield the values, and of each array its items."""
    for value in values:
        if isinstance(value, list):
            yield from value
        else:
            yield value


def _text(value: Any) -> str:
    """Returns a JSON text, number or Boolean as text; empty for null, an array or an object."""
    return str(value).strip() if isinstance(value, str | int | float) else ""


def _first_text(record: JsonObject, paths: tuple[str, ...]) -> str:
    """Returns the first text that is not empty at one of the paths; empty if there is none."""
    for path in paths:
        for value in _values_at(record, path):
            text = _text(value)
            if text:
                return text
    return ""


def _title(record: JsonObject, kind: RecordKind) -> str:
    """Returns the title. If it is a file name, the extension of a video file is removed."""
    title = unescape_html(_first_text(record, kind.title))
    stem, _, suffix = title.rpartition(".")
    return stem if kind.file_name and stem and suffix.lower() in ACCEPTED_EXTENSIONS else title


def _reference_id(record: JsonObject, kind: RecordKind) -> str:
    """Returns the ID. The ID of Vimeo is a part of a path: `123` in `/videos/123:hash`."""
    reference_id = _first_text(record, (kind.reference_id,)) if kind.reference_id else ""
    if "uri" in kind.members:
        return reference_id.rpartition("/")[2].partition(":")[0]
    return reference_id


def _duration(record: JsonObject, kind: RecordKind) -> float | None:
    """Returns the duration in seconds; None if it is missing or is not a number."""
    text = _first_text(record, (kind.duration,))
    try:
        return float(text) * kind.duration_unit
    except ValueError:
        return None


def _tags(record: JsonObject, path: str) -> tuple[str, ...]:
    """Returns the tags, each once. A platform has them as an array or as one text with commas."""
    tags = [tag.strip() for value in _values_at(record, path) for tag in _text(value).split(",")]
    return tuple(dict.fromkeys(filter(None, tags)))


def _folder(text: str) -> str:
    """Returns the path of a folder. Microsoft Graph has `/drives/ID/root:/HR/2025`, encoded."""
    _, root, path = text.partition("root:")
    return unquote(path).strip("/") if root else text
