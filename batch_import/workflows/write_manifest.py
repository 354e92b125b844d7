"""Write a manifest that lists all videos of some sources: folders, feeds, buckets, saved responses.

People review the manifest before a run.
"""

import math
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC
from itertools import chain
from pathlib import Path
from typing import Final

from batch_import.addresses.expiry import expires_at
from batch_import.errors import Interrupted, UsageError, setting_ref
from batch_import.manifest.columns.aliases import EXTENSION, FILENAME, REFERENCE_ID, SOURCE_URL
from batch_import.manifest.extensions import ACCEPTED_EXTENSIONS, extension_of
from batch_import.reports.writers.table_file import FORMATS, TableColumn, table_file
from batch_import.sources.filters import ListingFilter, SkippedGroup, SkippedItems, path_of
from batch_import.sources.registry import schemes, source_of
from batch_import.sources.source import ListedVideo, ListingOptions, SkippedItem

#: The columns of the manifest: name, width in characters, whether the values are numbers, and
#: whether they are safe, because no spreadsheet program reads them as a formula. The first four
#: names are the names of fields.
COLUMNS: Final = (
    TableColumn(SOURCE_URL, 60, is_safe=True),
    TableColumn(FILENAME, 40),
    TableColumn(EXTENSION, 10),
    TableColumn(REFERENCE_ID, 24),
    TableColumn("description", 40),
    TableColumn("duration", 10, is_number=True, is_safe=True),
    TableColumn("tags", 24),
    TableColumn("folder", 24),
    TableColumn("date", 20, is_safe=True),
    TableColumn("size", 14, is_number=True, is_safe=True),
)
_SHEET: Final = "Videos"
#: Number of items between two progress reports. A fast source lists them in a few milliseconds.
_ITEMS_PER_REPORT: Final = 256
#: Length of a date and time in ISO 8601 up to the seconds.
_SECONDS_LENGTH: Final = len("2026-01-31T18:00:00")
#: Number of decimal places of a duration in seconds.
_DECIMALS: Final = 3


@dataclass(slots=True)
class WrittenManifest:
    """The manifest that was written.

    Attributes:
        path: path of the manifest.
        row_count: number of rows of the manifest.
        skipped: items that were not listed, grouped by reason.
        expiring_count: number of rows whose URL expires.
        expires_at: epoch seconds when the first URL expires; infinity if none expires.
        without_extension_count: number of rows whose file extension is not known.
    """

    path: Path
    row_count: int = 0
    skipped: Sequence[SkippedGroup] = ()
    expiring_count: int = 0
    expires_at: float = math.inf
    without_extension_count: int = 0

    @property
    def is_complete(self) -> bool:
        """Whether every item could be read. Items that a filter excludes count as read."""
        return not any(group.is_unreadable for group in self.skipped)


@dataclass(frozen=True, slots=True)
class ListingRequest:
    """The sources to list, and the manifest to write.

    Attributes:
        locations: the sources, such as `folder:/videos`.
        file: path of the manifest to write, `.csv` or `.xlsx`.
        replace: whether to replace an existing file.
        filters: conditions for the videos that are listed.
        options: options of the sources, such as the URL of a folder's web server.
    """

    locations: Sequence[str]
    file: Path
    replace: bool = False
    filters: ListingFilter = field(default_factory=ListingFilter)
    options: ListingOptions = field(default_factory=ListingOptions)


def write_manifest(
    request: ListingRequest,
    progress: Callable[[int], None] = lambda _: None,
    stop: threading.Event | None = None,
) -> WrittenManifest:
    """List the videos of all sources into one manifest.

    The file is written only if all sources were read to their end and list at least one video.
    Unreadable items do not prevent this. Memory use does not depend on the number of videos.

    Args:
        progress: called from time to time with the number of items that were listed.
        stop: set it to stop early; nothing is written then.

    Raises:
        UsageError: a location or the file cannot be used.
        RunFault: a location cannot be listed.
        StateError: the file cannot be written.
        Interrupted: the listing was stopped.
    """
    _check_file(request)
    sources = [(location, source_of(_scheme(location))) for location in request.locations]
    items = chain.from_iterable(
        source.videos(location, request.options) for location, source in sources
    )
    result, skipped = WrittenManifest(request.file), SkippedItems()
    find_skip_reason = request.filters.reason_finder()
    with table_file(request.file, COLUMNS, _SHEET) as write_row:
        for item in _with_progress(items, progress, stop or threading.Event()):
            if isinstance(item, SkippedItem):
                skipped.add(item)
                continue
            reason = find_skip_reason(item)
            if reason:
                skipped.add(SkippedItem(path_of(item), reason))
            else:
                write_row(_cells(item))
                _count_video(result, item)
        if not result.row_count:
            raise _no_videos_error(skipped)
    result.skipped = skipped.groups()
    return result


def _check_file(request: ListingRequest) -> None:
    """Raise a `UsageError` if the manifest cannot have this path."""
    if request.file.suffix.lower() not in FORMATS:
        raise UsageError(
            f"{request.file} is neither a .csv nor an .xlsx file.",
            "Give a name that ends in .csv or .xlsx.",
            setting="output",
        )
    if request.file.exists() and not request.replace:
        raise UsageError(
            f"{request.file} exists already.",
            f"Give another name, or replace it with {setting_ref('replace')}.",
            setting="output",
        )


def _scheme(location: str) -> str:
    """Returns the URL scheme of a location in lower case.

    Raises:
        UsageError: the location does not begin with the scheme of an installed source.
    """
    scheme = location.partition(":")[0].lower()
    if scheme in schemes():
        return scheme
    hint = f"Write one of {', '.join(f'{name}:…' for name in sorted(schemes()))}."
    if scheme in ("http", "https"):
        hint = f"If it is a feed or a sitemap, write feed:{location}."
    elif Path(location).is_dir():
        hint = f"If a web server serves this folder, write folder:{location}."
    elif Path(location).is_file():
        hint = (
            f"Write saved:{location} for a saved API response of a video platform, or"
            f" feed:{location} for a feed."
        )
    raise UsageError(f"{location} does not begin with the name of a source.", hint)


def _with_progress(
    items: Iterator[ListedVideo | SkippedItem],
    progress: Callable[[int], None],
    stop: threading.Event,
) -> Iterator[ListedVideo | SkippedItem]:
    """Yield the items, and report from time to time how many were yielded.

    Raises:
        Interrupted: `stop` was set.
    """
    progress(0)
    for count, item in enumerate(items, 1):
        yield item
        if count % _ITEMS_PER_REPORT == 0:
            progress(count)
        if stop.is_set():
            raise Interrupted("Stopped. Nothing was written.")


def _no_videos_error(skipped: SkippedItems) -> UsageError:
    reasons = [
        f"({group.count:,}) {group.reason} {', '.join(group.examples)}"
        for group in skipped.groups()
    ]
    explanation = f"Not listed: {' '.join(reasons)}" if reasons else "Every source is empty."
    return UsageError("There is no video to list, so nothing was written.", explanation)


def _count_video(result: WrittenManifest, video: ListedVideo) -> None:
    result.row_count += 1
    if not video.extension and not extension_of(video.url):
        result.without_extension_count += 1
    video_expires_at = video.expires_at
    # Only items of a folder or bucket have a `path`. Their URLs are made from this path and have no
    # signature, even if a file name looks like a signature.
    if not video.path:
        video_expires_at = min(video_expires_at, expires_at(video.url))
    if video_expires_at < math.inf:
        result.expiring_count += 1
        result.expires_at = min(result.expires_at, video_expires_at)


# The cells of a row ---------------------------------------------------------------------------


def _cells(video: ListedVideo) -> list[str]:
    """Returns the cells of a row, in the order of `COLUMNS`."""
    date, duration = video.modified_at, video.duration
    cells = [
        video.url,
        video.title or _title(video),
        video.extension,
        video.reference_id,
        video.description,
        "" if duration is None else f"{round(duration, _DECIMALS):.16g}",
        ", ".join(video.tags),
        video.folder,
        "" if date is None else f"{date.astimezone(UTC).isoformat()[:_SECONDS_LENGTH]}Z",
        "" if video.size is None else str(video.size),
    ]
    if "".join(cells).isprintable():
        return cells
    return [_printable(cell) for cell in cells]


def _printable(text: str) -> str:
    """Replace the characters that a cell cannot have, such as line breaks, by blanks.

    Adjacent blanks become one blank. Unpaired surrogates become question marks.
    """
    if text.isprintable():
        return text
    encodable = text.encode("utf-8", "replace").decode()
    return " ".join("".join(c if c.isprintable() else " " for c in encodable).split())


def _title(video: ListedVideo) -> str:
    """Returns the name of the file without its extension, as the title of the video."""
    name = path_of(video).rpartition("/")[2]
    stem, _, suffix = name.rpartition(".")
    if stem and suffix.lower() in ACCEPTED_EXTENSIONS:
        return stem
    return name or video.url
