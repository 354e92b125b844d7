"""Group the media with a row's reference ID by their owner: the row, or other users. No I/O.

`ownership.py` decides about one media. A list may show several media of a row, because each POST of
the row may have created one. Then those of the last POST count. This module must not know what
happens to the row.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from batch_import.importer.schedule.media_statuses import FAILED_STATUS
from batch_import.importer.schedule.ownership import (
    LATE_ARRIVAL_SECONDS,
    Owner,
    may_be_created_between,
    owner_of,
)
from batch_import.importer.schedule.row_states import InAccount, Unknown
from batch_import.models import Media


@dataclass(frozen=True, slots=True)
class MediaByOwner:
    """The media with one row's reference ID in a list, grouped by their owner.

    Attributes:
        ours: media that belong to the row.
        undecided: media that belong to the row or to other users.
        others: media of other users.
        surplus: further media that belong to the row by their title or their creation time. A POST
            that arrived late has created them, or an earlier import.
    """

    ours: tuple[Media, ...]
    undecided: tuple[Media, ...]
    others: tuple[Media, ...]
    surplus: tuple[Media, ...] = ()


def group_by_owner(
    state: InAccount, items: Sequence[Media], clock_offset: float | None
) -> MediaByOwner:
    """Group the media with a row's reference ID by their owner.

    Failed media that only an earlier POST can have created are left out. If an earlier list has
    shown which media is the row's, and it is among these media, other media of the row are surplus.
    Otherwise, if some media of the row may be of its last POST, its other media are surplus.

    Args:
        state: the state of the row.
        items: the media.
        clock_offset: seconds by which the platform's clock is ahead; None if not known.
    """
    if not isinstance(state, Unknown) and state.media_id is not None:
        known_media = tuple(media for media in items if media.id == state.media_id)
        if known_media:
            other_media = [media for media in items if media.id != state.media_id]
            groups = _group(state, other_media, clock_offset)
            others = (*groups[Owner.UNDECIDED], *groups[Owner.OTHERS])
            return MediaByOwner(known_media, (), others, surplus=tuple(groups[Owner.OURS]))
    groups = _group(state, items, clock_offset)
    ours = groups[Owner.OURS]
    of_last_post = [
        media
        for media in ours
        # The last POST of an unknown row possibly created no media. Then a failed media is of an
        # earlier POST.
        if may_be_of_last_post(state, media, clock_offset)
        and not (isinstance(state, Unknown) and media.status == FAILED_STATUS)
    ]
    return MediaByOwner(
        ours=tuple(of_last_post or ours),
        undecided=tuple(groups[Owner.UNDECIDED]),
        others=tuple(groups[Owner.OTHERS]),
        surplus=tuple(media for media in ours if of_last_post and media not in of_last_post),
    )


def _group(
    state: InAccount, items: Sequence[Media], clock_offset: float | None
) -> dict[Owner, list[Media]]:
    """Group media by owner, without failed media that only an earlier POST can have created."""
    groups: dict[Owner, list[Media]] = {owner: [] for owner in Owner}
    latest = _latest_creation(state)
    if isinstance(state, Unknown):
        # The POST got no clear answer, and may have arrived late: the tolerance counts twice.
        latest += LATE_ARRIVAL_SECONDS
    for media in items:
        owner = owner_of(media, state.row, state.created.first_post_at, latest, clock_offset)
        if media.status != FAILED_STATUS or may_be_of_last_post(state, media, clock_offset):
            groups[owner].append(media)
    return groups


def may_show_own_media(state: InAccount, media_by_owner: MediaByOwner) -> bool:
    """Whether a list shows a media that may belong to the row.

    A failed media does not count for an unknown row, because an earlier POST may have created it.
    Then the media of the last POST may be in another part of the list.
    """
    own_media = (*media_by_owner.ours, *media_by_owner.undecided)
    if isinstance(state, Unknown):
        return any(media.status != FAILED_STATUS for media in own_media)
    return bool(own_media)


def has_certain_creation_time(
    state: InAccount, media_by_owner: MediaByOwner, clock_offset: float | None
) -> bool:
    """Whether a list shows only one media, and the row's last POST certainly created it.

    Then the creation time of this media is about the time of the POST.
    """
    ours, undecided = media_by_owner.ours, media_by_owner.undecided
    own_media = ours if isinstance(state, Unknown) else (*ours, *undecided)
    all_media = (*ours, *undecided, *media_by_owner.others, *media_by_owner.surplus)
    has_one_media = len(all_media) == 1
    created = state.created
    return (
        has_one_media
        and bool(own_media)
        and may_be_created_between(own_media[0], created.earliest, created.latest, clock_offset)
    )


def may_be_of_last_post(state: InAccount, media: Media, clock_offset: float | None) -> bool:
    """Whether the row's last POST may have created a media, judging by its creation time."""
    return may_be_created_between(
        media, state.created.earliest, _latest_creation(state), clock_offset
    )


def may_be_of_any_post(state: InAccount, media: Media, clock_offset: float | None) -> bool:
    """Whether one of the row's POSTs may have created a media, judging by its creation time.

    The POST of an unknown row may have arrived at any time after it was sent.
    """
    first_post_at = state.created.first_post_at
    was_sent = first_post_at < float("inf")
    latest = float("inf") if isinstance(state, Unknown) else state.created.latest
    return was_sent and may_be_created_between(media, first_post_at, latest, clock_offset)


def _latest_creation(state: InAccount) -> float:
    """Returns the epoch seconds until which a row's media may have been created.

    Infinity if another machine may still send its POST.
    """
    is_held = isinstance(state, Unknown) and state.is_held
    return float("inf") if is_held else state.created.latest
