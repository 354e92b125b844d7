"""Statuses and reasons in plain words, for people who never saw the program. Pure.

This file must not know where the words are shown.
"""

import re
from dataclasses import dataclass
from typing import Final

from batch_import.models import Status


@dataclass(frozen=True, slots=True)
class Words:
    """How a status is spoken of.

    Attributes:
        label: the status in a word or two.
        meaning: what it means, as a sentence.
        advice: what to do, where a person has to do something.
    """

    label: str
    meaning: str
    advice: str = ""


#: In the order in which people want to see them.
STATUSES: Final = {
    Status.IMPORTED: Words("Imported", "It is online, and can be embedded."),
    Status.PROCESSING: Words("Processing", "The platform has it, and it is not online yet."),
    Status.CREATING: Words("Being sent", "It is on its way to the platform."),
    Status.PENDING: Words("Waiting", "It has not been sent yet."),
    Status.UNKNOWN: Words(
        "Unclear",
        "It was sent and no clear answer came; the video may exist.",
        "Run the import again: it looks for the video. If it stays unclear, look in the account.",
    ),
    Status.FAILED: Words(
        "Failed",
        "The platform said no.",
        "Mend the row in failed.csv and run that file; or, to send it again as it is: retry.",
    ),
    Status.INVALID: Words(
        "Invalid",
        "The manifest's row has a problem; it was not sent.",
        "Correct the row in the manifest, or in failed.csv, and run it again.",
    ),
    Status.SKIPPED: Words("Left out", "It was removed from the manifest before it was sent."),
}
#: Rows that somebody has to look at.
ATTENTION: Final = (Status.FAILED, Status.INVALID, Status.UNKNOWN)

_MEND_SOURCE: Final = (
    "Open the source URL in a private browser window. If the video does not come, correct the URL"
    " or make the file public; then run the row again."
)
_MEND_FILE: Final = (
    "Play the file on your computer. If it plays, save it as MP4 (H.264), put that in its place,"
    " and run the row again."
)
_OWN_REFERENCE: Final = "Give the row a reference id of its own, or delete it as a repetition."
#: What is in a reason, and what to do then; the first that fits counts, and where none does the
#: status's own advice. Of a failed row the words are the platform's: not documented, but likely.
_ADVICE: Final = {
    Status.FAILED: (
        (re.compile(r"already exist|duplicate", re.IGNORECASE), _OWN_REFERENCE),
        (
            re.compile(
                r"not found|download|connect|resolve|host|time.?out|\b40\d|unreachable",
                re.IGNORECASE,
            ),
            _MEND_SOURCE,
        ),
        (
            re.compile(r"codec|format|not a video|can(no|')t be|corrupt|track", re.IGNORECASE),
            _MEND_FILE,
        ),
    ),
    Status.INVALID: (
        (re.compile(r"already|duplicate"), _OWN_REFERENCE),
        (re.compile(r"cells|quotes"), "Look at this line of the manifest: its cells are shifted."),
        (re.compile(r"page of|playlist"), "Give the address of the video file itself."),
        (re.compile(r"cannot reach"), "Put the video where everybody on the internet reaches it."),
        (re.compile(r"stopped working"), "Have the source URL signed anew, and put that in."),
        (re.compile(r"the host (?!of)|such host"), _MEND_SOURCE),
        (
            re.compile(r"damaged by a spreadsheet"),
            "Enter the reference id again, in a column that is formatted as text.",
        ),
        (re.compile(r"reference id"), "Take line breaks and tabs out of the reference id."),
        (re.compile(r"(the|no) extension"), "Give the row its file's extension: mp4, mov, mkv…"),
        (
            re.compile(r"the source URL"),
            "Correct the source URL: one whole address, with https:// in front.",
        ),
        (re.compile(r"the title"), "Give the row a title of one line."),
    ),
}
_NUMBER: Final = re.compile(r"\b\d+\b")


def advice(status: Status, reason: str) -> str:
    """What to do about a row; empty where there is nothing to do."""
    for words, text in _ADVICE.get(status, ()):
        if words.search(reason):
            return text
    return STATUSES[status].advice


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
