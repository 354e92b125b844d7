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

#: Maximum number of entries of a folder that are sorted together. To limit the memory, a folder
#: with more entries is listed in several parts, each of which is sorted.
_SORTED_ENTRIES: Final = 10_000
_HIDDEN: Final = "A name that begins with a dot is hidden. Rename it if it is a video."
_LINK: Final = (
    "A symbolic link is not followed. Name the folder that it leads to as another source."
)
_SPECIAL: Final = "This is neither a file nor a folder."
#: ASCII code of a character that is not allowed in the path of a URL → its percent-encoding.
_ASCII_QUOTED: Final = {
    code: quoted for code in range(128) if (quoted := quote(chr(code))) != chr(code)
}
_entry_name: Final = attrgetter("name")


class FolderSource:
    """Lists the files of a folder and its subfolders.

    A row has no reference ID; it is recognized by its URL, like a row of a file in a bucket.
    """

    def videos(self, location: str, options: ListingOptions) -> Iterator[ListedVideo | SkippedItem]:
        """As in `Source`.

        Raises:
            UsageError: there is no such folder, or no base URL was given.
        """
        root = os.path.expanduser(location.partition(":")[2])  # noqa: PTH111 - see `_listed`
        if not options.base_url:
            raise UsageError(
                f"{location}: the URL at which a web server serves this folder is not known.",
                f"Set it with {setting_ref('base_url', 'https://host/videos/')}.",
            )
        if not os.path.isdir(root):  # noqa: PTH112 - see `_listed`
            raise UsageError(f"{location}: there is no such folder.", "Correct the path.")
        return _listed(root, options.base_url)


# Without pathlib, because creating a path takes longer than reading the entry of a file.
def _listed(root: str, base_url: str) -> Iterator[ListedVideo | SkippedItem]:
    """Yield the files of a folder and its subfolders, each folder before its subfolders."""
    # Folders to read, relative to the root, each with a final slash.
    pending_folders = [""]
    while pending_folders:
        folder = pending_folders.pop()
        subfolders: list[str] = []
        try:
            with os.scandir(os.path.join(root, folder)) as entries:  # noqa: PTH118
                while block := sorted(islice(entries, _SORTED_ENTRIES), key=_entry_name):
                    yield from _items(block, folder, base_url + _quoted(folder), subfolders)
        except OSError as error:
            yield _unreadable(folder or root, error)
        pending_folders.extend(reversed(subfolders))


def _items(
    entries: list[os.DirEntry[str]], folder: str, folder_url: str, subfolders: list[str]
) -> Iterator[ListedVideo | SkippedItem]:
    """Yield the files among some entries of a folder, and add the folders to `subfolders`.

    Args:
        entries: the entries.
        folder: path of the folder relative to the root; empty or with a final slash.
        folder_url: URL of the folder, with a final slash.
        subfolders: a list that receives the paths of subfolders, relative to the root.
    """
    folder_text = _readable(folder.rstrip("/"))
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
            yield _video(name, folder_text, folder_url, status)
        elif entry.is_symlink():
            yield SkippedItem(_readable(folder + name), _LINK)
        elif entry.is_dir(follow_symlinks=False):
            subfolders.append(f"{folder}{name}/")
        else:
            yield SkippedItem(_readable(folder + name), _SPECIAL)


def _video(name: str, folder: str, folder_url: str, status: os.stat_result) -> ListedVideo:
    text = _readable(name)
    stem, dot, suffix = text.rpartition(".")
    return ListedVideo(
        folder_url + _quoted(name),
        title=stem if dot else text,
        extension=suffix.lower() if dot else "",
        size=status.st_size,
        folder=folder,
        modified_at=_date(status.st_mtime),
        path=f"{folder}/{text}" if folder else text,
    )


def _quoted(path: str) -> str:
    """Returns a path with its bytes percent-encoded. The bytes need not be UTF-8."""
    if path.isascii():  # the same result, three times as fast
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


def _date(epoch_seconds: float) -> datetime | None:
    """Returns the date of a file; None for a number that is no date, as some file systems have."""
    try:
        return datetime.fromtimestamp(epoch_seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _unreadable(path: str, error: OSError) -> SkippedItem:
    reason = (
        f"Cannot be read: {error.strerror or error}. Get the right to read it, then list again."
    )
    return SkippedItem(_readable(path), reason, is_unreadable=True)
