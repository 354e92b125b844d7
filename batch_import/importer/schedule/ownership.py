"""Decide whose media it is: the same reference ID alone does not show it. No I/O.

- A row that this job has sent, or may have sent: a media with its reference ID belongs to it if it
  has the row's title, or was created between the time when the POST was about to be sent and the
  time when it was answered or timed out. Times are converted to the platform's clock.
- A row that was not sent: it adopts such a media only if the media has the row's title, or if the
  setting `adopt` is `any`.

Titles are equal if they are equal after Unicode normalization (NFC), case folding, collapsing of
white space, and removal of the file extension of a video.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from enum import Enum, auto
from typing import Final

from batch_import.addresses.unicode_forms import normalized
from batch_import.failure_codes import FailureCode
from batch_import.models import JobRow, Media

#: Code of a row that is not sent, and that cannot adopt the media with its reference ID.
REFERENCE_ID_TAKEN: Final = FailureCode.REFERENCE_ID_TAKEN
#: Tolerance for the creation time of a media. A POST whose connection was cut may reach the
#: platform a little later. In addition, `createdDate` and the `Date` header are rounded to whole
#: seconds; therefore they may differ by up to two.
LATE_ARRIVAL_SECONDS: Final = 2.0
#: The formats that the Viostream API guide names.
_VIDEO_EXTENSION: Final = re.compile(r"\.(mp4|mov|avi|wmv|mkv|webm|3gp)$")


class Owner(Enum):
    """Whose media it is."""

    OURS = auto()
    OTHERS = auto()
    #: It has another title, and its creation time is not known.
    UNDECIDED = auto()


def normalized_title(title: str) -> str:
    """Returns a title in the form in which titles are compared."""
    folded = normalized("NFC", normalized("NFC", title).casefold())
    return _VIDEO_EXTENSION.sub("", " ".join(folded.split())).strip()


def same_title(row: JobRow, media: Media) -> bool:
    """Whether a media has the title of a row."""
    return normalized_title(row.filename) == normalized_title(media.title)


def owner_of(
    media: Media, row: JobRow, first_post_at: float, latest: float, clock_offset: float | None
) -> Owner:
    """Returns whose media it is, for a row that this job has sent, or may have sent.

    Args:
        first_post_at: when the row's first POST was about to be sent, in epoch seconds of this
            machine's clock.
        latest: until when its last POST may have been carried out, on the same clock.
        clock_offset: seconds by which the platform's clock is ahead of this machine's clock; None
            if not known.
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
    """Whether a media may have been created in a period, given on this machine's clock.

    Also true if the creation time of the media is not known.
    """
    created_at = _epoch_seconds(media.created_date)
    if created_at is None or clock_offset is None:
        return True
    return (
        earliest - LATE_ARRIVAL_SECONDS
        <= created_at - clock_offset
        <= latest + LATE_ARRIVAL_SECONDS
    )


def non_failed(items: Iterable[Media], row: JobRow) -> list[Media]:
    """Returns the media that have exactly the row's reference ID and have not failed."""
    return [
        other
        for other in items
        if other.reference_id == row.reference_id and other.status != "failed"
    ]


def may_adopt(media: Media, row: JobRow, adopt: str) -> bool:
    """Whether a row that was not sent may adopt a media that has its reference ID."""
    return adopt == "any" or same_title(row, media)


def media_to_adopt(items: Iterable[Media], row: JobRow, adopt: str) -> Media | None:
    """Returns the media that a row that was not sent adopts; None if there is none.

    A media with the row's title is preferred.
    """
    adoptable = [media for media in non_failed(items, row) if may_adopt(media, row, adopt)]
    return best_media([media for media in adoptable if same_title(row, media)]) or best_media(
        adoptable
    )


def title_overridden_note(row: JobRow, media: Media) -> str:
    """Returns a note for a row that has adopted a media with another title; else an empty text."""
    if same_title(row, media):
        return ""
    return f"taken over although its title in the account is {media.title!r}, as set by adopt: any"


def reference_id_taken_message(items: Iterable[Media]) -> str:
    """Returns the error of a row whose reference ID is used by media that it cannot adopt."""
    media = next(iter(items))
    title = f"titled {media.title!r}" if media.title else "without a title"
    created = f", created {media.created_date}" if media.created_date else ""
    return (
        f"the reference ID is taken: the account has a media with it, {title}{created}"
        f" (id {media.id}); it was neither sent nor taken over"
    )


#: If a row has several media, the one with the lowest rank counts: online, then unfinished (rank
#: 1), then failed.
_STATUS_RANK: Final = {"online": 0, "failed": 2}


def best_media(items: Sequence[Media]) -> Media | None:
    """Returns the media that counts, and the first, which is the newest, of equal ones."""
    return min(items, key=lambda media: _STATUS_RANK.get(media.status, 1), default=None)


def other_media_note(items: Sequence[Media], media: Media) -> str:
    """Returns a note about other media of the row that have not failed; empty if there is none."""
    ids = (other.id for other in items if other.id != media.id and other.status != "failed")
    others = list(dict.fromkeys(ids))
    if not others:
        return ""
    return f"other media in the account have this reference ID, too: {', '.join(others)}"


def import_notes(
    row: JobRow, media: Media, items: Sequence[Media], *, may_have_other_title: bool
) -> tuple[str, str]:
    """Returns the notes about an imported row, and their codes; both empty if there are none.

    Args:
        items: the media with the row's reference ID that may belong to it.
        may_have_other_title: whether the row was not sent. If true, its media may have another
            title.
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
    """Returns the platform's `createdDate` (ISO 8601, UTC) as epoch seconds; None if invalid."""
    try:
        moment = datetime.fromisoformat(created)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
