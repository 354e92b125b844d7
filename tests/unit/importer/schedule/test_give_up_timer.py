"""The run ends if nothing succeeds for too long; the error names the request."""

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


def test_a_run_ends_if_the_platform_does_not_answer_for_too_long() -> None:
    patience = GiveUpTimer(100.0)
    assert patience.record_answer(ReadPage(1), NoAnswer("cut"), 1000.0) is None
    assert patience.record_answer(ReadPage(1), NoAnswer("cut"), 1100.0) is None
    fault = patience.record_answer(ReadPage(1), NoAnswer("cut"), 1101.0)
    assert isinstance(fault, PlatformUnreachable)
    assert fault.message == "The platform has not answered for 101 s (cut)."


def test_time_without_requests_does_not_end_the_run() -> None:
    patience = GiveUpTimer(100.0)
    assert patience.record_answer(ReadPage(1), MediaPage(()), 0.0) is None
    assert patience.record_answer(ReadPage(1), NoAnswer("cut"), 1000.0) is None


def test_a_run_with_only_refusals_ends_and_the_error_names_the_request() -> None:
    patience = GiveUpTimer(100.0)
    no = RequestRejected("Not here.", status=404)
    patience.record_answer(ReadPage(1), no, 0.0)
    patience.record_answer(GetAccount(), Account("a"), 50.0)  # it moves no row
    fault = patience.record_answer(CreateMedia(ROW), no, 101.0)
    assert fault is not None
    assert "POST /media/new is refused: Not here. (HTTP 404)" in fault.message


def test_a_row_that_is_processing_counts_as_progress() -> None:
    patience = GiveUpTimer(100.0)
    patience.record_answer(ReadPage(1), RequestRejected("no", status=404), 0.0)
    patience.record_answer(GetIngestStatus(ROW, "i"), IngestStatus("processing"), 60.0)
    assert patience.record_answer(ReadPage(1), RequestRejected("no", status=404), 120.0) is None


def test_a_retry_after_longer_than_give_up_after_ends_the_run() -> None:
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
