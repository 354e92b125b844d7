"""Compares one row of the job with the media of the account. No I/O.

The result is a verdict, such as `missing` or `as expected`, and a text with the details. A media is
a video in the account.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from batch_import.addresses.masking import mask
from batch_import.failure_codes import FailureCode
from batch_import.importer.schedule.media_statuses import FAILED_STATUS, ONLINE_STATUS
from batch_import.importer.schedule.ownership import best_media, normalized_title, other_media_note
from batch_import.models import Media, ResultRow, Status


class Verdict(StrEnum):
    """The result of comparing a row with the account. If several apply, the first here is used.

    The comments mention `Finding.detail`.
    """

    #: The row is imported, but its media is not in the account.
    MISSING = "missing"
    #: The media is in the account, but cannot be played; `detail` has its status.
    NOT_ONLINE = "not online"
    #: The media has another key than the results; therefore the embed code does not show it.
    KEY_DIFFERS = "key differs"
    #: Other media with the same reference ID exist that have not failed; `detail` lists them.
    TWICE = "there twice"
    #: The title differs from the title that was sent. A user may have edited it.
    TITLE_DIFFERS = "title differs"
    #: The embed page cannot be loaded; `detail` has the HTTP status.
    EMBED_FAILS = "embed page fails"
    #: The row is failed, invalid, pending, unknown or processing.
    NOT_IMPORTED = "not imported"
    #: The media is online, and everything matches.
    AS_EXPECTED = "as expected"
    #: The row is no longer in the manifest.
    REMOVED = "removed"
    #: A media of the account that belongs to no row.
    NOT_NAMED = "not in the manifest"


#: Verdicts that make the verification fail.
FAULT_VERDICTS: Final = frozenset(Verdict) - {
    Verdict.AS_EXPECTED,
    Verdict.REMOVED,
    Verdict.NOT_NAMED,
}

#: The columns of `verify.csv`. Scripts of users rely on them.
VERIFY_COLUMNS: Final = (
    "line referenceId filename verdict detail status"
    " mediaId key title mediaStatus createdDate embedUrl"
).split()


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of the verification of one row.

    Attributes:
        verdict: the verdict.
        detail: all details of the comparison, as a text for the user; may be empty.
        media: the media of the row in the account; None if there is none.
    """

    verdict: Verdict
    detail: str = ""
    media: Media | None = None


def find_verdict(row: ResultRow, media: Sequence[Media], page_fault: str = "") -> Finding:
    """Compare a row with the account.

    Args:
        row: the row.
        media: the media of the row, and other media with the row's reference ID that belong to no
            row.
        page_fault: why the embed page of the row cannot be loaded; empty if it can be loaded, or
            was not requested.
    """
    if row.is_removed or row.status is Status.SKIPPED:
        return _removed(row, media)
    if row.status is not Status.IMPORTED:
        return _not_imported(row, media)
    own = _own_media(row, media)
    if own is None:
        return Finding(Verdict.MISSING, _other_media_detail(_best_media(row, media)))
    faults = _faults(row, own, media)
    if page_fault:
        faults.append((Verdict.EMBED_FAILS, page_fault))
    details = [detail for _, detail in faults]
    if own.reference_id not in ("", row.reference_id):
        details.append(f"its reference ID is now {own.reference_id}")
    elif row.reference_id_in_manifest:
        details.append(
            f"the manifest now has the reference ID {row.reference_id_in_manifest}; the video was"
            f" sent before this change, and keeps {row.reference_id}"
        )
    verdict = faults[0][0] if faults else Verdict.AS_EXPECTED
    return Finding(verdict, "; ".join(details), own)


def row_line(row: ResultRow, finding: Finding, embed_url: str) -> list[str]:
    """Returns the line of `verify.csv` for a row. Secrets in URLs are masked."""
    return [
        str(row.line),
        row.reference_id,
        mask(row.filename),
        str(finding.verdict),
        mask(finding.detail),
        str(row.status),
        *_cells(finding.media),
        embed_url,
    ]


def other_media_line(media: Media) -> list[str]:
    """Returns the line of `verify.csv` for a media that belongs to no row."""
    return ["", media.reference_id, "", str(Verdict.NOT_NAMED), "", "", *_cells(media), ""]


def _cells(media: Media | None) -> list[str]:
    """Returns the cells of the columns from `mediaId` to `createdDate`."""
    if media is None:
        return [""] * 5
    return [media.id, media.key, mask(media.title), media.status, media.created_date]


def _own_media(row: ResultRow, media: Sequence[Media]) -> Media | None:
    """Returns the media that the row became; None if it is not among these media.

    It has the ID of the row, or else the key, because the platform may not report IDs.
    """
    same_id = [each for each in media if each.id and each.id == row.media_id]
    same_key = [each for each in media if each.key and each.key == row.key]
    return next(iter(same_id + same_key), None)


def _faults(row: ResultRow, own: Media, media: Sequence[Media]) -> list[tuple[Verdict, str]]:
    """Returns the verdicts that are faults of a row's media, each with its detail."""
    # Without a status in the list, the media counts as online, as it was when it was imported.
    is_online = own.status in (ONLINE_STATUS, "")
    same_reference = [each for each in media if each.reference_id == row.reference_id]
    others = other_media_note(same_reference, own)
    faults = [] if is_online else [(Verdict.NOT_ONLINE, f"its status is {own.status}")]
    if own.key != row.key:
        faults.append((Verdict.KEY_DIFFERS, f"the results have the key {row.key}"))
    if others:
        faults.append((Verdict.TWICE, others))
    has_accepted_title = FailureCode.TITLE_OVERRIDDEN in row.codes
    if normalized_title(own.title) != normalized_title(row.filename) and not has_accepted_title:
        titles = f"“{own.title.strip()}” in the account, “{row.filename.strip()}” was sent"
        faults.append((Verdict.TITLE_DIFFERS, titles))
    return faults


def _best_media(row: ResultRow, media: Sequence[Media]) -> Media | None:
    """Returns the most relevant media with the row's reference ID; None if there is none."""
    return best_media([each for each in media if each.reference_id == row.reference_id])


def _not_imported(row: ResultRow, media: Sequence[Media]) -> Finding:
    """Returns the finding for a row that is not imported; an existing media is shown."""
    best = _best_media(row, media)
    usable_media = best if best and best.status != FAILED_STATUS else None
    if usable_media is None:
        status_text = str(row.status)
    elif usable_media.status == ONLINE_STATUS:
        status_text = f"online in the account, although {row.status}: {_media_text(usable_media)}"
    else:
        status_text = f"{row.status}; in the account: {_media_text(usable_media)}"
    detail = "; ".join(filter(None, (status_text, row.reason)))
    return Finding(Verdict.NOT_IMPORTED, detail, usable_media)


def _removed(row: ResultRow, media: Sequence[Media]) -> Finding:
    """Returns the finding for a row that is no longer in the manifest."""
    remaining = _own_media(row, media) or _best_media(row, media)
    detail = "not in the account"
    if remaining:
        detail = f"still in the account: {_media_text(remaining)}"
    return Finding(Verdict.REMOVED, detail, remaining)


def _other_media_detail(other: Media | None) -> str:
    return f"another media has its reference ID: {_media_text(other)}" if other else ""


def _media_text(media: Media) -> str:
    return f"{media.id or media.key} ({media.status or 'no status'})"
