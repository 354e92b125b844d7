"""What each status is called, what it means and what to do: the one place for every output. Pure.

This file must not know where the words are shown.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from batch_import.failure_codes import FailureCode
from batch_import.models import POSSIBLE_DUPLICATE, Status


@dataclass(frozen=True, slots=True)
class StatusText:
    """How a status is spoken of.

    Attributes:
        label: the status in a word or two.
        meaning: what it means, as a sentence.
        advice: what to do, where a person has to do something.
    """

    label: str
    meaning: str
    advice: str = ""


#: In the order in which people want to see them. A label is the status itself, so that terminal,
#: spreadsheet, page and JSON call it by one name.
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
#: Rows that somebody has to look at.
ATTENTION: Final = (Status.FAILED, Status.INVALID, Status.UNKNOWN)


def needs_attention(status: Status, codes: Iterable[str]) -> bool:
    """Whether somebody has to look at a row.

    A row that waits does only where its POSTs made no video: a code says so.
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
_OWN_REFERENCE: Final = "Give the row a reference id of its own, or delete the duplicate."
_ID_TAKEN: Final = (
    "If the video in the account is the row's own, run the row again with the setting adopt: any."
    " If it is not, give the row a reference id of its own."
)
_CELLS: Final = "Look at this line of the manifest: its cells are shifted."
_URL: Final = "Correct the source URL: one whole address, with https:// in front."
_VIDEO_FILE: Final = "Give the address of the video file itself."
_PUBLIC: Final = "Put the video where everybody on the internet reaches it."
_TITLE: Final = "Give the row a title of one line."
_EXTENSION: Final = "Give the row its file's extension: mp4, mov, mkv…"
#: What to do about a problem or a failure, by its code; a code that is not here has the advice of
#: the row's status.
_ADVICE: Final[Mapping[str, str]] = {
    FailureCode.REFERENCE_ID_TAKEN: _ID_TAKEN,
    FailureCode.SOURCE_UNAVAILABLE: _FIX_SOURCE,
    FailureCode.FILE_UNREADABLE: _FIX_FILE,
    FailureCode.KEY_MISSING: (
        "Run the import again: it asks for the key. If there is none, look at the video in the"
        " account."
    ),
    "width": _CELLS,
    "quoting": _CELLS,
    "syntax": "Look at this line of the manifest: it is no JSON.",
    "repeated-key": "Look at this object of the manifest: a key is in it more than once.",
    "renditions": "Leave one file of this object, or give each a title and an id of its own.",
    "url-missing": _URL,
    "url-scheme": _URL,
    "url-host": _URL,
    "url-characters": _URL,
    "url-several": _URL,
    "url-length": _URL,
    "url-private": _PUBLIC,
    "url-page": _VIDEO_FILE,
    "url-playlist": _VIDEO_FILE,
    "url-masked": "Take the source URL from failed.csv or the manifest, not from the results.",
    POSSIBLE_DUPLICATE: (
        "Run the import again and say whether it is the same video: same-videos yes or no."
    ),
    "url-expired": "Have the source URL signed anew, and put that in.",
    "filename-missing": _TITLE,
    "filename-characters": _TITLE,
    "extension-missing": _EXTENSION,
    "extension-unknown": _EXTENSION,
    "duplicate-reference": _OWN_REFERENCE,
    "duplicate-row": "Remove one of the two rows, or give each a reference id.",
    "reference-invisible": "Type the reference id again, without invisible characters.",
    "reference-characters": "Take line breaks and tabs out of the reference id.",
    "reference-damaged": ("Enter the reference id again, in a column that is formatted as text."),
    "source-forbidden": _FIX_SOURCE,
    "source-missing": _FIX_SOURCE,
    "source-refused": _FIX_SOURCE,
    "source-page": _FIX_SOURCE,
    "source-host": _FIX_SOURCE,
    "source-certificate": _FIX_SOURCE,
    "source-redirect": _FIX_SOURCE,
    "source-private": _PUBLIC,
    "source-empty": _VIDEO_FILE,
    "source-not-video": _VIDEO_FILE,
}
_NUMBER: Final = re.compile(r"\b\d+\b")


def advice(status: Status, codes: Iterable[str]) -> str:
    """What to do about a row; empty where there is nothing to do.

    Args:
        codes: of its problems, or of its failure.
    """
    codes = tuple(codes)
    if not needs_attention(status, codes):
        return ""
    found = dict.fromkeys(_ADVICE[code] for code in codes if code in _ADVICE)
    return " ".join(found) or STATUSES[status].advice


def cause(reason: str) -> str:
    """A reason without its numbers, so that the same cause in many rows counts as one."""
    return _NUMBER.sub("…", reason) or "No reason was given."


def seconds(duration: str) -> float | None:
    """A duration in seconds; None where there is none.

    The platform gives `"00:01:05"` (guide), or seconds (vendor's client).
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
