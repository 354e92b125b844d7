"""Turn the items of feeds and sitemaps into videos. No I/O."""

import re
from collections.abc import Iterator, Sequence
from typing import Final
from urllib.parse import urljoin
from xml.etree.ElementTree import Element

from batch_import.addresses.decoding import unescape_html
from batch_import.manifest.columns.values import CellKind, kind_of
from batch_import.sources.best_file import VideoFile, best_file, extension, skip_unfetchable
from batch_import.sources.fact_values import date_of, file_size, plain_text
from batch_import.sources.feed_reader import FeedItem
from batch_import.sources.source import ListedVideo, SkippedItem

#: A video of a feed or sitemap, or the reason why an item of it has none.
_VideoOrSkipped = ListedVideo | SkippedItem

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
#: Media types that do not show what a file contains.
_UNSPECIFIC_TYPES: Final = ("", "application/octet-stream", "binary/octet-stream")


def videos_of(item: FeedItem, base_url: str) -> Iterator[_VideoOrSkipped]:
    """Yield the videos of an item of a feed, or of a URL of a sitemap.

    Args:
        item: the item.
        base_url: URL of the document, which relative URLs refer to; empty if it is not known.
    """
    if item.name == "url":
        yield from _sitemap_videos(item, base_url)
    else:
        yield from _feed_videos(item, base_url)


# Feeds ----------------------------------------------------------------------------------------


def _feed_videos(item: FeedItem, base_url: str) -> Iterator[_VideoOrSkipped]:
    """Yield one video, or one video for each `media:group` if there are several groups.

    All files of a group are renditions of one video (Media RSS). All files of an item without
    groups are also treated as renditions of one video, because the item has only one title.
    """
    groups = item.all("media:group")
    if len(groups) > 1:
        for group in groups:
            part = item.as_item(group)
            video = _feed_video(item, _media_files(part, base_url), part.text("media:title"))
            # The item has one ID, and several videos cannot have the same reference ID.
            yield video._replace(reference_id="") if isinstance(video, ListedVideo) else video
        return
    yield _feed_video(item, _merged([*_enclosures(item, base_url), *_media_files(item, base_url)]))


def _merged(files: Sequence[VideoFile]) -> list[VideoFile]:
    """Returns each file once, with the facts of all its entries.

    Many feeds have the same file as an enclosure and as `media:content`.
    """
    facts_by_url: dict[str, dict[str, str]] = {}
    for file in files:
        facts = facts_by_url.setdefault(file["url"], {})
        facts |= {name: fact for name, fact in file.items() if fact or name not in facts}
    return list(facts_by_url.values())


def _feed_video(item: FeedItem, files: Sequence[VideoFile], title: str = "") -> _VideoOrSkipped:
    """Returns a video with the facts of an item.

    Args:
        item: the item.
        files: the files that the item has for this video.
        title: title of the video; empty to use the title of the item.
    """
    title = title or item.text("title", "media:title")
    videos = [file for file in files if _may_be_video(file)]
    if not videos:
        types = sorted({file["type"] or file["medium"] for file in files} - {""})
        reason = f"It is not a video but {', '.join(types)}." if types else _NO_FILE
        return SkippedItem(title or item.text("guid", "id", "link"), reason)
    file = best_file(videos)
    return skip_unfetchable(
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
    """Returns the files in `media:content` elements; samples only if there is no other file."""
    elements = [each for each in item.all("media:content") if each.get("url")]
    complete = [each for each in elements if each.get("expression") != "sample"]
    # These attributes have the same names as the facts.
    fact_names = {name: name for name in _CONTENT_FACTS}
    return [
        _file(each, base_url, "url", fileSize="size", **fact_names) for each in complete or elements
    ]


#: Attributes of `media:content` with facts about the file. Most of them show which rendition of a
#: video is the largest.
_CONTENT_FACTS: Final = ("medium", "duration", "height", "width", "bitrate")


def _enclosures(item: FeedItem, base_url: str) -> list[VideoFile]:
    """Returns the files that an item encloses, in the form of RSS or of Atom."""
    atom_links = [each for each in item.all("link") if each.get("rel") == "enclosure"]
    return [
        *(_file(each, base_url, "url", length="size") for each in item.all("enclosure")),
        *(_file(each, base_url, "href", length="size") for each in atom_links),
    ]


def _file(element: Element, base_url: str, url_attribute: str, **fact_names: str) -> VideoFile:
    """Returns the facts about a file; an empty text for a fact that the element does not have.

    Args:
        element: the element about the file.
        base_url: URL of the document, which a relative URL refers to.
        url_attribute: name of the attribute with the URL.
        fact_names: name of another attribute of the element → name of the fact.
    """
    facts = dict.fromkeys(("type", "medium", "size", "duration"), "")
    facts["url"] = _absolute_url(base_url, element.get(url_attribute, ""))
    facts["type"] = element.get("type", "").strip().lower()
    for attribute, name in fact_names.items():
        facts[name] = element.get(attribute, "").strip()
    return facts


def _may_be_video(file: VideoFile) -> bool:
    """Whether a file is a video or a page with a video, as far as its URL and facts show."""
    if file["medium"] and file["medium"] != "video":
        return False
    if file["type"].startswith("video/") or file["medium"] == "video":
        return True
    kind = kind_of(file["url"])
    if kind in (CellKind.VIDEO, CellKind.STREAM):
        return not file["type"].startswith(("audio/", "image/", "text/"))
    # A Flash player of a video site is not dropped here; it is reported as a page later.
    return kind is CellKind.PAGE and file["type"] in (
        *_UNSPECIFIC_TYPES,
        "application/x-shockwave-flash",
    )


def _reference_id(item: FeedItem) -> str:
    """Returns the ID of an item; empty if the ID is a URL, which cannot be a reference ID."""
    item_id = item.text("guid", "id")
    return "" if "://" in item_id else item_id


def _tags(item: FeedItem) -> tuple[str, ...]:
    """Returns the categories and keywords of an item, each once, without line breaks."""
    categories = [each.get("term") or each.text or "" for each in item.all("category")]
    keywords = item.text("media:keywords", "itunes:keywords").split(",")
    tags = (" ".join(tag.split()) for tag in (*categories, *keywords))
    return tuple(dict.fromkeys(filter(None, tags)))


# Sitemaps -------------------------------------------------------------------------------------


def _sitemap_videos(item: FeedItem, base_url: str) -> Iterator[_VideoOrSkipped]:
    """Yield the videos of one page of a website, which is a `url` element of the sitemap."""
    page_url = item.text("loc")
    video_elements = item.all("video:video")
    if not video_elements:
        yield SkippedItem(page_url, _NO_VIDEO)
    for element in video_elements:
        yield _sitemap_video(item.as_item(element), page_url, base_url)


def _sitemap_video(video: FeedItem, page_url: str, base_url: str) -> _VideoOrSkipped:
    title = unescape_html(video.text("video:title"))
    url = video.text("video:content_loc")
    if not url:
        return SkippedItem(title or page_url, _PLAYER_ONLY)
    file = {"url": _absolute_url(base_url, url)}
    tags = [" ".join("".join(each.itertext()).split()) for each in video.all("video:tag")]
    return skip_unfetchable(
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


def _absolute_url(base_url: str, url: str) -> str:
    """Returns a URL that may be relative as an absolute URL; unchanged if it is not valid."""
    try:
        return urljoin(base_url, url.strip()) if base_url else url.strip()
    except ValueError:
        return url.strip()


def _duration(text: str) -> float | None:
    """Returns the seconds of `90`, `1:30` or `0:01:30`; None if the text is not a duration."""
    text = text.strip()
    if _SECONDS.fullmatch(text):
        return float(text)
    clock = _CLOCK.fullmatch(text)
    if not clock:
        return None
    hours, minutes, seconds = (float(part or 0) for part in clock.groups())
    return hours * 3600 + minutes * 60 + seconds
