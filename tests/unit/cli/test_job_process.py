"""What follows the end of a job's process, by the error that ended its run."""

import pytest

from batch_import.cli.job_process import _end_of
from batch_import.errors import (
    CredentialsRefused,
    Interrupted,
    PlatformUnreachable,
    RunFault,
    StateUnavailable,
    UsageError,
)
from batch_import.sources.source import SourceUnavailable, SourceUnreachable


@pytest.mark.parametrize(
    ("fault", "end"),
    [
        (Interrupted("Interrupted."), "stopped"),
        (PlatformUnreachable("No route."), "later"),
        (StateUnavailable("The database is away."), "later"),
        (SourceUnreachable("No URL could be signed for 900 s."), "later"),
        (CredentialsRefused("No."), "set aside"),
        (SourceUnavailable("The token has expired."), "set aside"),
        (UsageError("A key is not set."), "set aside"),
    ],
)
def test_what_passes_by_itself_is_tried_again_later(fault: RunFault, end: str) -> None:
    assert _end_of(fault)[0] == end
