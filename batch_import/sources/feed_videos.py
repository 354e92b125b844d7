"""Turn the items of feeds and sitemaps into videos. No I/O."""

import html
import re
from collections.abc import Iterator, Sequence
from typing import Final
from urllib.parse import urljoin
from xml.etree.ElementTree import Element

from batch_import.manifest.columns.values import CellKind, kind_of
from batch_import.sources.best_file import VideoFile, best_file, extension, unless_unfetchable
from batch_import.sources.fact_values import date_of, file_size, plain_text
from batch_import.sources.feed_reader import FeedItem
from batch_import.sources.source import ListedVideo, SkippedItem

_Listed = ListedVideo | SkippedItem

_CLOCK: Final = re.compile(r"(?:(\d+):)?(\d+):(\d+(?:\.\d+)?)")
_SECONDS: Final = re.compile(r"\d+(?:\.\d+)?")
_NO_FILE: Final = (
    "The item names no video file. Get its file from the publisher, and add a row for it."
)
_PLAYER_ONLY: Final = (
    "The sitemap names only a page that plays the video. Get its file from the publisher, and add"
    " a row for it."
)
_NO_VIDEO: Final = "This page of the sitemap has no video."
#: Media types that say nothing about the content.
_VAGUE_TYPES: Final = ("", "application/octet-stream", "binary/octet-stream")


def videos_of(item: FeedItem, base_url: str) -> Iterator[_Listed]:
    """Yield the videos of an item of a feed, or of a URL of a sitemap.

    Args:
        base_url: URL of the document, which relative URLs refer to; empty if it is not known.
    """
    if item.name == "url":
        yield from _sitemap_videos(item, base_url)
    else:
        yield from _feed_videos(item, base_url)


# Feeds ----------------------------------------------------------------------------------------


def _feed_videos(item: FeedItem, base_url: str) -> Iterator[_Listed]:
    """Yield one video, or one for each `media:group` if there are several.

    All files of a group are renditions of one video (Media RSS), and so are those of an item
    without groups, because the item has one title.
    """
    groups = item.all("media:group")
    if len(groups) > 1:
        for group in groups:
            part = item.below(group)
            video = _feed_video(item, _media_files(part, base_url), part.text("media:title"))
            # The item has one ID, which cannot be that of each of its videos.
            yield video._replace(reference_id="") if isinstance(video, ListedVideo) else video
        return
    yield _feed_video(item, _merged([*_enclosures(item, base_url), *_media_files(item, base_url)]))


def _merged(files: Sequence[VideoFile]) -> list[VideoFile]:
    """Returns each file once: many feeds have a file as an enclosure and as `media:content`."""
    by_url: dict[str, dict[str, str]] = {}
    for file in files:
        facts = by_url.setdefault(file["url"], {})
        facts |= {name: fact for name, fact in file.items() if fact or name not in facts}
    return list(by_url.values())


def _feed_video(item: FeedItem, files: Sequence[VideoFile], title: str = "") -> _Listed:
    title = title or item.text("title", "media:title")
    videos = [file for file in files if _may_be_video(file)]
    if not videos:
        types = sorted({file["type"] or file["medium"] for file in files} - {""})
        reason = f"It is no video but {', '.join(types)}." if types else _NO_FILE
        return SkippedItem(title or item.text("guid", "id", "link"), reason)
    file = best_file(videos)
    return unless_unfetchable(
        ListedVideo(
            file["url"],
            title=title,
            reference_id=_reference_id(item),
            extension=extension(file),
            size=file_size(file["size"]),
            duration=_duration(file["duration"] or item.text("itunes:duration")),
            description=plain_text(
                item.text("description", "media:description", "summary", "itunes:summary")
            ),
            tags=_tags(item),
            modified_at=date_of(item.text("pubDate", "updated", "published", "dc:date")),
        )
    )


def _media_files(item: FeedItem, base_url: str) -> list[VideoFile]:
    contents = item.all("media:content")
    whole = [each for each in contents if each.get("expression") != "sample"]
    return [
        _file(each, base_url, "url", fileSize="size", **{name: name for name in _SIZES})
        for each in whole or contents
        if each.get("url")
    ]


#: Attributes of `media:content` that tell a large rendition from a small one.
_SIZES: Final = ("medium", "duration", "height", "width", "bitrate")


def _enclosures(item: FeedItem, base_url: str) -> list[VideoFile]:
    links = [each for each in item.all("link") if each.get("rel") == "enclosure"]
    return [
        *(_file(each, base_url, "url", length="size") for each in item.all("enclosure")),
        *(_file(each, base_url, "href", length="size") for each in links),
    ]


def _file(element: Element, base_url: str, url: str, **names: str) -> VideoFile:
    """Returns the facts about a file.

    Args:
        url: name of the attribute with the URL.
        names: attribute of the element → name of the fact.
    """
    facts = dict.fromkeys(("type", "medium", "size", "duration"), "")
    facts["url"] = _joined(base_url, element.get(url, ""))
    facts["type"] = element.get("type", "").strip().lower()
    return facts | {name: element.get(attribute, "").strip() for attribute, name in names.items()}


def _may_be_video(file: VideoFile) -> bool:
    if file["medium"] and file["medium"] != "video":
        return False
    if file["type"].startswith("video/") or file["medium"] == "video":
        return True
    kind = kind_of(file["url"])
    if kind in (CellKind.VIDEO, CellKind.STREAM):
        return not file["type"].startswith(("audio/", "image/", "text/"))
    # Flash players of video sites are pages, and are reported as such.
    return kind is CellKind.PAGE and file["type"] in (
        *_VAGUE_TYPES,
        "application/x-shockwave-flash",
    )


def _reference_id(item: FeedItem) -> str:
    """Returns the ID of an item; empty if it is a URL, which no manifest can have as an ID."""
    found = item.text("guid", "id")
    return "" if "://" in found else found


def _tags(item: FeedItem) -> tuple[str, ...]:
    categories = [each.get("term") or each.text or "" for each in item.all("category")]
    keywords = item.text("media:keywords", "itunes:keywords").split(",")
    tags = (" ".join(tag.split()) for tag in (*categories, *keywords))
    return tuple(dict.fromkeys(filter(None, tags)))


# Sitemaps -------------------------------------------------------------------------------------


def _sitemap_videos(item: FeedItem, base_url: str) -> Iterator[_Listed]:
    page = item.text("loc")
    videos = item.all("video:video")
    if not videos:
        yield SkippedItem(page, _NO_VIDEO)
    for element in videos:
        yield _sitemap_video(item.below(element), page, base_url)


def _sitemap_video(video: FeedItem, page: str, base_url: str) -> _Listed:
    title = html.unescape(video.text("video:title"))
    url = video.text("video:content_loc")
    if not url:
        return SkippedItem(title or page, _PLAYER_ONLY)
    file = {"url": _joined(base_url, url)}
    tags = [" ".join("".join(each.itertext()).split()) for each in video.all("video:tag")]
    return unless_unfetchable(
        ListedVideo(
            file["url"],
            title=title,
            extension=extension(file),
            duration=_duration(video.text("video:duration")),
            description=plain_text(video.text("video:description")),
            tags=tuple(filter(None, tags)),
            folder=video.text("video:category"),
            modified_at=date_of(video.text("video:publication_date")),
        )
    )


# Values ---------------------------------------------------------------------------------------


def _joined(base_url: str, url: str) -> str:
    try:
        return urljoin(base_url, url.strip()) if base_url else url.strip()
    except ValueError:
        return url.strip()


def _duration(text: str) -> float | None:
    """Returns seconds from `90`, `1:30` or `0:01:30`; None if it is not a duration."""
    text = text.strip()
    if _SECONDS.fullmatch(text):
        return float(text)
    clock = _CLOCK.fullmatch(text)
    if not clock:
        return None
    hours, minutes, seconds = (float(part or 0) for part in clock.groups())
    return hours * 3600 + minutes * 60 + seconds
