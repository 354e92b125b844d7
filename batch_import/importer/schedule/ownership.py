"""Decide whether a media with a row's reference ID belongs to the row. No I/O.

The reference ID alone is no proof, because other users may have used the same ID.

- If this job has sent the row, or may have sent it, the media belongs to the row in two cases:
  the media has the row's title, or it was created while the POST was in progress. The POST is in
  progress from the time when it is about to be sent until it is answered or times out. The
  platform's clock may differ from this machine's clock.
- If the row was not sent: the row adopts the media (uses it instead of creating one) only if the
  media has the row's title, or if the setting `adopt` is `any`. The media must be online or on its
  way to be online: an archived or deleted media is not adopted.

The title of a row is its `filename`, because the POST sends the title in this field. Two titles
count as equal if they are equal after decoding of HTML character references, Unicode normalization
(NFC), case folding, collapsing of white space, and removal of the file extension of a video.
"""

import math
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from enum import Enum, auto
from typing import Final

from batch_import.addresses.decoding import unescape_html
from batch_import.addresses.unicode_forms import normalized
from batch_import.failure_codes import FailureCode
from batch_import.importer.schedule.media_statuses import (
    ADOPTABLE_STATUSES,
    FAILED_STATUS,
    ONLINE_STATUS,
    UNFINISHED_STATUSES,
)
from batch_import.importer.schedule.stored_id import is_altered_form
from batch_import.models import JobRow, Media

#: Failure code of a row that was not sent and that must not adopt the media with its reference ID.
REFERENCE_ID_TAKEN: Final = FailureCode.REFERENCE_ID_TAKEN
#: Tolerance, in seconds, for the creation time of a media, before and after the time of a POST. A
#: POST whose connection was cut may reach the platform a little later. In addition, `createdDate`
#: and the `Date` header, from which the offset of the platform's clock is measured, are both
#: rounded to whole seconds. Therefore a creation time on this machine's clock may be wrong by up to
#: two seconds, one for each of them.
LATE_ARRIVAL_SECONDS: Final = 2.0
#: Every time zone in use differs from UTC by a multiple of this number of seconds (IANA time zone
#: database: quarter hours).
_ZONE_STEP_SECONDS: Final = 900
#: Smallest and greatest difference of a time zone from UTC, in seconds: UTC-12 and UTC+14.
_MIN_ZONE_SHIFT: Final = -12 * 3600
_MAX_ZONE_SHIFT: Final = 14 * 3600
#: File extensions of the video formats that the Viostream API guide names.
_VIDEO_EXTENSION: Final = re.compile(r"\.(mp4|mov|avi|wmv|mkv|webm|3gp)$")


class Owner(Enum):
    """Whom a media with a row's reference ID belongs to."""

    #: The row: this job created the media.
    OURS = auto()
    #: Other users of the account.
    OTHERS = auto()
    #: Not known: the media has another title, and its creation time is not known.
    UNDECIDED = auto()


def normalized_title(title: str) -> str:
    """Returns a title in the form in which titles are compared."""
    folded = normalized("NFC", normalized("NFC", unescape_html(title)).casefold())
    return _VIDEO_EXTENSION.sub("", " ".join(folded.split())).strip()


def same_title(row: JobRow, media: Media) -> bool:
    """Whether a media has the title of a row."""
    return normalized_title(row.filename) == normalized_title(media.title)


def owner_of(
    media: Media, row: JobRow, first_post_at: float, latest: float, clock_offset: float | None
) -> Owner:
    """Returns the owner of a media with the reference ID of a row that was sent, or may have been.

    Args:
        media: the media.
        row: the row.
        first_post_at: when the row's first POST was about to be sent, in epoch seconds of this
            machine's clock.
        latest: until when the row's last POST may have been carried out, on the same clock.
        clock_offset: seconds by which the platform's clock is ahead of this machine's clock; None
            if not known.
    """
    if same_title(row, media):
        return Owner.OURS
    if clock_offset is None or creation_moment(media.created_date) is None:
        return Owner.UNDECIDED
    is_in_period = may_be_created_between(media, first_post_at, latest, clock_offset)
    return Owner.OURS if is_in_period else Owner.OTHERS


def may_be_created_between(
    media: Media, earliest: float, latest: float, clock_offset: float | None
) -> bool:
    """Whether a media may have been created in a period, given on this machine's clock.

    Also true if the creation time of the media is not known. A creation time without a time zone is
    tried in every time zone.
    """
    moment = creation_moment(media.created_date)
    if moment is None or clock_offset is None:
        return True
    created_at = moment.replace(tzinfo=moment.tzinfo or UTC).timestamp() - clock_offset
    min_shift = created_at - latest - LATE_ARRIVAL_SECONDS
    max_shift = created_at - earliest + LATE_ARRIVAL_SECONDS
    if moment.tzinfo is not None:
        return min_shift <= 0 <= max_shift
    min_step = math.ceil(max(min_shift, _MIN_ZONE_SHIFT) / _ZONE_STEP_SECONDS)
    return min_step * _ZONE_STEP_SECONDS <= min(max_shift, _MAX_ZONE_SHIFT)


def seconds_late(media: Media, latest: float, clock_offset: float | None) -> float | None:
    """Returns how many seconds after a time a media was created, beyond the tolerance.

    Args:
        media: the media.
        latest: the time, in epoch seconds of this machine's clock.
        clock_offset: seconds by which the platform's clock is ahead; None if not known.

    Returns:
        0 if the media was created before; None if its creation time is not known, or has no time
        zone.
    """
    moment = creation_moment(media.created_date)
    if moment is None or moment.tzinfo is None or clock_offset is None:
        return None
    return max(0.0, moment.timestamp() - clock_offset - latest - LATE_ARRIVAL_SECONDS)


def non_failed(items: Iterable[Media], row: JobRow) -> list[Media]:
    """Returns the media that have the row's reference ID and have not failed.

    If no media has exactly this ID, these are the media with the row's title whose ID is an altered
    form of it.
    """
    non_failed_items = [media for media in items if media.status != FAILED_STATUS]
    exact = [media for media in non_failed_items if media.reference_id == row.reference_id]
    return exact or [
        media
        for media in non_failed_items
        if same_title(row, media) and is_altered_form(media.reference_id, row.reference_id)
    ]


def may_adopt(media: Media, row: JobRow, adopt: str) -> bool:
    """Whether a row that was not sent may adopt a media with the row's reference ID.

    `adopt` is the setting.
    """
    return media.status in ADOPTABLE_STATUSES and (adopt == "any" or same_title(row, media))


def media_to_adopt(items: Iterable[Media], row: JobRow, adopt: str) -> Media | None:
    """Returns the media to adopt for a row that was not sent; None if the row may adopt none.

    A media with the row's title is preferred. `adopt` is the setting.
    """
    adoptable = [media for media in non_failed(items, row) if may_adopt(media, row, adopt)]
    with_same_title = [media for media in adoptable if same_title(row, media)]
    return best_media(with_same_title) or best_media(adoptable)


def other_title_note(row: JobRow, media: Media) -> str:
    """Returns a note for the user if a row has adopted a media with another title; else empty."""
    if same_title(row, media):
        return ""
    return f"taken over although its title in the account is {media.title!r}, as set by adopt: any"


def reference_id_taken(items: Sequence[Media]) -> tuple[str, FailureCode]:
    """Returns the error and the code for a row whose reference ID is used by other media.

    Args:
        items: media that the row must not adopt; at least one. If the status of each of them
            prevents this, the error and the code say so.
    """
    media = best_media(items) or items[0]
    if media.status in ADOPTABLE_STATUSES:
        return reference_id_taken_message([media]), REFERENCE_ID_TAKEN
    error = (
        f"the account has a media with the reference ID whose status is “{media.status}”, which is"
        f" neither online nor processing (id {media.id}); the row was not sent, and does not use"
        " this media"
    )
    return error, FailureCode.MEDIA_STATUS


def reference_id_taken_message(items: Sequence[Media]) -> str:
    """Returns the error for a row whose reference ID is used by media that it must not adopt.

    Args:
        items: these media; at least one. The error describes the first.
    """
    media = items[0]
    title = f"titled {media.title!r}" if media.title else "without a title"
    created = f", created {media.created_date}" if media.created_date else ""
    return (
        f"the reference ID is taken: the account has a media with it, {title}{created}"
        f" (id {media.id}); the row was not sent, and does not use this media"
    )


def altered_id_note(row: JobRow, media: Media) -> str:
    """Returns a note for the user if a media has an altered form of the row's ID; else empty."""
    if media.reference_id == row.reference_id:
        return ""
    return f"the platform stored the reference ID as {media.reference_id!r}"


def ambiguity_message(media: Media) -> str:
    """Returns the error for an unknown row if a media may be this row's, or another row's."""
    return (
        "its POST got no clear answer; a media whose reference ID the platform stored as"
        f" {media.reference_id!r} (id {media.id}) may belong to this row or to another row;"
        " look in the account, then run again with the setting when-unsure: retry"
    )


#: Ranks of the platform's statuses for `best_media`. Another status may mean that the media is
#: archived or deleted, or that it is not finished.
_STATUS_RANKS: Final = {ONLINE_STATUS: 0, **dict.fromkeys(UNFINISHED_STATUSES, 1), FAILED_STATUS: 3}
_OTHER_RANK: Final = 2


def best_media(items: Sequence[Media]) -> Media | None:
    """Returns the media to use for a row that has several; None if there is none.

    An online media is preferred to an unfinished media, and both to a media with a status that is
    not known. A failed media is the last choice. Of media with the same rank, the first is
    returned, which is the newest in lists of the platform.
    """
    return min(
        items,
        key=lambda media: _STATUS_RANKS.get(media.status, _OTHER_RANK),
        default=None,
    )


def other_media_note(items: Sequence[Media], media: Media) -> str:
    """Returns a note for the user about other media with the row's reference ID; empty if none.

    Failed media are not mentioned.

    Args:
        items: the media that may belong to the row.
        media: the media that is used for the row.
    """
    ids = [other.id for other in items if other.id != media.id and other.status != FAILED_STATUS]
    distinct_ids = list(dict.fromkeys(ids))
    if not distinct_ids:
        return ""
    return f"other media in the account have this reference ID, too: {', '.join(distinct_ids)}"


def import_notes(
    row: JobRow, media: Media, items: Sequence[Media], *, was_sent: bool
) -> tuple[str, str]:
    """Returns the notes about an imported row, and their codes; both empty if there are none.

    Args:
        row: the row.
        media: the media that is used for the row.
        items: the media that may belong to the row.
        was_sent: whether the row was sent. If not, it has adopted its media, whose title may be
            another one. If it was sent, the platform or a user has changed the title since.

    Returns:
        the notes, separated by semicolons, and their failure codes, separated by spaces.
    """
    notes: dict[FailureCode, str] = {}
    if not was_sent:
        notes[FailureCode.TITLE_OVERRIDDEN] = other_title_note(row, media)
    notes[FailureCode.REFERENCE_ALTERED] = altered_id_note(row, media)
    notes[FailureCode.REFERENCE_SHARED] = other_media_note(items, media)
    non_empty = {code: note for code, note in notes.items() if note}
    return "; ".join(non_empty.values()), " ".join(non_empty)


def creation_moment(created: str) -> datetime | None:
    """Returns the platform's `createdDate` (ISO 8601); None if invalid, or a date without a time.

    The Viostream API guide has times in UTC. The result has no time zone if the text has none.
    """
    if len(created) <= len("2025-08-08"):
        return None
    try:
        return datetime.fromisoformat(created)
    except ValueError:
        return None
