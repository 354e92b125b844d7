"""Read the items of a feed or sitemap from a stream, one at a time, in constant memory.

The formats are RSS 2.0 and 1.0, Media RSS, Atom, Google's video sitemaps and sitemap indexes. The
tags of elements are replaced by short names: the local name, such as `title`, for elements of these
formats; with a prefix, such as `media:title`, for elements of a known extension.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Final
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import iterparse

from batch_import.sources.source import SourceUnreadable

#: Part of the namespace of an extension → prefix of short names. It is a part of the namespace,
#: because feeds write these namespaces in several ways.
_PREFIXES: Final = {
    "search.yahoo.com/mrss": "media:",
    "itunes.com/dtds/podcast": "itunes:",
    "google.com/schemas/sitemap-video": "video:",
    "purl.org/dc/elements": "dc:",
}
#: Parts of the namespaces of feeds and sitemaps themselves, whose short names have no prefix.
_UNPREFIXED: Final = (
    "w3.org/2005/Atom",
    "purl.org/rss",
    "/schemas/sitemap/",
    "w3.org/1999/02/22-rdf",
)
#: Name of the root element → names of the elements that are yielded as items. A `link` may name the
#: next page of a feed.
_ITEM_NAMES: Final = {
    "rss": ("item", "link"),
    "RDF": ("item",),
    "feed": ("entry", "link"),
    "urlset": ("url",),
    "sitemapindex": ("sitemap",),
}
#: Maximum depth of nested elements. XHTML in a feed is rarely nested deeper than 20.
_MAX_DEPTH: Final = 256
#: Maximum number of elements in one item. It limits the memory of an item. A sitemap may have a
#: thousand links and images per URL (sitemaps.org, Google), with several elements each.
_MAX_ITEM_ELEMENTS: Final = 20_000


@dataclass(frozen=True, slots=True)
class FeedItem:
    """An item of a feed, a URL of a sitemap, a sitemap of an index, or a link of a feed.

    Attributes:
        name: short name of the element, such as `item`.
        element: the element, with all elements below it.
    """

    name: str
    element: Element

    def text(self, *names: str) -> str:
        """Returns the first text that an element with one of these names has, on one line.

        Elements with the first name have priority. Empty if no element with these names has text.
        """
        for name in names:
            for element in self.all(name):
                text = " ".join("".join(element.itertext()).split())
                if text:
                    return text
        return ""

    def all(self, name: str) -> list[Element]:
        """Returns all elements in the item that have this short name, at any depth."""
        return [each for each in self.element.iter() if each.tag == name]

    def as_item(self, element: Element) -> "FeedItem":
        """Returns an item that consists of one element of this item."""
        return FeedItem(element.tag, element)


def feed_items(stream: IO[bytes], name: str) -> Iterator[FeedItem]:
    """Yield the items of a document, and its links.

    Args:
        stream: the content of the document.
        name: name of the document for error messages, without secrets.

    Raises:
        SourceUnreadable: the document is neither a feed nor a sitemap, is damaged, or is dangerous.
    """
    try:
        yield from _items(stream, name)
    except ParseError as error:
        line, column = error.position
        raise SourceUnreadable(
            f"{name} is not well-formed XML (line {line}, column {column}).",
            "Give the URL of the feed itself, not of a page; correct the file if it is yours.",
        ) from None
    except DefusedXmlException:
        raise SourceUnreadable(
            f"{name} defines XML entities, which could fill the memory or read other files.",
            "Ask its publisher for a feed without them.",
        ) from None


def _items(stream: IO[bytes], name: str) -> Iterator[FeedItem]:
    #: The elements from the root to the current one.
    open_elements: list[Element] = []
    item_names: tuple[str, ...] = ()
    #: Number of elements around the current item; 0 outside of items.
    item_depth = 0
    element_count = 0
    for event, element in iterparse(stream, events=("start", "end")):
        if event == "start":
            element.tag = _short_name(element.tag)
            if not open_elements:
                item_names = _item_names(element.tag, name)
            elif not item_depth and element.tag in item_names:
                item_depth, element_count = len(open_elements), 0
            open_elements.append(element)
            element_count += 1
            is_huge_item = item_depth > 0 and element_count > _MAX_ITEM_ELEMENTS
            if len(open_elements) > _MAX_DEPTH or is_huge_item:
                raise SourceUnreadable(
                    f"{name} has too many nested elements for a feed.",
                    "Give the URL of the feed itself.",
                )
            continue
        open_elements.pop()
        if item_depth and item_depth == len(open_elements):
            yield FeedItem(element.tag, element)
            item_depth = 0
        if not item_depth and open_elements:
            # Without this, the parser would keep every element until the end.
            open_elements[-1].remove(element)


def _item_names(root: str, name: str) -> tuple[str, ...]:
    """Returns the names of the items of a document, by the name of its root element.

    Raises:
        SourceUnreadable: a document with this root element is neither a feed nor a sitemap.
    """
    if root not in _ITEM_NAMES:
        raise SourceUnreadable(
            f"{name} is neither a feed nor a sitemap: its root element is <{root[:40]}>.",
            "Give the URL of an RSS or Atom feed, or of a sitemap.",
        )
    return _ITEM_NAMES[root]


def _short_name(tag: str) -> str:
    """Returns the short name of a tag such as `{http://www.w3.org/2005/Atom}title`.

    The prefix is `other:` if the namespace is not known.
    """
    namespace, brace, name = tag.rpartition("}")
    if not brace or any(part in namespace for part in _UNPREFIXED):
        return name
    for part, prefix in _PREFIXES.items():
        if part in namespace:
            return f"{prefix}{name}"
    return f"other:{name}"
