"""Match the media of a page with the rows in flight, by their reference IDs. No I/O.

The reference ID of a media may be a row's ID in an altered form (`altered_ids.py`). Such a media
belongs to the row only if it may have been created during the row's POSTs. This module must not
know what happens to the rows.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from batch_import.importer.schedule.media_grouping import may_be_of_any_post
from batch_import.importer.schedule.ownership import same_title
from batch_import.importer.schedule.row_states import (
    InAccount,
    Online,
    Posting,
    Processing,
    RowState,
    Unknown,
)
from batch_import.importer.schedule.tracker import Tracker
from batch_import.models import Media


@dataclass(frozen=True, slots=True)
class MatchedMedia:
    """The rows in the account whose media a page shows, or may show.

    Attributes:
        of_rows: by row number, the state of a row and the media with its reference ID.
        ambiguous: by row number, the state of an unknown row and a media that belongs to this row
            or to another row in flight.
    """

    of_rows: dict[int, tuple[InAccount, list[Media]]] = field(default_factory=dict)
    ambiguous: dict[int, tuple[Unknown, Media]] = field(default_factory=dict)


def match_media(
    tracker: Tracker, items: Iterable[Media], clock_offset: float | None
) -> MatchedMedia:
    """Match the media of a page with the rows in flight.

    Args:
        tracker: the rows in flight.
        items: the media.
        clock_offset: seconds by which the platform's clock is ahead; None if not known.
    """
    matched = MatchedMedia()
    for media in items:
        states = _states_of(tracker, media, clock_offset)
        for state in states:
            number = state.row.row_number
            is_ambiguous = len(states) > 1 or _was_ambiguous(state, media)
            if not is_ambiguous and isinstance(state, Processing | Online | Unknown):
                matched.of_rows.setdefault(number, (state, []))[1].append(media)
            elif isinstance(state, Unknown):
                matched.ambiguous[number] = state, media
    return matched


def _states_of(tracker: Tracker, media: Media, clock_offset: float | None) -> list[RowState]:
    """Returns the states of the rows that a media may belong to.

    If there are several, these are preferred, in this order: the row that is known to own the
    media, the row with exactly its ID unless only other rows have its title, and rows with its
    title.
    """
    exact = tracker.by_reference(media.reference_id)
    states = [tracker[number] for number in tracker.altered_ids.rows_with_id(media)]
    if exact is not None and len(states) <= 1:
        return [exact]
    states = [state for state in states if state is exact or _may_own(state, media, clock_offset)]
    known_states = [state for state in states if _media_id(state) == media.id]
    if known_states:
        return known_states
    with_same_title = [state for state in states if same_title(state.row, media)]
    if exact is not None and (exact in with_same_title or not with_same_title):
        return [exact]
    return with_same_title or states


def _was_ambiguous(state: RowState, media: Media) -> bool:
    """Whether an earlier page showed that media with altered forms of a row's ID are ambiguous.

    They stay ambiguous if the other row is no longer in flight, because it may own this media.
    """
    return (
        isinstance(state, Unknown)
        and bool(state.ambiguity_message)
        and media.reference_id != state.row.reference_id
    )


def _may_own(state: RowState, media: Media, clock_offset: float | None) -> bool:
    """Whether a media with an altered form of a row's ID may be the row's media."""
    if isinstance(state, Processing | Online | Unknown):
        is_known = _media_id(state) == media.id
        return is_known or may_be_of_any_post(state, media, clock_offset)
    return isinstance(state, Posting)


def _media_id(state: RowState) -> str | None:
    """Returns the ID of a row's media; None if it is not known."""
    return state.media_id if isinstance(state, Processing | Online) else None
