"""Turn the platform's error message of a failed import into a failure code. No I/O.

The platform has no codes for failures, and does not document its error messages. The patterns below
are words that such messages probably contain. A message that matches no pattern gets the general
code of the failed step: the POST, or the processing of the video.
"""

import re
from typing import Final

from batch_import.failure_codes import FailureCode

#: Pairs of a pattern and the code of the messages that contain it. The first match decides.
_CODES_BY_PATTERN: Final = (
    # Such as "A media with this ID already exists".
    (re.compile(r"already exist|duplicate", re.IGNORECASE), FailureCode.REFERENCE_ID_TAKEN),
    # Such as "Download failed: 404", "Could not resolve host" or "Connection timed out".
    (
        re.compile(
            r"not found|download|connect|resolve|host|time.?out|\b40\d|unreachable", re.IGNORECASE
        ),
        FailureCode.SOURCE_UNAVAILABLE,
    ),
    # Such as "Unsupported codec", "The file cannot be read" or "can't be read".
    (
        re.compile(r"codec|format|not a video|can(no|')t be|corrupt|track", re.IGNORECASE),
        FailureCode.FILE_UNREADABLE,
    ),
)


def failure_code(message: str, default_code: FailureCode) -> FailureCode:
    """Returns the failure code for an error message of the platform.

    Args:
        message: the platform's error message.
        default_code: code of the failed step. It is returned if no pattern matches.
    """
    for pattern, code in _CODES_BY_PATTERN:
        if pattern.search(message):
            return code
    return default_code
