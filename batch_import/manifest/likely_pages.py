"""Find web pages among the URLs of files, by comparison with the other rows. No I/O.

`rules/pages.py` knows the pages of known sites. This module must not know sites.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import compress
from typing import Final

from batch_import.addresses.masking import mask
from batch_import.manifest.extensions import (
    ACCEPTED_EXTENSIONS,
    OTHER_EXTENSIONS,
    extension_of,
    suffix_of,
)
from batch_import.manifest.rules.pages import has_pages
from batch_import.manifest.rules.violation import Violation, warning

#: Minimum fraction of URLs that end in the extension of a video. Otherwise the column may have
#: download links, which need not end in one.
_MOST: Final = 0.5
_ENDINGS: Final = tuple(f".{extension}" for extension in sorted(ACCEPTED_EXTENSIONS))
#: Position in a URL behind the two slashes, or within the host, whichever scheme it has.
_BEHIND_SCHEME: Final = len("https://")
_SAME_CELL: Final = "the source URL is that of another column, which is of web pages"
_OTHER_HOST: Final = (
    "the source URL looks like a web page: unlike the other rows, it does not end in the extension"
    " of a file, and it is on another host"
)
_HINT: Final = "Give the URL of the video file. Only if this URL downloads the file,"


class LikelyPages:
    """Compares the URLs of a manifest, chunk after chunk."""

    def __init__(self) -> None:
        self._count = self._file_count = 0
        self._hosts: set[str] = set()

    def violations(
        self,
        urls: Sequence[str],
        extensions: Sequence[str],
        other_columns: Callable[[], Sequence[Sequence[str]]],
        invalid: Collection[int],
    ) -> Iterator[tuple[int, Violation]]:
        """Yield the index of each likely page of the next rows, and its violation.

        Args:
            extensions: the extension that is given to each row; blank if there is none. With an
                extension a page is a warning, because the user may know that it is a file.
            other_columns: returns the cells of the columns that are no fields.
            invalid: indexes of rows that have an error already.
        """
        # The first test is fast, and enough for most URLs.
        files = [
            url.partition("?")[0].endswith(_ENDINGS) or bool(extension_of(url)) for url in urls
        ]
        self._count += len(urls) - urls.count("")
        self._file_count += sum(files)
        starts = {url[: url.find("/", _BEHIND_SCHEME) + 1] for url in compress(urls, files)}
        self._hosts.update(map(_host, starts))
        if not _MOST * self._count < self._file_count < self._count:
            return
        suspects = [
            at
            for at, (url, is_file) in enumerate(zip(urls, files, strict=True))
            if not is_file and at not in invalid and _may_be_page(url)
        ]
        others = other_columns() if suspects else ()
        for at in suspects:
            if any(column[at].strip() == urls[at] for column in others):
                yield at, _violation(_SAME_CELL, extensions[at])
            elif _host(urls[at]) not in self._hosts:
                yield at, _violation(_OTHER_HOST, extensions[at])


def _violation(reason: str, extension: str) -> Violation:
    if extension:
        return warning("url-page-likely", reason, f"{_HINT} it can be sent as {extension}.")
    return Violation("url-page-likely", reason, f"{_HINT} give the row the file's extension.")


def _may_be_page(url: str) -> bool:
    """Whether nothing in a URL tells that it is a file, nor of which known site it is.

    A URL with a secret is a link to download a file.
    """
    lower = url.lower()
    return (
        lower.startswith("http")
        and "download" not in lower
        and suffix_of(url) not in ACCEPTED_EXTENSIONS | OTHER_EXTENSIONS
        and not has_pages(_host(url))
        and mask(url) == url
    )


def _host(url: str) -> str:
    return url.partition("://")[2].partition("/")[0].lower()
