"""Select the videos of a list that become rows, and count the others by reason. No I/O."""

import fnmatch
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote

from batch_import.errors import setting_ref
from batch_import.manifest.extensions import ACCEPTED_EXTENSIONS, suffix_of
from batch_import.manifest.rules import file_kinds
from batch_import.sources.source import ListedVideo, SkippedItem

#: Maximum number of reasons that are counted separately, so that memory does not grow with the
#: source: a folder may have any number of file extensions.
_MAX_REASONS: Final = 100
#: Number of names that are kept as examples of one reason.
_EXAMPLES: Final = 3
_OTHER_REASONS: Final = "Other reasons."


@dataclass(frozen=True, slots=True)
class ListingFilter:
    """Which videos of a source are listed.

    Attributes:
        include: patterns such as `*.mp4`; a path must match one of them, in any letter case. Empty
            for the file extensions that the platform accepts.
        since: epoch seconds before which a video must not have been changed last; None for any.
        min_size: minimum size of the file in bytes.
    """

    include: Sequence[str] = ()
    since: float | None = None
    min_size: int = 0

    def skip_reason(self) -> Callable[[ListedVideo], str]:
        """Returns a function: a video → why it is not listed, or an empty text if it is listed.

        A video whose size or date is unknown passes the filters of size and date.
        """
        patterns = "|".join(map(fnmatch.translate, self.include))
        matches = re.compile(patterns, re.IGNORECASE).match if patterns else None
        since, min_size = self.since, self.min_size

        def reason(video: ListedVideo) -> str:
            if matches is None:
                # Most files are videos; this fast test decides about them.
                if video.extension not in ACCEPTED_EXTENSIONS and (
                    wrong := _wrong_extension(video)
                ):
                    return wrong
            elif not matches(path_of(video)):
                return f"Its path does not match {setting_ref('include')}."
            if since is not None and video.modified_at and video.modified_at.timestamp() < since:
                return f"It was changed before {setting_ref('since')}."
            if video.size is not None and video.size < min_size:
                return f"It is smaller than {setting_ref('min_size')}."
            return ""

        return reason


def path_of(video: ListedVideo) -> str:
    """Returns the path of a video at its source, or else the path of its URL, decoded."""
    if video.path:
        return video.path
    scheme, _, rest = video.url.partition("://")
    path = rest.partition("/")[2]
    return unquote(re.split("[?#]", path)[0]) if scheme.startswith("http") else path


def _wrong_extension(video: ListedVideo) -> str:
    is_file = bool(video.path) or not video.url.startswith("http")
    extension = video.extension or (
        path_suffix(path_of(video)) if is_file else suffix_of(video.url)
    )
    if extension in ACCEPTED_EXTENSIONS:
        return ""
    include = setting_ref("include", f"*.{extension}" if extension else "*")
    if kind := file_kinds.describe_file_type(extension):
        return f"{kind} {include} lists it."
    if not is_file:  # a catalogue says that it is a video, and a script may serve it
        return ""
    what = f".{extension} is" if extension else "A name without an extension is"
    return f"{what} not known as a video. {include} lists it."


def path_suffix(path: str) -> str:
    """Returns the text after the last dot of a file name, in lower case; empty if it has none."""
    _, dot, suffix = path.rpartition("/")[2].rpartition(".")
    return suffix.lower() if dot else ""


@dataclass(slots=True)
class SkippedGroup:
    """The items that are not listed for one reason.

    Attributes:
        count: how many items.
        examples: names of the first few of them.
        is_unreadable: as in `SkippedItem`.
    """

    reason: str
    count: int = 0
    examples: list[str] = field(default_factory=list)
    is_unreadable: bool = False


class SkippedItems:
    """Counts the items that are not listed, in constant memory."""

    def __init__(self) -> None:
        self._groups: dict[str, SkippedGroup] = {}

    def add(self, item: SkippedItem) -> None:
        """Count one item."""
        key = item.reason
        if key not in self._groups and len(self._groups) >= _MAX_REASONS:
            key = _OTHER_REASONS
        group = self._groups.setdefault(key, SkippedGroup(key))
        group.count += 1
        group.is_unreadable |= item.is_unreadable
        if len(group.examples) < _EXAMPLES:
            group.examples.append(item.name)

    def groups(self) -> list[SkippedGroup]:
        """Returns the groups, the largest first; unreadable items come before all others."""
        return sorted(self._groups.values(), key=lambda each: (not each.is_unreadable, -each.count))
