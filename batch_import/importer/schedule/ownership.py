"""Whose media is it? An equal reference ID alone is no evidence. Pure.

- A row that this job may have sent: a media with its reference ID is its own if it has the row's
  title, or was created between the moment when the POST was about to leave and the moment when it
  was given up (in the platform's time): another's is older or younger.
- A row that was not sent: such a media is taken over only if it has the row's title, or where the
  setting `adopt` says `any`.

Titles are equal after Unicode normalisation (NFC), case folding, collapsing white space and
dropping a video's file extension.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from enum import Enum, auto
from typing import Final

from batch_import.addresses.unicode_forms import normalized
from batch_import.failure_codes import FailureCode
from batch_import.models import JobRow, Media

#: The code of a row that is neither sent nor taken over.
REFERENCE_ID_TAKEN: Final = FailureCode.REFERENCE_ID_TAKEN
#: Seconds that a POST whose connection was cut may still be on its way, and by which `createdDate`
#: and the `Date` header, which count whole ones each, may be off together.
LATE_ARRIVAL_SECONDS: Final = 2.0
#: The formats that the platform's guide names.
_VIDEO_EXTENSION: Final = re.compile(r"\.(mp4|mov|avi|wmv|mkv|webm|3gp)$")


class Owner(Enum):
    """Whose a media with a row's reference ID is."""

    OURS = auto()
    OTHERS = auto()
    #: It has another title, and nobody can tell when it was created.
    UNDECIDED = auto()


def normalized_title(title: str) -> str:
    """A title as titles are compared."""
    folded = normalized("NFC", normalized("NFC", title).casefold())
    return _VIDEO_EXTENSION.sub("", " ".join(folded.split())).strip()


def same_title(row: JobRow, media: Media) -> bool:
    """Whether a media has a row's title."""
    return normalized_title(row.filename) == normalized_title(media.title)


def owner_of(
    media: Media, row: JobRow, first_post_at: float, latest: float, clock_offset: float | None
) -> Owner:
    """Whose a media is, for a row that this job sent, or may have sent.

    Args:
        intent: when its first POST was about to leave, in epoch seconds of this machine.
        given_up: until when its last POST may have been carried out.
        clock_offset: seconds that the platform's clock is ahead of this machine's; None where
            that is not known.
    """
    if same_title(row, media):
        return Owner.OURS
    if clock_offset is None or _epoch_seconds(media.created_date) is None:
        return Owner.UNDECIDED
    is_in_period = may_be_created_between(media, first_post_at, latest, clock_offset)
    return Owner.OURS if is_in_period else Owner.OTHERS


def may_be_created_between(
    media: Media, earliest: float, latest: float, clock_offset: float | None
) -> bool:
    """Whether a media may have been created between two moments of this machine's clock."""
    created_at = _epoch_seconds(media.created_date)
    if created_at is None or clock_offset is None:
        return True
    return (
        earliest - LATE_ARRIVAL_SECONDS
        <= created_at - clock_offset
        <= latest + LATE_ARRIVAL_SECONDS
    )


def non_failed(items: Iterable[Media], row: JobRow) -> list[Media]:
    """The media with exactly the row's reference ID that have not failed."""
    return [
        other
        for other in items
        if other.reference_id == row.reference_id and other.status != "failed"
    ]


def may_adopt(media: Media, row: JobRow, adopt: str) -> bool:
    """Whether a row that was not sent may take a media with its reference ID over."""
    return adopt == "any" or same_title(row, media)


def media_to_adopt(items: Iterable[Media], row: JobRow, adopt: str) -> Media | None:
    """The media that a row that was not sent takes over; None where there is none.

    One with the row's title comes before any other.
    """
    adoptable = [media for media in non_failed(items, row) if may_adopt(media, row, adopt)]
    return best_media([media for media in adoptable if same_title(row, media)]) or best_media(
        adoptable
    )


def title_overridden_note(row: JobRow, media: Media) -> str:
    """What to tell of a row that has taken over a media with another title; empty for the same."""
    if same_title(row, media):
        return ""
    return f"taken over although its title in the account is {media.title!r}, as set by adopt: any"


def reference_id_taken_message(items: Iterable[Media]) -> str:
    """What to tell of a row whose reference ID others' media have."""
    media = next(iter(items))
    title = f"titled {media.title!r}" if media.title else "without a title"
    created = f", created {media.created_date}" if media.created_date else ""
    return (
        f"the reference ID is taken: the account has a media with it, {title}{created}"
        f" (id {media.id}); it was neither sent nor taken over"
    )


#: The media that a row is about, where several are its own: one that is online, then one that
#: may come to be, then one that failed.
_STATUS_RANK: Final = {"online": 0, "failed": 2}


def best_media(items: Sequence[Media]) -> Media | None:
    """The media that counts; the newest of equals comes first."""
    return min(items, key=lambda media: _STATUS_RANK.get(media.status, 1), default=None)


def other_media_note(items: Sequence[Media], media: Media) -> str:
    """What to tell of other non-failed media of a row's own."""
    ids = (other.id for other in items if other.id != media.id and other.status != "failed")
    others = list(dict.fromkeys(ids))
    if not others:
        return ""
    return f"other media in the account have this reference ID, too: {', '.join(others)}"


def import_notes(
    row: JobRow, media: Media, items: Sequence[Media], *, may_have_other_title: bool
) -> tuple[str, str]:
    """What to tell of an imported row, and its codes; both empty where there is nothing to tell.

    Args:
        items: the media with the row's reference ID that may be its own.
        overridden: the row was not sent, so that its media may have any title.
    """
    notes = {
        FailureCode.TITLE_OVERRIDDEN: title_overridden_note(row, media)
        if may_have_other_title
        else "",
        FailureCode.REFERENCE_SHARED: other_media_note(items, media),
    }
    codes = {code: note for code, note in notes.items() if note}
    return "; ".join(codes.values()), " ".join(codes)


def _epoch_seconds(created: str) -> float | None:
    """Epoch seconds of the platform's `createdDate` (ISO 8601, UTC); None where it is none."""
    try:
        moment = datetime.fromisoformat(created)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
