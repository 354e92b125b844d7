"""Find URLs that are probably web pages, by comparison with the URLs of the other rows. No I/O.

A manifest must have the URLs of video files, but people also paste the URLs of web pages. If most
URLs end in a file extension, a URL without an extension on another host is suspect. The module
`rules/pages.py` finds the pages of known sites, such as YouTube; this module must not know sites.
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

#: Minimum fraction of URLs that end in the extension of a video. In a column with fewer, the other
#: URLs may be download links, which need no extension.
_MIN_FILE_SHARE: Final = 0.5
_FILE_ENDINGS: Final = tuple(f".{extension}" for extension in sorted(ACCEPTED_EXTENSIONS))
#: A position in a URL after the two slashes of any scheme, and before the end of the host.
_POSITION_IN_HOST: Final = len("https://")
_SAME_CELL: Final = "the source URL is the same as in another column, which has web pages"
_OTHER_HOST: Final = (
    "the source URL looks like a web page: unlike the other rows, it does not end in the extension"
    " of a file, and it is on another host"
)
_HINT: Final = "Give the URL of the video file. Only if this URL downloads the file,"


class LikelyPages:
    """Compares the URLs of a manifest, chunk after chunk.

    A file URL is a URL that ends in the extension of a video.
    """

    def __init__(self) -> None:
        self._url_count = self._file_url_count = 0
        #: Hosts of the file URLs so far.
        self._file_hosts: set[str] = set()

    def violations(
        self,
        urls: Sequence[str],
        extensions: Sequence[str],
        other_columns: Callable[[], Sequence[Sequence[str]]],
        invalid: Collection[int],
    ) -> Iterator[tuple[int, Violation]]:
        """Yield the row index of each likely web page in the next chunk, and its violation.

        Args:
            urls: the source URL of each row; empty if it is missing.
            extensions: the extension that the manifest gives for each row; empty if it gives none.
                If a likely page has an extension, its violation is a warning, because the user may
                know that the URL is a file.
            other_columns: returns the cells of the columns that are no fields.
            invalid: indexes of rows that have an error already.
        """
        # The first test is fast, and enough for most URLs.
        are_files = [
            url.partition("?")[0].endswith(_FILE_ENDINGS) or bool(extension_of(url)) for url in urls
        ]
        self._url_count += len(urls) - urls.count("")
        self._file_url_count += sum(are_files)
        # The URLs up to the slash after the host. A set, because many URLs have the same host.
        file_roots = {
            url[: url.find("/", _POSITION_IN_HOST) + 1] for url in compress(urls, are_files)
        }
        self._file_hosts.update(map(_host, file_roots))
        if not _MIN_FILE_SHARE * self._url_count < self._file_url_count < self._url_count:
            return
        suspects = [
            index
            for index, (url, is_file) in enumerate(zip(urls, are_files, strict=True))
            if not is_file and index not in invalid and _may_be_page(url)
        ]
        columns = other_columns() if suspects else ()
        for index in suspects:
            if any(column[index].strip() == urls[index] for column in columns):
                yield index, _page_violation(_SAME_CELL, extensions[index])
            elif _host(urls[index]) not in self._file_hosts:
                yield index, _page_violation(_OTHER_HOST, extensions[index])


def _page_violation(reason: str, extension: str) -> Violation:
    if extension:
        return warning("url-page-likely", reason, f"{_HINT} it can be sent as {extension}.")
    return Violation("url-page-likely", reason, f"{_HINT} give the row the file's extension.")


def _may_be_page(url: str) -> bool:
    """Whether nothing shows that a URL is a file, or that it is on a site that another rule checks.

    A URL with a secret is probably a download link: `mask` replaces secrets.
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
