"""Read the items of a feed or sitemap, one at a time in constant memory. No I/O of its own.

RSS 2.0 and 1.0, Media RSS, Atom, Google's video sitemaps and sitemap indexes. Elements are known by
their local names; the name of an element of a known extension has a prefix, such as `media:title`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Final
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import iterparse

from batch_import.sources.source import SourceUnreadable

#: Part of a namespace → prefix. Feeds write these namespaces in several ways.
_PREFIXES: Final = {
    "search.yahoo.com/mrss": "media:",
    "itunes.com/dtds/podcast": "itunes:",
    "google.com/schemas/sitemap-video": "video:",
    "purl.org/dc/elements": "dc:",
}
#: Parts of the namespaces of feeds and sitemaps themselves.
_PLAIN: Final = ("w3.org/2005/Atom", "purl.org/rss", "/schemas/sitemap/", "w3.org/1999/02/22-rdf")
#: Local name of the root element → names of its items. `link` is followed if it is the next page.
_ITEMS: Final = {
    "rss": ("item", "link"),
    "RDF": ("item",),
    "feed": ("entry", "link"),
    "urlset": ("url",),
    "sitemapindex": ("sitemap",),
}
#: Maximum depth of elements. XHTML in a feed is rarely nested deeper than 20.
_MAX_DEPTH: Final = 256
#: Maximum number of elements of one item, so that an item cannot fill the memory. A sitemap allows
#: a thousand links and images per URL (sitemaps.org, Google).
_MAX_ITEM_ELEMENTS: Final = 20_000


@dataclass(frozen=True, slots=True)
class FeedItem:
    """An item of a feed, a URL of a sitemap, or a sitemap of an index.

    Attributes:
        name: local name of the element, such as `item`.
        element: the element, with all elements below it.
    """

    name: str
    element: Element

    def text(self, *names: str) -> str:
        """Returns the text of the first element with one of these names; empty if none has any.

        Names that come first have priority.
        """
        for name in names:
            for found in self.all(name):
                if text := " ".join("".join(found.itertext()).split()):
                    return text
        return ""

    def all(self, name: str) -> list[Element]:
        """Returns all elements with a name, at any depth."""
        return [each for each in self.element.iter() if each.tag == name]

    def below(self, element: Element) -> "FeedItem":
        """Returns an element of this item as a separate item."""
        return FeedItem(element.tag, element)


def feed_items(stream: IO[bytes], name: str) -> Iterator[FeedItem]:
    """Yield the items of a document, and its links.

    Args:
        name: name of the document for error messages, without secrets.

    Raises:
        SourceUnreadable: the document is no feed and no sitemap, or is damaged or dangerous.
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
    open_elements: list[Element] = []
    item_names: tuple[str, ...] = ()
    item_depth = item_size = 0
    for event, element in iterparse(stream, events=("start", "end")):
        if event == "start":
            element.tag = _short_name(element.tag)
            if not open_elements:
                item_names = _item_names(element.tag, name)
            elif not item_depth and element.tag in item_names:
                item_depth, item_size = len(open_elements), 0
            open_elements.append(element)
            item_size += 1
            if len(open_elements) > _MAX_DEPTH or (item_depth and item_size > _MAX_ITEM_ELEMENTS):
                raise SourceUnreadable(
                    f"{name} has too many nested elements for a feed.",
                    "Give the URL of the feed itself.",
                )
            continue
        open_elements.pop()
        if item_depth == len(open_elements) and item_depth:
            yield FeedItem(element.tag, element)
            item_depth = 0
        if not item_depth and open_elements:
            # Without this, the parser would keep every element until the end.
            open_elements[-1].remove(element)


def _item_names(root: str, name: str) -> tuple[str, ...]:
    if root not in _ITEMS:
        raise SourceUnreadable(
            f"{name} is neither a feed nor a sitemap: its root element is <{root[:40]}>.",
            "Give the URL of an RSS or Atom feed, or of a sitemap.",
        )
    return _ITEMS[root]


def _short_name(tag: str) -> str:
    """Returns `media:title` for an element of a known namespace, `title` for one of a feed."""
    namespace, brace, name = tag.rpartition("}")
    if not brace or any(part in namespace for part in _PLAIN):
        return name
    prefixes = (prefix for part, prefix in _PREFIXES.items() if part in namespace)
    return f"{next(prefixes, 'other:')}{name}"
