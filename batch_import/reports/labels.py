"""The name, the meaning and the advice of each status, for all outputs. No I/O.

This module must not know where the texts are shown.
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
        meaning: what it means, as a sentence.
        advice: what to do, if a person has to do something.
    """

    label: str
    meaning: str
    advice: str = ""


#: In the order in which people want to see them. The label is the value of the status, so that
#: terminal, workbook, page and JSON use the same name.
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


def needs_attention(status: Status, codes: Iterable[str]) -> bool:
    """Whether a person has to check a row.

    A pending row needs attention only if its POSTs created no video, which a code says.
    """
    return status in ATTENTION or (status is Status.PENDING and any(codes))


_FIX_SOURCE: Final = (
    "Open the source URL in a private browser window. If the video does not come, correct the URL"
    " or make the file public; then run the row again."
)
_FIX_FILE: Final = (
    "Play the file on your computer. If it plays, save it as MP4 (H.264), put that in its place,"
    " and run the row again."
)
_ID_TAKEN: Final = (
    "If the video in the account is the row's own, use retry with the setting adopt: any."
    " If it is not, give the row a reference id of its own."
)
#: What to do about a failure, by its code. Other failures have the advice of the row's status.
_ADVICE: Final[Mapping[str, str]] = {
    FailureCode.REFERENCE_ID_TAKEN: _ID_TAKEN,
    FailureCode.SOURCE_UNAVAILABLE: _FIX_SOURCE,
    FailureCode.REFERENCE_REFUSED: (
        "Correct the reference in the manifest, or the rights of your credentials to read the file;"
        " then run the row again."
    ),
    FailureCode.FILE_UNREADABLE: _FIX_FILE,
    FailureCode.KEY_MISSING: (
        "Run the import again: it asks for the key. If there is none, look at the video in the"
        " account."
    ),
    POSSIBLE_DUPLICATE_CODE: (
        "Run the import again and say whether it is the same video: same-videos yes or no."
    ),
}
_NUMBER: Final = re.compile(r"\b\d+\b")


def advice(status: Status, codes: Iterable[str], error: str) -> str:
    """Returns what to do about a row, with secrets masked; empty if there is nothing to do.

    For a row with a problem, this is the hint of the problem, as `check` shows it.

    Args:
        codes: codes of its failure.
        error: the row's error, as it is in the job database.
    """
    codes = tuple(codes)
    if not needs_attention(status, codes):
        return ""
    if status is Status.INVALID and (hint := error.partition("\n")[2]):
        return mask(hint)
    found = dict.fromkeys(_ADVICE[code] for code in codes if code in _ADVICE)
    return " ".join(found) or STATUSES[status].advice


def without_numbers(reason: str) -> str:
    """Returns a reason without its numbers, so that the same cause in many rows counts as one."""
    return _NUMBER.sub("…", reason) or "No reason was given."


def parse_duration(duration: str) -> float | None:
    """Returns a duration of the platform in seconds; None if there is none.

    The platform gives `"00:01:05"` (Viostream API guide), or seconds (the vendor's client).
    """
    try:
        parts = [float(part) for part in duration.split(":")]
    except ValueError:
        return None
    if len(parts) > 3 or any(not 0 <= part < 1e7 for part in parts):  # noqa: PLR2004 - h:m:s
        return None
    total = 0.0
    for part in parts:
        total = total * 60 + part
    return total
