"""The run ends where nothing succeeds any more, and says which call."""

from batch_import.errors import NoAnswer, PlatformUnreachable, RequestRejected, Throttled
from batch_import.importer.schedule.give_up_timer import GiveUpTimer
from batch_import.importer.scheduled_request import (
    CreateMedia,
    GetAccount,
    GetIngestStatus,
    ReadPage,
)
from batch_import.models import JobRow, MediaPage, Status
from batch_import.viostream.responses import Account, IngestStatus

ROW = JobRow(1, "r1", "https://h/v.mp4", "T", "mp4", Status.PENDING)


def test_a_platform_that_does_not_answer_is_given_up_on() -> None:
    patience = GiveUpTimer(100.0)
    assert patience.record_answer(ReadPage(1), NoAnswer("cut"), 1000.0) is None
    assert patience.record_answer(ReadPage(1), NoAnswer("cut"), 1100.0) is None
    fault = patience.record_answer(ReadPage(1), NoAnswer("cut"), 1101.0)
    assert isinstance(fault, PlatformUnreachable)
    assert fault.message == "The platform has not answered for 101 s (cut)."


def test_a_quiet_time_is_no_failure() -> None:
    patience = GiveUpTimer(100.0)
    assert patience.record_answer(ReadPage(1), MediaPage(()), 0.0) is None
    assert patience.record_answer(ReadPage(1), NoAnswer("cut"), 1000.0) is None


def test_nothing_but_refusals_ends_the_run_and_names_the_call() -> None:
    patience = GiveUpTimer(100.0)
    no = RequestRejected("Not here.", status=404)
    patience.record_answer(ReadPage(1), no, 0.0)
    patience.record_answer(GetAccount(), Account("a"), 50.0)  # it moves no row
    fault = patience.record_answer(CreateMedia(ROW), no, 101.0)
    assert fault is not None
    assert "POST /media/new is refused: Not here. (HTTP 404)" in fault.message


def test_a_row_that_is_processing_is_progress() -> None:
    patience = GiveUpTimer(100.0)
    patience.record_answer(ReadPage(1), RequestRejected("no", status=404), 0.0)
    patience.record_answer(GetIngestStatus(ROW, "i"), IngestStatus("processing"), 60.0)
    assert patience.record_answer(ReadPage(1), RequestRejected("no", status=404), 120.0) is None


def test_a_pause_beyond_all_patience_ends_the_run() -> None:
    fault = GiveUpTimer(100.0).record_answer(
        CreateMedia(ROW), Throttled("Slow.", retry_after=3600.0), 0.0
    )
    assert fault is not None
    assert "of 3600 s (Retry-After)" in fault.message
    assert (
        GiveUpTimer(100.0).record_answer(
            CreateMedia(ROW), Throttled("Slow.", retry_after=99.0), 0.0
        )
        is None
    )
