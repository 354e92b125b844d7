"""The interface of a source of videos, such as a bucket, a folder or a feed. No I/O.

A source lists its videos for `batch-import manifest`, which writes them into a new manifest. A
*reference* such as `s3://bucket/key` names a file in cloud storage, and is no URL from which
anybody can download. A source that lists references also signs them: it returns a temporary URL,
with a signature as its permission to download.

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
    """One video of a source, which becomes one row of a manifest.

    A tuple, because a source may list a million videos, and a dataclass takes three times as long
    to create.

    Attributes:
        url: URL of the original file, or a reference to the file that the source can sign.
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
        expires_at: when the URL expires, in epoch seconds; infinity if the source does not say that
            it expires. An expiry time in the parameters of a signed URL need not be repeated here:
            the program reads these parameters itself.
        path: path of the file, with which the pattern of `--include` is compared. Empty if the
            source is a catalogue that lists only videos.
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
    """An item of a source that does not become a row of the manifest.

    Attributes:
        name: name of the item at the source, without secrets.
        reason: why the item is left out, and what to do.
        is_unreadable: whether the item could not be read. If true, the list may lack videos.
    """

    name: str
    reason: str
    is_unreadable: bool = False


@dataclass(frozen=True, slots=True)
class ListingOptions:
    """Options for listing the videos of a source. A source ignores options of other sources.

    Attributes:
        base_url: URL below which a web server serves the files of a folder; empty if not given.
    """

    base_url: str = ""


class Source(Protocol):
    """A kind of place where videos are stored: it lists the videos of a location."""

    def videos(self, location: str, options: ListingOptions) -> Iterator[ListedVideo | SkippedItem]:
        """Yield the videos of a location, and the other items there, in constant memory.

        Args:
            location: what to list, as the user wrote it, with its scheme: `s3://bucket/prefix`.
            options: options for the listing.

        Raises:
            RunFault: the location cannot be listed. It ends the whole listing.
        """
        ...


@runtime_checkable
class SigningSource(Source, Protocol):
    """A source that lists references, and returns a temporary URL for a reference."""

    #: Maximum number of seconds that a signed URL is valid at this source.
    max_url_seconds: int

    def signed_url(self, reference: str, seconds: int) -> str:
        """Returns an https URL from which anybody can download the file for a limited time.

        It is called by several threads at once, once per row. It should not make a request for each
        reference, and must not list the location.

        Args:
            reference: a reference in the form in which `videos` yields it as `ListedVideo.url`.
            seconds: number of seconds for which the URL must be valid, at most `max_url_seconds`.

        Raises:
            ReferenceRefused: this reference cannot be signed; other references may be valid.
            SigningFailed: the reference could not be signed this time. A later attempt may succeed.
            SourceUnavailable: no reference can be signed at present.
        """
        ...


class ReferenceRefused(Exception):
    """One reference cannot be signed. The message says why, and what to do, on one line."""


class SigningFailed(Exception):
    """A reference could not be signed this time, because of the network or a busy service.

    The message says what happened, on one line. The import tries the row again later. If no
    reference can be signed for a long time, the run ends with `SourceUnreachable`.
    """


class SourceUnreadable(RunFault):
    """A location has no readable list of videos: the format is wrong, or the file is damaged."""


class SourceUnavailable(RunFault):
    """A source cannot be listed, or no reference can be signed at present.

    Causes are the credentials, the permissions and the network.
    """

    exit_code = 3


class SourceUnreachable(SourceUnavailable):
    """No reference could be signed for some time, because of the network or a busy service.

    It is raised by the import, not by a source: every attempt within the time of the setting
    `give_up_after` ended with `SigningFailed`.
    """
