"""What a row of the job is found to be in the account. Pure.

This file must not know how the account was read, nor where a finding is written to.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from batch_import.addresses.masking import mask
from batch_import.failure_codes import FailureCode
from batch_import.importer.schedule.ownership import best_of, normalised, other_media
from batch_import.models import Media, Record, Status


class Verdict(StrEnum):
    """How a row compares with the account. Of several faults the first one here counts."""

    #: The row is imported, but the account does not have its media.
    MISSING = "missing"
    #: The media exists, but cannot be played; `detail` has its status.
    NOT_ONLINE = "not online"
    #: The media has another key: the embed code does not show it.
    KEY_DIFFERS = "key differs"
    #: Other media have the same reference ID and have not failed; `detail` names them.
    TWICE = "there twice"
    #: The title is not the one that was sent; people may have edited it since.
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
FAULTS: Final = frozenset(Verdict) - {Verdict.AS_EXPECTED, Verdict.REMOVED, Verdict.NOT_NAMED}

#: The columns of `verify.csv`; people script against them.
COLUMNS: Final = (
    "line referenceId filename verdict detail status"
    " mediaId key title mediaStatus createdDate embedUrl"
).split()


@dataclass(frozen=True, slots=True)
class Finding:
    """What a row is found to be.

    Attributes:
        detail: what a person must know of it.
        media: what the account has for it.
    """

    verdict: Verdict
    detail: str = ""
    media: Media | None = None


def judged(record: Record, found: Sequence[Media], page_fault: str = "") -> Finding:
    """Compare a row with the account.

    Args:
        found: its own media, and those that have its reference ID and are no other row's.
        page_fault: why its embed page does not come; empty where it does, or was not asked for.
    """
    if record.removed or record.status is Status.SKIPPED:
        return _removed(record, found)
    if record.status is not Status.IMPORTED:
        return _not_imported(record, found)
    own = _own(record, found)
    if own is None:
        return Finding(Verdict.MISSING, _said_of(_best(record, found)))
    faults = [*_faults(record, own, found)]
    if page_fault:
        faults.append((Verdict.EMBED_FAILS, page_fault))
    details = [detail for _, detail in faults]
    if own.reference_id not in ("", record.reference_id):
        details.append(f"it has the reference ID {own.reference_id} now")
    verdict = faults[0][0] if faults else Verdict.AS_EXPECTED
    return Finding(verdict, "; ".join(details), own)


def line_of(record: Record, finding: Finding, embed_url: str) -> list[str]:
    """A row's line of `verify.csv`. What is secret in a URL is masked."""
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


def line_of_other(media: Media) -> list[str]:
    """The line of `verify.csv` of a media that no row names."""
    return ["", media.reference_id, "", str(Verdict.NOT_NAMED), "", "", *_cells(media), ""]


def _cells(media: Media | None) -> list[str]:
    if media is None:
        return [""] * 5
    return [media.id, media.key, mask(media.title), media.status, media.created_date]


def _own(record: Record, found: Sequence[Media]) -> Media | None:
    """The media that the row became; by its key where the platform gives no ids."""
    same_id = (media for media in found if media.id and media.id == record.media_id)
    same_key = (media for media in found if media.key and media.key == record.key)
    return next(same_id, None) or next(same_key, None)


def _faults(record: Record, own: Media, found: Sequence[Media]) -> list[tuple[Verdict, str]]:
    # A list without statuses takes nothing back: the row was online when it was imported.
    online = own.status in ("online", "")
    others = other_media([m for m in found if m.reference_id == record.reference_id], own)
    faults = [] if online else [(Verdict.NOT_ONLINE, f"its status is {own.status}")]
    if own.key != record.key:
        faults.append((Verdict.KEY_DIFFERS, f"the results have the key {record.key}"))
    if others:
        faults.append((Verdict.TWICE, others))
    overridden = FailureCode.TITLE_OVERRIDDEN in record.codes
    if normalised(own.title) != normalised(record.filename) and not overridden:
        titles = f"“{own.title.strip()}” in the account, “{record.filename.strip()}” was sent"
        faults.append((Verdict.TITLE_DIFFERS, titles))
    return faults


def _best(record: Record, found: Sequence[Media]) -> Media | None:
    """The media with the row's reference ID that counts."""
    return best_of([media for media in found if media.reference_id == record.reference_id])


def _not_imported(record: Record, found: Sequence[Media]) -> Finding:
    media = _best(record, found)
    usable = media if media and media.status != "failed" else None
    if usable is None:
        what = str(record.status)
    elif usable.status == "online":
        what = f"there, though {record.status}: {_named(usable)}"
    else:
        what = f"{record.status}, and there: {_named(usable)}"
    return Finding(Verdict.NOT_IMPORTED, "; ".join(filter(None, (what, record.reason))), usable)


def _removed(record: Record, found: Sequence[Media]) -> Finding:
    media = _own(record, found) or _best(record, found)
    return Finding(Verdict.REMOVED, f"there: {_named(media)}" if media else "not there", media)


def _said_of(other: Media | None) -> str:
    return f"another media has its reference ID: {_named(other)}" if other else ""


def _named(media: Media) -> str:
    return f"{media.id or media.key} ({media.status or 'no status'})"
