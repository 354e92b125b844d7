"""Objects of cloud storage as videos of a list. No I/O."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Final

from batch_import.addresses.objects import ObjectReference, has_valid_place, parse_reference
from batch_import.errors import UsageError
from batch_import.sources.source import (
    ListedVideo,
    ReferenceRefused,
    SigningFailed,
    SkippedItem,
    SourceUnavailable,
)

_UNREADABLE_NAME: Final = (
    "its name begins or ends with a space, or has a line break or an invisible character, so that"
    " no cell can hold it. Rename it."
)
_LOCATION_HINT: Final = "Correct the location or the rights to read it, and try again."
_ARCHIVED: Final = "it is archived, so that nobody can download it. Restore it, then list again."


def bucket_and_prefix(location: str, parts: int = 1) -> tuple[str, ...]:
    """Split a location: `s3://bucket/prefix` → `("bucket", "prefix")`.

    Args:
        location: the location as the user gave it.
        parts: number of names in front of the prefix: bucket, or account and container.

    Raises:
        UsageError: a name is missing, or is not valid.
    """
    names = location.partition("://")[2].split("/", parts)
    scheme = location.partition(":")[0].lower()
    place = ObjectReference(scheme, names[0], "")
    if len(names) < parts or not all(names[:parts]) or not has_valid_place(place):
        form = "account/container" if parts > 1 else "bucket"
        raise UsageError(f"{location} names no {form}.", f"Write {scheme}://{form}/prefix.")
    return *names[:parts], names[parts] if len(names) > parts else ""


def bucket_and_key(reference: str, form: str) -> tuple[str, ...]:
    """Split a reference to one object: `s3://bucket/key` → `("bucket", "key")`.

    Args:
        form: how a reference is written behind `scheme://`: a word for each part of the result.

    Raises:
        ReferenceRefused: it is no such reference, or a part is missing or is not valid.
    """
    parsed, parts = parse_reference(reference), form.count("/")
    names = [parsed.place, *parsed.path.split("/", parts - 1)] if parsed else []
    if parsed is None or len(names) <= parts or not all(names) or not has_valid_place(parsed):
        scheme = reference.partition(":")[0]
        raise ReferenceRefused(f"{reference} is no reference. Write {scheme}://{form}.")
    return tuple(names)


def listed_object(
    container: str,
    key: str,
    size: int | None,
    modified_at: datetime | None,
    *,
    is_archived: bool = False,
) -> ListedVideo | SkippedItem | None:
    """Returns an object as an item of a list; None for the marker of an empty folder.

    Args:
        container: the reference of the container, such as `s3://bucket`.
        key: name of the object in the container.
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
    """Raise the errors of a source as errors of a listing, which end the whole command.

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
