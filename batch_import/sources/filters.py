"""Select which videos of a source become rows of a manifest, and count the others by reason.

No I/O. A source is here a folder, feed, bucket or file of a platform that
`batch-import manifest` lists.
"""

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

#: Maximum number of reasons that are counted separately. It limits the memory, because a reason may
#: name a file extension, and a folder may have any number of extensions.
_MAX_REASONS: Final = 100
#: Maximum number of names that are stored as examples of one reason.
_MAX_EXAMPLES: Final = 3
#: The reason under which all further reasons are counted.
_OTHER_REASONS: Final = "Other reasons."


@dataclass(frozen=True, slots=True)
class ListingFilter:
    """Which videos of a source are listed.

    Attributes:
        include: patterns such as `*.mp4`; a path must match one of them, in any letter case. If it
            is empty, the file must have an extension that the platform accepts.
        since: epoch seconds; a video that was last changed before is not listed. None for no limit.
        min_size: minimum size of the file in bytes.
    """

    include: Sequence[str] = ()
    since: float | None = None
    min_size: int = 0

    def reason_finder(self) -> Callable[[ListedVideo], str]:
        """Returns a function that returns why a video is not listed; empty if it is listed.

        A video of unknown size or date passes the filter for size or date.
        """
        patterns = "|".join(map(fnmatch.translate, self.include))
        match_pattern = re.compile(patterns, re.IGNORECASE).match if patterns else None
        since, min_size = self.since, self.min_size

        def find_reason(video: ListedVideo) -> str:
            if match_pattern is None:
                # A fast test first: most files have an accepted extension.
                if video.extension not in ACCEPTED_EXTENSIONS:
                    extension_reason = _extension_reason(video)
                    if extension_reason:
                        return extension_reason
            elif not match_pattern(path_of(video)):
                return f"Its path does not match {setting_ref('include')}."
            if since is not None and video.modified_at and video.modified_at.timestamp() < since:
                return f"It was changed before {setting_ref('since')}."
            if video.size is not None and video.size < min_size:
                return f"It is smaller than {setting_ref('min_size')}."
            return ""

        return find_reason


def path_of(video: ListedVideo) -> str:
    """Returns the path of a video at its source; if it has none, the decoded path of its URL."""
    if video.path:
        return video.path
    scheme, _, rest = video.url.partition("://")
    path = rest.partition("/")[2]
    return unquote(re.split("[?#]", path)[0]) if scheme.startswith("http") else path


def _extension_reason(video: ListedVideo) -> str:
    """Returns why a file is not a video by its extension; empty if it may be a video."""
    is_file = bool(video.path) or not video.url.startswith("http")
    extension = video.extension or (
        path_suffix(path_of(video)) if is_file else suffix_of(video.url)
    )
    if extension in ACCEPTED_EXTENSIONS:
        return ""
    include = setting_ref("include", f"*.{extension}" if extension else "*")
    if kind := file_kinds.describe_file_type(extension):
        return f"{kind} {include} lists it."
    if not is_file:
        # The source lists only videos, and the extension may be that of a script: `video.php`.
        return ""
    subject = f".{extension} is" if extension else "A name without an extension is"
    return f"{subject} not known as a video. {include} lists it."


def path_suffix(path: str) -> str:
    """Returns the text after the last dot of a file name, in lower case; empty if it has none."""
    _, dot, suffix = path.rpartition("/")[2].rpartition(".")
    return suffix.lower() if dot else ""


@dataclass(slots=True)
class SkippedGroup:
    """The items that are not listed for the same reason.

    Attributes:
        reason: why the items are not listed, and what to do.
        count: number of items.
        examples: names of the first few items.
        is_unreadable: whether an item could not be read. If true, the list may lack videos.
    """

    reason: str
    count: int = 0
    examples: list[str] = field(default_factory=list)
    is_unreadable: bool = False


class SkippedItems:
    """Counts the items that are not listed, by reason, in constant memory."""

    def __init__(self) -> None:
        self._groups: dict[str, SkippedGroup] = {}

    def add(self, item: SkippedItem) -> None:
        """Count one item."""
        reason = item.reason
        if reason not in self._groups and len(self._groups) >= _MAX_REASONS:
            reason = _OTHER_REASONS
        group = self._groups.setdefault(reason, SkippedGroup(reason))
        group.count += 1
        group.is_unreadable |= item.is_unreadable
        if len(group.examples) < _MAX_EXAMPLES:
            group.examples.append(item.name)

    def groups(self) -> list[SkippedGroup]:
        """Returns the groups with unreadable items, then the others; the largest group first."""
        return sorted(
            self._groups.values(), key=lambda group: (not group.is_unreadable, -group.count)
        )
