"""Adopt an existing media for a row that was not sent, or fail the row. No I/O.

To adopt means to use an existing media of the account instead of creating one. This module must not
know which pages are read to find the media.
"""

from collections.abc import Sequence

from batch_import.importer.schedule.media_statuses import ONLINE_STATUS
from batch_import.importer.schedule.ownership import (
    import_notes,
    media_to_adopt,
    non_failed,
    reference_id_taken,
)
from batch_import.importer.schedule.row_states import CreationTime, Processing, ToCreate
from batch_import.importer.schedule.tracker import Tracker
from batch_import.models import JobRow, Media, Status, StatusUpdate


def adopt_or_refuse(
    tracker: Tracker, row: JobRow, items: Sequence[Media], adopt: str, now: float
) -> list[StatusUpdate]:
    """Adopt a media with the row's reference ID, or fail the row because its ID is taken.

    Args:
        tracker: the rows in flight.
        row: a row that was not sent.
        items: media of the account; those with other reference IDs are ignored.
        adopt: the setting `adopt`, which says whether the title of the media must be the row's.
        now: current time in epoch seconds.

    Returns:
        the status updates to store. Empty if the row can be sent, because no media has its
        reference ID, or only failed media have it.
    """
    candidates = non_failed(items, row)
    if not candidates:
        return []
    media = media_to_adopt(candidates, row, adopt)
    if media is None:
        reason, code = reference_id_taken(candidates)
        return [tracker.finish(row, Status.FAILED, reason, error=reason, code=code)]
    if media.status == ONLINE_STATUS:
        reason = "was in the account already"
        error, codes = import_notes(row, media, candidates, was_sent=False)
        return [tracker.finish(row, Status.IMPORTED, reason, error=error, code=codes, media=media)]
    # No POST of this row created the media, so it may have any age.
    created = CreationTime(
        earliest=float("-inf"), latest=now, first_post_at=float("inf"), is_certain=False
    )
    processing = Processing(row, created, now, media_id=media.id)
    tracker.enter_account(processing, now)
    reason = "was in the account already, not online yet"
    return [StatusUpdate(row.row_number, Status.PROCESSING, reason, media=media)]


def waiting_row(row: JobRow, now: float, *, needs_search: bool) -> ToCreate:
    """Returns the state of a claimed row that waits for its POST.

    Args:
        row: the row.
        now: current time in epoch seconds.
        needs_search: whether the account must be searched for its reference ID before that.
    """
    # A row with `claimed_at` was claimed by a previous run, which may have sent it.
    first_post_at = now if row.claimed_at is None else min(now, row.claimed_at)
    return ToCreate(row, first_post_at, needs_search=needs_search)
