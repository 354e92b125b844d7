"""The error messages of the platform, as codes."""

import pytest

from batch_import.failure_codes import FailureCode
from batch_import.importer.failures import failure_code


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("The source could not be downloaded: host not found.", FailureCode.SOURCE_UNAVAILABLE),
        ("HTTP 404 without a reason", FailureCode.SOURCE_UNAVAILABLE),
        ("The source is not a video that can be read.", FailureCode.FILE_UNREADABLE),
        ("A media with this reference id already exists.", FailureCode.REFERENCE_ID_TAKEN),
        ("Validation failed", FailureCode.REJECTED),
        ("", FailureCode.REJECTED),
    ],
)
def test_a_usual_error_message_of_the_platform_has_a_code(message: str, code: FailureCode) -> None:
    assert failure_code(message, FailureCode.REJECTED) is code
