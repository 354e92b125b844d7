"""Adopt an existing media for a row that was not sent, or fail the row. No I/O.

This module must not know which pages are read to find the media.
"""

from collections.abc import Sequence

from batch_import.importer.schedule.ownership import (
    REFERENCE_ID_TAKEN,
    import_notes,
    media_to_adopt,
    non_failed,
    reference_id_taken_message,
)
from batch_import.importer.schedule.row_states import CreationTime, Processing, ToCreate
from batch_import.importer.schedule.tracker import Tracker
from batch_import.models import JobRow, Media, Status, StatusUpdate


def adopt_or_refuse(
    tracker: Tracker, row: JobRow, items: Sequence[Media], adopt: str, now: float
) -> list[StatusUpdate]:
    """Adopt a media with the row's reference ID, or fail the row because its ID is taken.

    Returns an empty list if the row can be sent, because the account has no media with its
    reference ID, or only failed ones.

    Args:
        adopt: the setting `adopt`.
    """
    candidates = non_failed(items, row)
    if not candidates:
        return []
    media = media_to_adopt(candidates, row, adopt)
    if media is None:
        reason = reference_id_taken_message(candidates)
        return [tracker.finish(row, Status.FAILED, reason, error=reason, code=REFERENCE_ID_TAKEN)]
    if media.status == "online":
        reason = "was in the account already"
        error, code = import_notes(row, media, candidates, may_have_other_title=True)
        return [tracker.finish(row, Status.IMPORTED, reason, error=error, code=code, media=media)]
    created = CreationTime(float("-inf"), now, float("inf"), is_certain=False)
    processing = Processing(row, created, now, media_id=media.id)
    tracker.enter_account(processing, now)
    reason = "was in the account already, not online yet"
    return [StatusUpdate(row.row_number, Status.PROCESSING, reason, media=media)]


def waiting_row(row: JobRow, now: float, *, check_exists_first: bool) -> ToCreate:
    """Returns the state of a claimed row that waits for its POST."""
    first_post_at = now if row.claimed_at is None else min(now, row.claimed_at)
    return ToCreate(row, first_post_at, check_exists_first=check_exists_first)
