"""Rows whose media are already in the account adopt them, even while other users delete media.

To adopt a media is to use an existing media of the account for a row instead of creating one.
"""

import pytest

from batch_import.configuration.settings import Settings
from batch_import.importer.dispatch import Dispatcher
from batch_import.models import ManifestRow, Status
from batch_import.rehearsal.virtual import VirtualRun
from batch_import.sandbox.knobs import Knobs
from batch_import.sandbox.platform import SimulatedPlatform
from batch_import.sandbox.replies import SimulatedReply, SimulatedRequest
from batch_import.state.store import Store
from batch_import.viostream.rate_limiter import RateLimiter

#: Epoch seconds at which the simulated time starts.
START = 1_700_000_000.0
#: Number of media of rows, and of newer media of other users.
ROWS, NEWER = 1_600, 400


class Account(SimulatedPlatform):
    """A platform with a media for each row, and newer media of other users.

    While the list is read, the newest media are deleted. Therefore the other media move to earlier
    pages.

    Args:
        pages: number of pages that are read before the deletion.
        deleted: number of media that are deleted.
    """

    def __init__(self, knobs: Knobs, pages: int, deleted: int) -> None:
        super().__init__(knobs, start=START - 1_000.0)
        self._pages, self._deleted = pages, deleted
        for number in range(1, ROWS + 1):
            name = f"row-{number}"
            self.new_media(START - 500.0, reference_id=name, title=name)
        self._newer = [self.new_media(START - 400.0, foreign=True) for _ in range(NEWER)]

    def handle(self, request: SimulatedRequest, now: float) -> SimulatedReply:
        if self.calls["list"] == self._pages:
            while self._deleted and self._newer:
                self._catalogue.delete(self._newer.pop())
                self._deleted -= 1
        return super().handle(request, now)


@pytest.mark.parametrize(
    ("knobs", "pages", "deleted"),
    [
        (Knobs(), 10, 300),
        (Knobs(), 19, 300),
        (Knobs(page_limit=30), 20, 400),
        (Knobs(page_number="clamped"), 10, 300),
        (Knobs(page_number="ignored"), 2, 300),
    ],
)
def test_deleted_media_hide_no_row(knobs: Knobs, pages: int, deleted: int) -> None:
    account = Account(knobs, pages, deleted)
    settings = Settings(rate=20.0)
    with Store(None) as store:
        store.load([_row(number) for number in range(1, ROWS + 1)], START)
        dispatcher = Dispatcher(settings, store, RateLimiter(settings.rate, START), START)
        run = VirtualRun(
            dispatcher,
            account,
            start=START,
            workers=4,
            latency=(0.05, 0.2),
            timeout=60.0,
            seed=1,
        )
        run.run()
        assert {record.status for record in store.reader.records()} == {Status.IMPORTED}
    assert run.sent_counts["CreateMedia"] == 0


def _row(number: int) -> ManifestRow:
    name = f"row-{number}"
    return ManifestRow(number + 1, name, name, f"https://media.example/{name}.mp4", name, "mp4", ())
