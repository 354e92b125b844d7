"""Find the records in a saved API response, and turn them into videos. No I/O."""

import html
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import unquote

from batch_import.manifest.columns.values import CellKind, kind_of
from batch_import.manifest.extensions import ACCEPTED_EXTENSIONS
from batch_import.sources.answer_kinds import (
    KINDS,
    LISTS,
    NEXT_PAGES,
    AnswerKind,
    Condition,
    FilePlace,
    Record,
)
from batch_import.sources.best_file import VideoFile, best_file, extension, unless_unfetchable
from batch_import.sources.fact_values import date_of, file_size, plain_text
from batch_import.sources.filters import path_suffix
from batch_import.sources.source import ListedVideo, SkippedItem

#: Members of files that have the same name and meaning at most platforms.
_COMMON_FACTS: Final = ("type", "height", "width", "quality", "label", "bitrate", "size", "expires")
#: Levels of arrays and objects around the records: those of pages that were put into one array.
_MAX_LEVELS: Final = 4
_NEXT_PAGE: Final = "Another page follows this one. List it, too, if you have not."
#: Media types of files beside a video.
_OTHER_TYPES: Final = ("image/", "audio/", "text/")


def videos_in(answer: Any, answered_at: float) -> Iterator[ListedVideo | SkippedItem]:
    """Yield the videos of an API response; nothing if its kind is not known.

    Args:
        answer: decoded JSON of the response: a page, a record, or an array of these.
        answered_at: epoch seconds when the platform sent the response.
    """
    for record, page, kind in _records(answer, {}, _MAX_LEVELS):
        yield _video(record, page, kind, answered_at)
    for page in answer if isinstance(answer, list) else [answer]:
        if isinstance(page, Mapping) and _has_next_page(page):
            yield SkippedItem("the next page", _NEXT_PAGE)


def _records(value: Any, page: Record, levels: int) -> Iterator[tuple[Record, Record, AnswerKind]]:
    """Yield each record with the page that has it, and its kind."""
    if isinstance(value, list) and levels:
        if kind_of_sources := _sources_kind(value):
            yield {"sources": value}, page, kind_of_sources
            return
        for item in value:
            yield from _records(item, page, levels - 1)
    elif isinstance(value, Mapping):
        kind = next((kind for kind in KINDS if _is_of(kind, value)), None)
        if kind:
            yield value, page, kind
        elif levels:
            for name in LISTS:
                if name in value:
                    yield from _records(value[name], value, levels - 1)


def _is_of(kind: AnswerKind, record: Record) -> bool:
    return all(name in record for name in kind.members) and all(
        str(record.get(name)).startswith(start) for name, start in kind.starts.items()
    )


def _sources_kind(value: list[Any]) -> AnswerKind | None:
    """Returns the kind of an array that is the response of Brightcove's `/videos/ID/sources`."""
    are_sources = value and all(isinstance(each, Mapping) and "src" in each for each in value)
    brightcove = (kind for kind in KINDS if kind.vendor == "Brightcove")
    return next(brightcove) if are_sources else None


def _has_next_page(page: Record) -> bool:
    if any(_text(value) not in ("", "False") for path in NEXT_PAGES for value in _at(page, path)):
        return True
    # Kaltura gives the total number only; JW Player also the number of the page.
    total, objects = page.get("totalCount"), page.get("objects")
    if isinstance(total, int) and isinstance(objects, list):
        return total > len(objects)
    total, number, length = (page.get(name) for name in ("total", "page", "page_length"))
    if isinstance(total, int) and isinstance(number, int) and isinstance(length, int):
        return total > number * length
    return False


def _video(
    record: Record, page: Record, kind: AnswerKind, answered_at: float
) -> ListedVideo | SkippedItem:
    title, reference_id = _title(record, kind), _reference_id(record, kind)
    name = title or reference_id or kind.vendor
    for condition in kind.conditions:
        if not _meets(record, condition):
            return SkippedItem(name, condition.reason)
    files = [file for place in kind.files for file in _files(record, page, place, answered_at)]
    if not files:
        return SkippedItem(name, kind.without_file)
    file = best_file(files)
    path = _first(record, (kind.file_name,)) if kind.file_name else ""
    return unless_unfetchable(
        ListedVideo(
            file["url"],
            title=title,
            reference_id=reference_id,
            extension=extension(file) or path_suffix(path),
            size=file_size(file.get("size", "")),
            duration=_duration(record, kind),
            description=plain_text(_first(record, kind.description)),
            tags=_tags(record, kind.tags),
            folder=_folder(_first(record, kind.folder)) or path.rpartition("/")[0].strip("/"),
            modified_at=date_of(_first(record, kind.date)),
            expires_at=float(file["expires_at"]),
            path=path,
        )
    )


def _meets(record: Record, condition: Condition) -> bool:
    values = [value for value in _at(record, condition.path) if value is not None]
    if condition.refused:
        return not any(_text(value) in condition.refused for value in values)
    return all(_text(value) in condition.allowed for value in values)


# Files ----------------------------------------------------------------------------------------


def _files(
    record: Record, page: Record, place: FilePlace, answered_at: float
) -> Iterator[VideoFile]:
    base = place.base(record, page) if place.base else ""
    if place.base and not base:
        return
    for each in _at(record, place.path) if place.path else [record]:
        if isinstance(each, Mapping) and _is_wanted(each, place):
            url = base + _text(each.get(place.url))
            facts = {name: _text(each.get(name)) for name in _COMMON_FACTS}
            facts |= {name: _first(each, (path,)) for name, path in place.names.items()}
            if not _is_other(url, facts["type"]):
                yield {
                    **facts,
                    "url": url,
                    "original": str(_is_original(each, place)),
                    "expires_at": str(_expires_at(facts["expires"], place, answered_at)),
                }


def _is_wanted(file: Record, place: FilePlace) -> bool:
    return (
        bool(_text(file.get(place.url)))
        and all(_text(file.get(name)) in values for name, values in place.required.items())
        and all(_text(file.get(name)) != value for name, value in place.forbidden.items())
    )


def _is_other(url: str, media_type: str) -> bool:
    """Whether a file is a picture, a sound or a text that belongs to the video."""
    return media_type.startswith(_OTHER_TYPES) or kind_of(url) is CellKind.OTHER_FILE


def _is_original(file: Record, place: FilePlace) -> bool:
    if place.original is None:
        return False
    member, value = place.original
    return not member or _text(file.get(member)) == value


def _expires_at(expires: str, place: FilePlace, answered_at: float) -> float:
    date = date_of(expires)
    if date:
        return date.timestamp()
    return float("inf") if place.lifetime is None else answered_at + place.lifetime


# Values ---------------------------------------------------------------------------------------


def _at(value: Any, path: str) -> list[Any]:
    """Returns the values at the end of a path. Arrays on the way stand for each of their items."""
    values = [value]
    for name in path.split("/"):
        values = [
            each[name] for each in _items(values) if isinstance(each, Mapping) and name in each
        ]
    return list(_items(values))


def _items(values: list[Any]) -> Iterator[Any]:
    for value in values:
        if isinstance(value, list):
            yield from value
        else:
            yield value


def _text(value: Any) -> str:
    """Returns the text of a JSON value; empty for null, arrays and objects."""
    return str(value).strip() if isinstance(value, str | int | float) else ""


def _first(record: Record, paths: tuple[str, ...]) -> str:
    """Returns the first text that one of the paths leads to."""
    return next(
        (text for path in paths for value in _at(record, path) if (text := _text(value))), ""
    )


def _title(record: Record, kind: AnswerKind) -> str:
    title = html.unescape(_first(record, kind.title))
    stem, _, suffix = title.rpartition(".")
    return stem if kind.file_name and stem and suffix.lower() in ACCEPTED_EXTENSIONS else title


def _reference_id(record: Record, kind: AnswerKind) -> str:
    """Returns the ID. The ID of Vimeo is the last part of a path: `/videos/123:hash`."""
    found = _first(record, (kind.reference_id,)) if kind.reference_id else ""
    return found.rpartition("/")[2].partition(":")[0] if "uri" in kind.members else found


def _duration(record: Record, kind: AnswerKind) -> float | None:
    found = _first(record, (kind.duration,))
    try:
        return float(found) * kind.duration_unit
    except ValueError:
        return None


def _tags(record: Record, path: str) -> tuple[str, ...]:
    """Returns the tags: an array of texts, or one text with commas."""
    texts = (tag for value in _at(record, path) for tag in _text(value).split(","))
    return tuple(dict.fromkeys(tag.strip() for tag in texts if tag.strip()))


def _folder(text: str) -> str:
    """Returns a folder. Graph writes it as `/drives/ID/root:/HR/2025`, percent-encoded."""
    _, root, path = text.partition("root:")
    return unquote(path).strip("/") if root else text
