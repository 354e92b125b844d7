"""The interface of a source of videos, such as a bucket, a folder or a feed. No I/O.

A source lists its videos, for `batch-import manifest`. If it lists references such as
`s3://bucket/key` instead of URLs, it also signs them: it returns a temporary URL for a reference.

A source is a class without constructor arguments, registered under its URL scheme in the
entry-point group `batch_import.sources`. Other packages can register their own.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol, runtime_checkable

from batch_import.errors import RunFault


class ListedVideo(NamedTuple):
    """One video of a source, as it becomes one row of a manifest.

    A tuple, because a million of them are made, each in a third of the time of a dataclass.

    Attributes:
        url: URL of the original file, or a reference to it that the source can sign.
        title: title of the video; empty if the source has none.
        reference_id: ID of the video at the source; empty if it has none.
        extension: file extension without a dot; empty if it is unknown.
        size: size of the file in bytes; None if it is unknown.
        duration: length of the video in seconds; None if it is unknown.
        description: description of the video; may be empty.
        tags: tags of the video.
        folder: folder or project of the video at the source; may be empty.
        modified_at: when the file was last changed or published, with a time zone; None if it
            is unknown.
        expires_at: when the URL stops working, in epoch seconds; infinity if the source does not
            say that it expires. The parameters of a signed URL need not be read here.
        path: path of the file below the location, which filters are compared with; empty if the
            source is a catalogue of videos, and not a folder of any files.
    """

    url: str
    title: str = ""
    reference_id: str = ""
    extension: str = ""
    size: int | None = None
    duration: float | None = None
    description: str = ""
    tags: tuple[str, ...] = ()
    folder: str = ""
    modified_at: datetime | None = None
    expires_at: float = math.inf
    path: str = ""


@dataclass(frozen=True, slots=True)
class SkippedItem:
    """Something that a source holds, and that does not become a row of the manifest.

    Attributes:
        name: name of the item at the source, without secrets.
        reason: why it is no row, and what to do.
        is_unreadable: whether the item could not be read. If true, the list may lack videos.
    """

    name: str
    reason: str
    is_unreadable: bool = False


@dataclass(frozen=True, slots=True)
class ListingOptions:
    """Options of a listing that depend on the source.

    Attributes:
        base_url: URL below which a web server serves the files of a folder; empty for none.
    """

    base_url: str = ""


class Source(Protocol):
    """A place that holds videos."""

    def videos(self, location: str, options: ListingOptions) -> Iterator[ListedVideo | SkippedItem]:
        """List the videos, one at a time, in constant memory.

        Args:
            location: the location as the user gave it, with its scheme: `s3://bucket/prefix`.
            options: options of the listing.

        Raises:
            RunFault: the location cannot be listed.
        """
        ...


@runtime_checkable
class SigningSource(Source, Protocol):
    """A source that lists references, and returns a temporary URL for each of them."""

    #: Maximum number of seconds that a signed URL is valid at this source.
    max_url_seconds: int

    def signed_url(self, reference: str, seconds: int) -> str:
        """Returns an https URL from which anybody can download the file for some time.

        Called by several threads. Must not list, and should not contact the network for every
        reference.

        Args:
            reference: what `ListedVideo.url` was for the video.
            seconds: how long the URL must be valid, at most `max_url_seconds`.

        Raises:
            ReferenceRefused: this reference cannot be signed; other references may be valid.
            SigningFailed: the reference could not be signed this time. A later attempt may succeed.
            SourceUnavailable: no reference can be signed at present.
        """
        ...


class ReferenceRefused(Exception):
    """One reference cannot be signed. `str()` says why, and what to do, on one line."""


class SigningFailed(Exception):
    """A reference could not be signed this time, because of the network or a busy service.

    `str()` says what happened, on one line.
    """


class SourceUnreadable(RunFault):
    """A location holds no list of videos that can be read: a wrong format, or a damaged file."""


class SourceUnavailable(RunFault):
    """A source cannot be listed, or can sign no reference: credentials, network, permissions."""

    exit_code = 3


class SourceUnreachable(SourceUnavailable):
    """No reference could be signed for some time, because of the network or a busy service."""
