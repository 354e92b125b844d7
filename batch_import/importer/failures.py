"""What the platform's own words for a failure come to, as a code. Pure.

The platform has no codes for failures, and its texts are not documented: these patterns are
likely words, and what none of them fits keeps the code of the step that failed.
"""

import re
from typing import Final

from batch_import.failure_codes import FailureCode

#: The first that fits counts.
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
    """The code of a failure that the platform tells of.

    Args:
        message: the platform's words.
        otherwise: the code of the step that failed.
    """
    return next((code for pattern, code in _PATTERNS if pattern.search(message)), otherwise)
