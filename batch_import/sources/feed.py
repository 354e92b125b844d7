"""The source `feed:URL-or-file`: RSS, Media RSS, Atom, video sitemaps and sitemap indexes."""

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

#: Maximum size of an unpacked document in bytes: that of a sitemap (sitemaps.org).
_MAX_BYTES: Final = 52_428_800
#: Limits of a download. Two minutes are enough for the largest document at 4 Mbit/s.
_LIMITS: Final = ExchangeLimits(connect=10.0, silence=30.0, whole=120.0, size=_MAX_BYTES)
#: Maximum number of documents that are read: a sitemap index has up to 50,000 (sitemaps.org).
_MAX_DOCUMENTS: Final = 50_000
#: Number of bytes that are read to recognize a packed document and blank lines at its start.
_START_BYTES: Final = 1024
_GZIP_START: Final = b"\x1f\x8b"


class FeedSource:
    """Lists the videos of a feed and of its further pages, or of a sitemap and its parts."""

    def videos(self, location: str, options: ListingOptions) -> Iterator[ListedVideo | SkippedItem]:
        """As in `Source`.

        Raises:
            UsageError: there is no such file.
            SourceUnavailable: the document cannot be downloaded.
            SourceUnreadable: the document is no feed and no sitemap.
        """
        del options
        address = location.partition(":")[2]
        return _Documents(address).videos()


class _Documents:
    """The documents of one location, of which each may name further ones."""

    def __init__(self, address: str) -> None:
        url = parse(request_url(address))
        self._first = address
        self._trusted_host = url.host.strip("[]").lower() if url else ""
        self._pending = deque([address])
        self._found = {address}

    def videos(self) -> Iterator[ListedVideo | SkippedItem]:
        while self._pending:
            address = self._pending.popleft()
            try:
                yield from self._videos_of(address)
            except RunFault as fault:
                # The first document is what the user named. Without another one, the list is
                # incomplete, but still of use.
                if address == self._first:
                    raise
                yield SkippedItem(mask(address), fault.message, is_unreadable=True)

    def _videos_of(self, address: str) -> Iterator[ListedVideo | SkippedItem]:
        base_url, stream = self._open(address)
        with closing(stream):
            for item in feed_items(stream, mask(address)):
                if item.name == "sitemap":
                    yield from self._add(item.text("loc"), base_url)
                elif item.name != "link":
                    yield from videos_of(item, base_url)
                elif item.element.get("rel") == "next":
                    yield from self._add(item.element.get("href", ""), base_url)

    def _add(self, url: str, base_url: str) -> Iterator[SkippedItem]:
        """Read a further document later; each is read once."""
        try:
            address = urljoin(base_url, url)
        except ValueError:
            address = url
        if address in self._found:
            return
        if not parse(address):
            yield SkippedItem(
                mask(address), "This is no http URL of a document.", is_unreadable=True
            )
        elif len(self._found) >= _MAX_DOCUMENTS:
            reason = f"Only {_MAX_DOCUMENTS:,} documents are read. List the others by themselves."
            yield SkippedItem(mask(address), reason, is_unreadable=True)
        else:
            self._found.add(address)
            self._pending.append(address)

    def _open(self, address: str) -> tuple[str, IO[bytes]]:
        """Returns the URL of a document, empty for a file, and its unpacked content."""
        if not parse(request_url(address)):
            return "", _open_file(address)
        try:
            url, answer = download(
                request_url(address),
                _LIMITS,
                trusted_host=self._trusted_host,
                allows_ip=lambda ip: hosts.is_public(ip_address(ip.partition("%")[0])),
            )
        except RequestFailed as failed:
            raise SourceUnavailable(
                f"{mask(address)} cannot be downloaded: {failed.message}.",
                "Open it in a private window of a browser, and correct the URL.",
            ) from None
        return url, _unpacked(io.BytesIO(answer.body), mask(address))


def _open_file(name: str) -> IO[bytes]:
    try:
        return _unpacked(Path(name).expanduser().open("rb"), name)
    except OSError as error:
        raise UsageError(
            f"{name} cannot be read: {error.strerror or error}.", "Correct the path or the URL."
        ) from None


def _unpacked(stream: IO[bytes], name: str) -> IO[bytes]:
    start = stream.read(_START_BYTES)
    if not start.startswith(_GZIP_START):
        # Many feeds begin with blank lines, which XML does not allow before its declaration.
        stream.seek(len(start) - len(start.lstrip()))
        return stream
    stream.seek(0)
    return io.BufferedReader(_Unpacked(stream, name))


class _Unpacked(io.RawIOBase):
    """Unpacks a gzip file up to a maximum size, because a small one may hold a very large one."""

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
                "Unpack it, and list the file.",
            )
        buffer[: len(part)] = part
        return len(part)

    def close(self) -> None:
        self._file.close()
        self._packed.close()
        super().close()
