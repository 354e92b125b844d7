"""Media of a list and rows in flight: which belong together, and which rows a page covers. Pure.

This file must not know calls, nor what becomes of a row.
"""

from collections.abc import Iterable
from typing import Final

from batch_import.models import Media

#: The media that a row is about, where several bear its reference ID: one that plays, then one
#: that may come to, then one that failed.
_RANK: Final = {"online": 0, "failed": 2}


def best_media(items: Iterable[Media], reference_id: str) -> Media | None:
    """The media of exactly this reference ID that counts; the newest of equals comes first."""
    ours = [media for media in items if media.reference_id == reference_id]
    return min(ours, key=lambda media: _RANK.get(media.status, 1)) if ours else None


def living_media(items: Iterable[Media], reference_id: str) -> Media | None:
    """The media that a row is taken over by instead of being sent; one that failed is none."""
    media = best_media(items, reference_id)
    return None if media is None or media.status == "failed" else media


def told_of_others(items: Iterable[Media], media: Media) -> str:
    """What to tell the user of other living media with one's reference ID."""
    others = [
        other.id
        for other in items
        if other.reference_id == media.reference_id
        and other.id != media.id
        and other.status != "failed"
    ]
    if not others:
        return ""
    return f"other media in the account have this reference ID, too: {', '.join(others)}"
