"""The source `feed:URL-or-file`: RSS, Media RSS, Atom, video sitemaps and sitemap indexes.

A *document* is one XML file. A document may name further documents: the next page of a feed, or the
sitemaps of an index.
"""

import gzip
import io
import zlib
from collections import deque
from collections.abc import Iterator
from contextlib import closing
from ipaddress import ip_address
from pathlib import Path
from typing import IO, Final
from urllib.parse import urljoin

from batch_import.addresses.masking import mask
from batch_import.addresses.urls import parse, request_url
from batch_import.errors import RequestFailed, RunFault, UsageError
from batch_import.manifest.rules import hosts
from batch_import.sources.feed_reader import feed_items
from batch_import.sources.feed_videos import videos_of
from batch_import.sources.source import (
    ListedVideo,
    ListingOptions,
    SkippedItem,
    SourceUnavailable,
    SourceUnreadable,
)
from batch_import.web.bounded import ExchangeLimits
from batch_import.web.download import download

#: Maximum size of an unpacked document in bytes: the maximum size of a sitemap (sitemaps.org).
_MAX_BYTES: Final = 52_428_800
#: Limits of a download, in seconds and bytes. In two minutes, 4 Mbit/s are enough for the largest
#: document.
_LIMITS: Final = ExchangeLimits(connect=10.0, silence=30.0, whole=120.0, size=_MAX_BYTES)
#: Maximum number of documents that are read: a sitemap index has up to 50,000 entries
#: (sitemaps.org).
_MAX_DOCUMENTS: Final = 50_000
#: Number of bytes that are read to recognize a gzip file, and blank lines at the start of XML.
_START_BYTES: Final = 1024
_GZIP_MAGIC: Final = b"\x1f\x8b"


class FeedSource:
    """Lists the videos of a feed and of its further pages, or of a sitemap and its parts."""

    def videos(self, location: str, options: ListingOptions) -> Iterator[ListedVideo | SkippedItem]:
        """As in `Source`.

        Raises:
            UsageError: the file does not exist or cannot be read.
            SourceUnavailable: the document cannot be downloaded.
            SourceUnreadable: the document is neither a feed nor a sitemap.
        """
        del options
        address = location.partition(":")[2]
        return _Documents(address).videos()


class _Documents:
    """Reads a document and all documents that it names, directly or indirectly.

    Args:
        address: URL or path of the first document.
    """

    def __init__(self, address: str) -> None:
        # In the form for a request, because `download` compares the host with this name.
        url = parse(request_url(address))
        self._first_address = address
        #: The only host that may have a private IP address, because the user named it.
        self._trusted_host = url.host.strip("[]").lower() if url else ""
        self._pending = deque([address])
        self._known_addresses = {address}

    def videos(self) -> Iterator[ListedVideo | SkippedItem]:
        """Yield the videos of all documents."""
        while self._pending:
            address = self._pending.popleft()
            try:
                yield from self._videos_of(address)
            except RunFault as fault:
                # If only a further document cannot be read, the list is incomplete but useful.
                if address == self._first_address:
                    raise
                yield SkippedItem(mask(address), fault.message, is_unreadable=True)

    def _videos_of(self, address: str) -> Iterator[ListedVideo | SkippedItem]:
        """Yield the videos of one document, and add the documents that it names."""
        base_url, stream = self._open(address)
        with closing(stream):
            for item in feed_items(stream, mask(address)):
                if item.name == "sitemap":
                    yield from self._add_document(item.text("loc"), base_url)
                elif item.name == "link":
                    if item.element.get("rel") == "next":
                        yield from self._add_document(item.element.get("href", ""), base_url)
                else:
                    yield from videos_of(item, base_url)

    def _add_document(self, url: str, base_url: str) -> Iterator[SkippedItem]:
        """Add a document to read later, unless it is known already.

        Yields:
            One item if the document cannot be added: the reason for it.
        """
        try:
            address = urljoin(base_url, url)
        except ValueError:
            address = url
        if address in self._known_addresses:
            return
        if not parse(address):
            yield SkippedItem(
                mask(address), "This is not an http URL of a document.", is_unreadable=True
            )
        elif len(self._known_addresses) >= _MAX_DOCUMENTS:
            reason = f"Only {_MAX_DOCUMENTS:,} documents are read. List the others separately."
            yield SkippedItem(mask(address), reason, is_unreadable=True)
        else:
            self._known_addresses.add(address)
            self._pending.append(address)

    def _open(self, address: str) -> tuple[str, IO[bytes]]:
        """Returns the URL of a document after redirects, and its unpacked content.

        The URL is empty for a file.
        """
        if not parse(address):
            return "", _open_file(address)
        try:
            url, response = download(
                request_url(address),
                _LIMITS,
                trusted_host=self._trusted_host,
                allows_ip=_is_public,
            )
        except RequestFailed as failed:
            raise SourceUnavailable(
                f"{mask(address)} cannot be downloaded: {failed.message}.",
                "Open it in a private window of a browser, and correct the URL.",
            ) from None
        return url, _unpack(io.BytesIO(response.body), mask(address))


def _is_public(ip: str) -> bool:
    # A link-local IPv6 address may have a zone at its end: `fe80::1%eth0`.
    return hosts.is_public(ip_address(ip.partition("%")[0]))


def _open_file(name: str) -> IO[bytes]:
    try:
        return _unpack(Path(name).expanduser().open("rb"), name)
    except OSError as error:
        raise UsageError(
            f"{name} cannot be read: {error.strerror or error}.", "Correct the path or the URL."
        ) from None


def _unpack(stream: IO[bytes], name: str) -> IO[bytes]:
    """Returns a stream of the content: a gzip file is unpacked.

    Blank lines at the start of XML are left out.
    """
    start = stream.read(_START_BYTES)
    if not start.startswith(_GZIP_MAGIC):
        # Many feeds begin with blank lines, which XML does not allow before its declaration.
        stream.seek(len(start) - len(start.lstrip()))
        return stream
    stream.seek(0)
    return io.BufferedReader(_GzipStream(stream, name))


class _GzipStream(io.RawIOBase):
    """Unpacks a gzip file, up to a maximum size: a few bytes may unpack to gigabytes."""

    def __init__(self, stream: IO[bytes], name: str) -> None:
        self._packed = stream
        self._file = gzip.GzipFile(fileobj=stream)
        self._name = name
        self._size = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        try:
            part = self._file.read(len(buffer))
        except (OSError, EOFError, zlib.error):
            raise SourceUnreadable(
                f"{self._name} is a damaged gzip file.", "Get it again from its publisher."
            ) from None
        self._size += len(part)
        if self._size > _MAX_BYTES:
            raise SourceUnreadable(
                f"{self._name} unpacks to more than {_MAX_BYTES / 1e6:.0f} MB.",
                "Unpack it yourself, and list the unpacked file.",
            )
        buffer[: len(part)] = part
        return len(part)

    def close(self) -> None:
        self._file.close()
        self._packed.close()
        super().close()
