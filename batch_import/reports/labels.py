"""The texts about each status: its name, its meaning, and what a person can do. No I/O.

All outputs use them: terminal, workbook, page and JSON. This module must not know where the texts
are shown.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from batch_import.addresses.masking import mask
from batch_import.failure_codes import FailureCode
from batch_import.models import POSSIBLE_DUPLICATE_CODE, Status


@dataclass(frozen=True, slots=True)
class StatusText:
    """The texts about a status.

    Attributes:
        label: the status in one or two words.
        meaning: what the status means, as a sentence.
        advice: what a person can do about the row; empty if nothing is to be done.
    """

    label: str
    meaning: str
    advice: str = ""


#: The texts of all statuses, in the order in which people see them. Each label is the value of the
#: status with a capital letter, except that `creating` is shown as processing.
STATUSES: Final = {
    Status.IMPORTED: StatusText("Imported", "It is online, and can be embedded."),
    Status.PROCESSING: StatusText("Processing", "The platform has it, and it is not online yet."),
    Status.CREATING: StatusText("Processing", "It is on its way to the platform."),
    Status.PENDING: StatusText(
        "Pending", "It has not been sent yet.", "Run the same command again: it is sent then."
    ),
    Status.UNKNOWN: StatusText(
        "Unknown",
        "It was sent and no clear answer came; the video may exist.",
        "Run the import again: it looks for the video. If it stays unknown, look in the account.",
    ),
    Status.FAILED: StatusText(
        "Failed",
        "The platform refused it, or could not process the video.",
        "Correct the row in failed.csv and run that file; or send it again unchanged with retry.",
    ),
    Status.INVALID: StatusText(
        "Invalid",
        "The manifest's row has a problem; it was not sent.",
        "Correct the row in the manifest, or in failed.csv, and run it again.",
    ),
    Status.SKIPPED: StatusText("Skipped", "It was removed from the manifest before it was sent."),
}
#: Statuses of rows that a person has to check.
ATTENTION: Final = (Status.FAILED, Status.INVALID, Status.UNKNOWN)
#: Statuses of rows that a person has to check if they have a code.
_ATTENTION_WITH_CODE: Final = (Status.PENDING, Status.PROCESSING)


def needs_attention(status: Status, codes: Iterable[str]) -> bool:
    """Whether a person has to check a row.

    A pending row needs attention only if it was sent before and created no video. A processing row
    needs attention only if a run stopped waiting for it. Only then these rows have a code.

    Args:
        status: the status that is shown to people.
        codes: failure codes of the row.
    """
    has_code = any(codes)
    return status in ATTENTION or (status in _ATTENTION_WITH_CODE and has_code)


_FIX_SOURCE: Final = (
    "Open the source URL in a private browser window. If the video does not load, correct the URL"
    " or make the file public; then run the row again."
)
_FIX_FILE: Final = (
    "Play the file on your computer. If it plays, save it as MP4 (H.264), replace the file with the"
    " new one, and run the row again."
)
_ID_TAKEN: Final = (
    "If the video in the account is the video of this row, use retry with the setting"
    " adopt: any. Otherwise give the row another reference id."
)
_LOOK_FOR_VIDEO: Final = (
    "Run the import again later: it looks for the video. If the video is not in the account, give"
    " the row another reference id, or use when-unsure: retry if the row is unknown."
)
#: Failure code → what to do. For other failures, the advice of the row's status is used.
_ADVICE: Final[Mapping[str, str]] = {
    FailureCode.REFERENCE_ID_TAKEN: _ID_TAKEN,
    FailureCode.SOURCE_UNAVAILABLE: _FIX_SOURCE,
    FailureCode.REFERENCE_REFUSED: (
        "Correct the reference in the manifest, or the rights of your credentials to read the file;"
        " then run the row again."
    ),
    FailureCode.FILE_UNREADABLE: _FIX_FILE,
    FailureCode.KEY_MISSING: (
        "Run the import again: it requests the key. If there is no key, look at the video in the"
        " account."
    ),
    FailureCode.STILL_PROCESSING: (
        "Run the import again later: it looks at the video again. If the row stays processing for"
        " days, look for its reference id in the account."
    ),
    FailureCode.MEDIA_MISSING: _LOOK_FOR_VIDEO,
    FailureCode.INGEST_SHARED: (
        "Two rows may have the same source URL. If the row needs no video of its own, remove it"
        " from the manifest. Otherwise give it another source URL and another reference id."
    ),
    FailureCode.MEDIA_STATUS: (
        "Look at the video in the account, and publish or restore it; then run the import again, or"
        " retry if the row has failed. If the row needs another video, give the row another"
        " reference id."
    ),
    POSSIBLE_DUPLICATE_CODE: (
        "Run the import again and say whether it is the same video: same-videos yes or no."
    ),
}
_NUMBER: Final = re.compile(r"\b\d+\b")


def advice(status: Status, codes: Iterable[str], error: str) -> str:
    """Returns what a person can do about a row, with secrets masked; empty for nothing.

    For a row whose manifest row has a problem, it is the hint of the problem, as `check` shows it.

    Args:
        status: the status that is shown to people.
        codes: failure codes of the row.
        error: error of the row, as stored in the job database: a reason, and hints on further
            lines.
    """
    codes = tuple(codes)
    if not needs_attention(status, codes):
        return ""
    hint = error.partition("\n")[2]
    if status is Status.INVALID and hint:
        return mask(hint)
    texts = dict.fromkeys(_ADVICE[code] for code in codes if code in _ADVICE)
    return " ".join(texts) or STATUSES[status].advice


def without_numbers(reason: str) -> str:
    """Returns a reason with `…` for each number, so that similar reasons become equal."""
    return _NUMBER.sub("…", reason)


def parse_duration(duration: str) -> float | None:
    """Returns the seconds of a duration in the form of the platform; None if it is not valid.

    The platform returns `"00:01:05"` (Viostream API guide), or seconds (the vendor's own client).
    """
    try:
        parts = [float(part) for part in duration.split(":")]
    except ValueError:
        return None
    if len(parts) > 3 or any(not 0 <= part < 1e7 for part in parts):  # noqa: PLR2004 - h:m:s
        return None
    seconds = 0.0
    for part in parts:
        seconds = seconds * 60 + part
    return seconds
