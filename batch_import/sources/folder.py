"""The source `folder:/path`: files of a folder that a web server serves below `--base-url`."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from operator import attrgetter
from typing import Final
from urllib.parse import quote

from batch_import.errors import UsageError, setting_ref
from batch_import.sources.source import ListedVideo, ListingOptions, SkippedItem

#: Number of entries of a folder that are sorted at a time. A folder with more entries is listed as
#: several sorted parts, so that memory does not grow with it.
_SORTED_ENTRIES: Final = 10_000
_HIDDEN: Final = "A name that begins with a dot is hidden. Rename it if it is a video."
_LINK: Final = (
    "A symbolic link is not followed. Give the folder that it leads to as another source."
)
_SPECIAL: Final = "This is neither a file nor a folder."
#: ASCII code of a character that a path of a URL cannot contain → its percent-encoding.
_ASCII_QUOTED: Final = {
    code: quoted for code in range(128) if (quoted := quote(chr(code))) != chr(code)
}
_by_name: Final = attrgetter("name")


class FolderSource:
    """Lists the files of a folder and its subfolders.

    A row has no reference ID: its URL is its identity, as it is for a file in a bucket.
    """

    def videos(self, location: str, options: ListingOptions) -> Iterator[ListedVideo | SkippedItem]:
        """As in `Source`.

        Raises:
            UsageError: there is no such folder, or its base URL is not set.
        """
        root = os.path.expanduser(location.partition(":")[2])  # noqa: PTH111 - see `_listed`
        if not options.base_url:
            raise UsageError(
                f"{location}: the URL at which a web server serves this folder is not known.",
                f"Name it with {setting_ref('base_url', 'https://host/videos/')}.",
            )
        if not os.path.isdir(root):  # noqa: PTH112 - see `_listed`
            raise UsageError(f"{location}: there is no such folder.", "Correct the path.")
        return _listed(root, options.base_url)


# Not pathlib: it takes longer for a path than the system takes to list its file.
def _listed(root: str, base_url: str) -> Iterator[ListedVideo | SkippedItem]:
    #: Paths below the root of the folders that are still to be read, each with a final slash.
    pending = [""]
    while pending:
        folder = pending.pop()
        subfolders: list[str] = []
        try:
            with os.scandir(os.path.join(root, folder)) as entries:  # noqa: PTH118
                while block := sorted(islice(entries, _SORTED_ENTRIES), key=_by_name):
                    yield from _items(block, folder, base_url + _quoted(folder), subfolders)
        except OSError as error:
            yield _unreadable(folder or root, error)
        pending.extend(reversed(subfolders))


def _items(
    entries: list[os.DirEntry[str]], folder: str, folder_url: str, subfolders: list[str]
) -> Iterator[ListedVideo | SkippedItem]:
    """Yield the files among the entries of one folder, and collect its subfolders."""
    shown_folder = _readable(folder.rstrip("/"))
    for entry in entries:
        name = entry.name
        if name[0] == ".":
            yield SkippedItem(_readable(folder + name), _HIDDEN)
        elif entry.is_file(follow_symlinks=False):
            try:
                status = entry.stat(follow_symlinks=False)
            except OSError as error:
                yield _unreadable(folder + name, error)
                continue
            yield _video(name, shown_folder, folder_url, status)
        elif entry.is_symlink():
            yield SkippedItem(_readable(folder + name), _LINK)
        elif entry.is_dir(follow_symlinks=False):
            subfolders.append(f"{folder}{name}/")
        else:
            yield SkippedItem(_readable(folder + name), _SPECIAL)


def _video(name: str, folder: str, folder_url: str, status: os.stat_result) -> ListedVideo:
    shown = _readable(name)
    stem, dot, suffix = shown.rpartition(".")
    return ListedVideo(
        folder_url + _quoted(name),
        title=stem if dot else shown,
        extension=suffix.lower() if dot else "",
        size=status.st_size,
        folder=folder,
        modified_at=_moment(status.st_mtime),
        path=f"{folder}/{shown}" if folder else shown,
    )


def _quoted(path: str) -> str:
    """Percent-encode the bytes of a path, which need not be UTF-8."""
    if path.isascii():  # the same, in a third of the time
        return path.translate(_ASCII_QUOTED)
    return quote(path, errors="surrogateescape")


def _readable(name: str) -> str:
    """Returns a name as text. Bytes that are not UTF-8 are mostly Windows-1252."""
    if name.isprintable():
        return name
    raw = name.encode("utf-8", "surrogateescape")
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace")


def _moment(seconds: float) -> datetime | None:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):  # a file system may have any number here
        return None


def _unreadable(path: str, error: OSError) -> SkippedItem:
    reason = (
        f"Cannot be read: {error.strerror or error}. Get the right to read it, then list again."
    )
    return SkippedItem(_readable(path), reason, is_unreadable=True)
