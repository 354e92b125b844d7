"""Functions that the sources of cloud storage (`s3.py`, `az.py`, `gs.py`) share. No I/O.

The files in cloud storage are called *objects*. An object is named by its container (a bucket; for
Azure, an account and a container) and its key.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Final

from batch_import.addresses.objects import ObjectReference, has_valid_bucket, parse_reference
from batch_import.errors import UsageError
from batch_import.sources.source import (
    ListedVideo,
    ReferenceRefused,
    SigningFailed,
    SkippedItem,
    SourceUnavailable,
)

_UNREADABLE_NAME: Final = (
    "its name begins or ends with a space, or has a line break or an invisible character. A"
    " manifest cannot contain such a name. Rename it."
)
_LOCATION_HINT: Final = "Correct the location or the rights to read it, and try again."
_ARCHIVED: Final = "it is archived and cannot be downloaded. Restore it, then list again."


def bucket_and_prefix(location: str, container_parts: int = 1) -> tuple[str, ...]:
    """Split a location: `s3://bucket/prefix` → `("bucket", "prefix")`.

    Args:
        location: the location as the user wrote it.
        container_parts: number of names before the prefix: 1 for a bucket, 2 for an account and a
            container.

    Returns:
        The names before the prefix, and the prefix, which may be empty.

    Raises:
        UsageError: a name is missing or is not valid.
    """
    names = location.partition("://")[2].split("/", container_parts)
    scheme = location.partition(":")[0].lower()
    is_complete = len(names) >= container_parts and all(names[:container_parts])
    if not is_complete or not has_valid_bucket(ObjectReference(scheme, names[0], "")):
        form = "account/container" if container_parts > 1 else "bucket"
        raise UsageError(f"{location} names no {form}.", f"Write {scheme}://{form}/prefix.")
    prefix = names[container_parts] if len(names) > container_parts else ""
    return *names[:container_parts], prefix


def bucket_and_key(reference: str, form: str) -> tuple[str, ...]:
    """Split a reference to one object: `s3://bucket/key` → `("bucket", "key")`.

    Args:
        reference: the reference.
        form: how references of this storage are written after `scheme://`, such as `bucket/key`.

    Returns:
        One text for each word of `form`.

    Raises:
        ReferenceRefused: the text is no reference, or a part of it is missing or not valid.
    """
    parsed = parse_reference(reference)
    part_count = form.count("/") + 1
    parts = [parsed.bucket, *parsed.path.split("/", part_count - 2)] if parsed else []
    is_complete = len(parts) == part_count and all(parts)
    if parsed is None or not is_complete or not has_valid_bucket(parsed):
        scheme = reference.partition(":")[0]
        raise ReferenceRefused(f"{reference} is no reference. Write {scheme}://{form}.")
    return tuple(parts)


def listed_object(
    container: str,
    key: str,
    size: int | None,
    modified_at: datetime | None,
    *,
    is_archived: bool = False,
) -> ListedVideo | SkippedItem | None:
    """Returns an object as a video, or why it is not listed; None for the marker of a folder.

    Some programs create an empty object with a final slash in its key, to show a folder.

    Args:
        container: the start of the reference, such as `s3://bucket`.
        key: name of the object in the container.
        size: size of the object in bytes; None if it is unknown.
        modified_at: when the object was last changed; None if it is unknown.
        is_archived: whether the object must be restored before it can be downloaded.
    """
    if key.endswith("/"):
        return None
    url = f"{container}/{key}"
    if not key.isprintable() or url != url.strip():
        return SkippedItem(repr(key)[1:-1], _UNREADABLE_NAME)
    if is_archived:
        return SkippedItem(key, _ARCHIVED)
    folder, _, name = key.rpartition("/")
    stem, dot, suffix = name.rpartition(".")
    return ListedVideo(
        url,
        title=stem if dot else name,
        extension=suffix.lower() if dot else "",
        size=size,
        folder=folder,
        modified_at=modified_at,
        path=key,
    )


@contextmanager
def listing_faults(hint: str = _LOCATION_HINT) -> Iterator[None]:
    """Convert errors about one reference to `SourceUnavailable`, which ends the listing.

    The functions that translate a vendor's errors are common to listing and signing.

    Args:
        hint: what to do if the storage cannot be reached.
    """
    try:
        yield
    except ReferenceRefused as error:
        raise SourceUnavailable(str(error)) from error
    except SigningFailed as error:
        raise SourceUnavailable(str(error), hint) from error


def one_line(error: object) -> str:
    """Returns the message of an error as one sentence on one line."""
    return " ".join(str(error).split()).rstrip(".") + "."
