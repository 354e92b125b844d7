"""Turn the platform's error message of a failed import into a failure code. No I/O.

The platform has no codes for failures, and does not document its messages. The patterns below are
words that are likely in them. A message that matches no pattern gets the code of the step that
failed.
"""

import re
from typing import Final

from batch_import.failure_codes import FailureCode

#: Patterns of messages and their codes. The first pattern that matches decides.
_PATTERNS: Final = (
    (re.compile(r"already exist|duplicate", re.IGNORECASE), FailureCode.REFERENCE_ID_TAKEN),
    (
        re.compile(
            r"not found|download|connect|resolve|host|time.?out|\b40\d|unreachable", re.IGNORECASE
        ),
        FailureCode.SOURCE_UNAVAILABLE,
    ),
    (
        re.compile(r"codec|format|not a video|can(no|')t be|corrupt|track", re.IGNORECASE),
        FailureCode.FILE_UNREADABLE,
    ),
)


def failure_code(message: str, otherwise: FailureCode) -> FailureCode:
    """Returns the code for an error message of the platform.

    Args:
        message: the platform's error message.
        otherwise: code of the step that failed, returned if no pattern matches.
    """
    return next((code for pattern, code in _PATTERNS if pattern.search(message)), otherwise)
