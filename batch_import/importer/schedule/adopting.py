"""What becomes of rows that were not sent and whose reference IDs the account has. Pure.

This file must not know which pages are read for it.
"""

from collections.abc import Sequence

from batch_import.importer.schedule.flights import Created, Processing, ToCreate
from batch_import.importer.schedule.ownership import (
    REFERENCE_ID_TAKEN,
    non_failed,
    notes_of,
    reference_id_taken,
    to_take_over,
)
from batch_import.importer.schedule.tracker import Tracker
from batch_import.models import JobRow, Media, Status, StatusUpdate


def take_over(
    tracker: Tracker, row: JobRow, items: Sequence[Media], adopt: str, now: float
) -> list[StatusUpdate]:
    """Take a media with the row's reference ID over, or refuse to send the row.

    A media that failed is none: the row is sent. Returns nothing where the row is to be sent.

    Args:
        adopt: the setting of that name.
    """
    alive = non_failed(items, row)
    if not alive:
        return []
    media = to_take_over(alive, row, adopt)
    if media is None:
        words = reference_id_taken(alive)
        return [tracker.finish(row, Status.FAILED, words, error=words, code=REFERENCE_ID_TAKEN)]
    if media.status == "online":
        words = "was in the account already"
        error, code = notes_of(row, media, alive, overridden=True)
        return [tracker.finish(row, Status.IMPORTED, words, error=error, code=code, media=media)]
    created = Created(float("-inf"), now, float("inf"), certain=False)
    found = Processing(row, created, now, media_id=media.id)
    tracker.enter_account(found, now)
    words = "was in the account already, not online yet"
    return [StatusUpdate(row.number, Status.PROCESSING, words, media=media)]


def to_create(row: JobRow, now: float, *, check_exists_first: bool) -> ToCreate:
    """A claimed row that is to be sent."""
    intent = now if row.claimed_at is None else min(now, row.claimed_at)
    return ToCreate(row, intent, check_exists_first=check_exists_first)
