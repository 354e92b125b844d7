"""The verdict of one row: compares a row of the job with the media of the account. No I/O."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from batch_import.addresses.masking import mask
from batch_import.failure_codes import FailureCode
from batch_import.importer.schedule.ownership import best_media, normalized_title, other_media_note
from batch_import.models import Media, ResultRow, Status


class Verdict(StrEnum):
    """How a row compares with the account. If several apply, the first one here is used."""

    #: The row is imported, but its media is not in the account.
    MISSING = "missing"
    #: The media is in the account, but cannot be played; `detail` has its status.
    NOT_ONLINE = "not online"
    #: The media has another key, so the embed code does not show it.
    KEY_DIFFERS = "key differs"
    #: Other media, which have not failed, have the same reference ID; `detail` lists them.
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
        detail: text for the user; may be empty.
        media: the media of the account for the row; None if there is none.
    """

    verdict: Verdict
    detail: str = ""
    media: Media | None = None


def find_verdict(record: ResultRow, found: Sequence[Media], page_fault: str = "") -> Finding:
    """Compare a row with the account.

    Args:
        record: the row.
        found: the row's media, and the media that have its reference ID and belong to no row.
        page_fault: why its embed page cannot be loaded; empty if it can, or was not requested.
    """
    if record.is_removed or record.status is Status.SKIPPED:
        return _removed(record, found)
    if record.status is not Status.IMPORTED:
        return _not_imported(record, found)
    own = _own_media(record, found)
    if own is None:
        return Finding(Verdict.MISSING, _other_media_detail(_best_media(record, found)))
    faults = [*_faults(record, own, found)]
    if page_fault:
        faults.append((Verdict.EMBED_FAILS, page_fault))
    details = [detail for _, detail in faults]
    if own.reference_id not in ("", record.reference_id):
        details.append(f"its reference ID is now {own.reference_id}")
    elif record.reference_id_in_manifest:
        details.append(
            f"the manifest has the reference ID {record.reference_id_in_manifest}; the video was"
            f" sent before that, and keeps {record.reference_id}"
        )
    verdict = faults[0][0] if faults else Verdict.AS_EXPECTED
    return Finding(verdict, "; ".join(details), own)


def row_line(record: ResultRow, finding: Finding, embed_url: str) -> list[str]:
    """Returns the line of `verify.csv` of a row. Secrets in URLs are masked."""
    return [
        str(record.line),
        record.reference_id,
        mask(record.filename),
        str(finding.verdict),
        mask(finding.detail),
        str(record.status),
        *_cells(finding.media),
        embed_url,
    ]


def other_media_line(media: Media) -> list[str]:
    """Returns the line of `verify.csv` of a media that belongs to no row."""
    return ["", media.reference_id, "", str(Verdict.NOT_NAMED), "", "", *_cells(media), ""]


def _cells(media: Media | None) -> list[str]:
    if media is None:
        return [""] * 5
    return [media.id, media.key, mask(media.title), media.status, media.created_date]


def _own_media(record: ResultRow, found: Sequence[Media]) -> Media | None:
    """Returns the media that the row became, by ID, or by key if the platform gives no IDs."""
    same_id = (media for media in found if media.id and media.id == record.media_id)
    same_key = (media for media in found if media.key and media.key == record.key)
    return next(same_id, None) or next(same_key, None)


def _faults(record: ResultRow, own: Media, found: Sequence[Media]) -> list[tuple[Verdict, str]]:
    # If the list gives no status, the media is still online, as it was when it was imported.
    is_online = own.status in ("online", "")
    same_reference = [media for media in found if media.reference_id == record.reference_id]
    others = other_media_note(same_reference, own)
    faults = [] if is_online else [(Verdict.NOT_ONLINE, f"its status is {own.status}")]
    if own.key != record.key:
        faults.append((Verdict.KEY_DIFFERS, f"the results have the key {record.key}"))
    if others:
        faults.append((Verdict.TWICE, others))
    has_accepted_title = FailureCode.TITLE_OVERRIDDEN in record.codes
    if normalized_title(own.title) != normalized_title(record.filename) and not has_accepted_title:
        titles = f"“{own.title.strip()}” in the account, “{record.filename.strip()}” was sent"
        faults.append((Verdict.TITLE_DIFFERS, titles))
    return faults


def _best_media(record: ResultRow, found: Sequence[Media]) -> Media | None:
    """Returns the most relevant media with the row's reference ID; None if there is none."""
    return best_media([media for media in found if media.reference_id == record.reference_id])


def _not_imported(record: ResultRow, found: Sequence[Media]) -> Finding:
    media = _best_media(record, found)
    usable_media = media if media and media.status != "failed" else None
    if usable_media is None:
        state_text = str(record.status)
    elif usable_media.status == "online":
        state_text = f"online in the account, although {record.status}: {_media_text(usable_media)}"
    else:
        state_text = f"{record.status}; in the account: {_media_text(usable_media)}"
    detail = "; ".join(filter(None, (state_text, record.reason)))
    return Finding(Verdict.NOT_IMPORTED, detail, usable_media)


def _removed(record: ResultRow, found: Sequence[Media]) -> Finding:
    media = _own_media(record, found) or _best_media(record, found)
    detail = f"still in the account: {_media_text(media)}" if media else "not in the account"
    return Finding(Verdict.REMOVED, detail, media)


def _other_media_detail(other: Media | None) -> str:
    return f"another media has its reference ID: {_media_text(other)}" if other else ""


def _media_text(media: Media) -> str:
    return f"{media.id or media.key} ({media.status or 'no status'})"
