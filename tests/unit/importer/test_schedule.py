"""The schedule's rules, one by one, on a clock of the test's."""

from collections.abc import Sequence

import pytest

from batch_import.errors import (
    CallFailed,
    CredentialsRefused,
    Forbidden,
    NoAnswer,
    NotSent,
    PlatformUnreachable,
    Rejected,
    Throttled,
)
from batch_import.importer.calls import Answer, AskAccount, AskStatus, Call, Create, Find
from batch_import.importer.schedule import FINISHED, Schedule, Wait, best_media
from batch_import.models import Account, Change, IngestStatus, Media, MediaPage, Row, Status
from batch_import.settings import Settings

SETTINGS = Settings(poll_interval=30, max_wait=600, settle=100, give_up_after=900)


def row(n: int = 1, status: Status = Status.PENDING, **more: object) -> Row:
    return Row(n, f"r{n}", "https://h/v.mp4", "T", "mp4", status, **more)  # type: ignore[arg-type]


def media(status: str = "online", reference: str = "r1", key: str = "k") -> Media:
    return Media("m", key, reference, status=status)


class Play:
    """Drives a schedule by hand."""

    def __init__(self, *rows: Row, settings: Settings = SETTINGS) -> None:
        self.now = 1000.0
        self.schedule = Schedule(settings, self.now)
        self.schedule.admit(rows, self.now)
        self.schedule.no_more_pending()

    def call(self) -> Call:
        """The next call, after waiting for it."""
        step = self.schedule.next(self.now)
        if isinstance(step, Wait):
            self.now = max(self.now, step.until)
            step = self.schedule.next(self.now)
        assert isinstance(step, Create | AskStatus | Find | AskAccount), step
        return step

    def answer(self, answer: Answer) -> Sequence[Change]:
        """Take the next call and answer it."""
        return self.schedule.answered(self.call(), answer, self.now)


def statuses(changes: Sequence[Change]) -> list[Status]:
    return [change.status for change in changes]


def test_a_rows_whole_life() -> None:
    play = Play(row())
    assert isinstance(play.call(), Create)
    (taken,) = play.schedule.answered(Create(row()), "i-1", play.now)
    assert (taken.status, taken.ingest_id, taken.sent_at) == (Status.PROCESSING, "i-1", 1000.0)
    assert play.answer(IngestStatus("processing")) == []
    assert play.now == 1030.0
    assert play.answer(IngestStatus("online")) == []
    (done,) = play.answer(MediaPage((media(),)))
    assert (done.status, done.media) == (Status.IMPORTED, media())
    assert play.schedule.next(play.now) is FINISHED


def test_a_failed_ingest_keeps_the_platforms_words() -> None:
    play = Play(row(status=Status.PROCESSING, ingest_id="i"))
    (failed,) = play.answer(IngestStatus("failed", "codec not known"))
    assert (failed.status, failed.error) == (Status.FAILED, "codec not known")


@pytest.mark.parametrize("word", ["queued", "pending review", "transcoding"])
def test_a_word_that_nobody_knows_is_waited_for(word: str) -> None:
    play = Play(row(status=Status.PROCESSING, ingest_id="i"))
    assert play.answer(IngestStatus(word)) == []
    assert isinstance(play.call(), AskStatus)


@pytest.mark.parametrize("fault", [Throttled("slow"), NotSent("refused")])
def test_a_post_that_surely_did_not_arrive_is_sent_again(fault: CallFailed) -> None:
    play = Play(row())
    assert play.answer(fault) == []
    assert isinstance(play.call(), Create)


def test_a_post_without_an_answer_is_settled_before_anything_else() -> None:
    play = Play(row())
    (lost,) = play.answer(NoAnswer("cut"))
    assert (lost.status, lost.sent_at) == (Status.UNKNOWN, 1000.0)
    assert isinstance(play.call(), Find)
    (found,) = play.schedule.answered(Find(row()), MediaPage((media("processing"),)), play.now)
    assert found.status is Status.PROCESSING
    (done,) = play.answer(MediaPage((media(),)))
    assert done.status is Status.IMPORTED


@pytest.mark.parametrize(
    ("when_unsure", "end"), [("hold", Status.UNKNOWN), ("retry", Status.PENDING)]
)
def test_a_media_that_never_shows_is_not_guessed_at(when_unsure: str, end: Status) -> None:
    play = Play(row(), settings=Settings(settle=100, when_unsure=when_unsure))  # type: ignore[arg-type]
    play.answer(NoAnswer("cut"))
    ended: Sequence[Change] = []
    while not ended:
        call = play.call()
        assert isinstance(call, Find)  # never a second POST
        ended = play.schedule.answered(call, MediaPage(()), play.now)
    assert statuses(ended) == [end]
    assert play.now >= 1100


def test_a_conflict_is_looked_for_not_failed() -> None:
    play = Play(row())
    assert statuses(play.answer(Rejected("exists", status=409))) == [Status.UNKNOWN]
    assert statuses(play.answer(MediaPage((media(),)))) == [Status.IMPORTED]


@pytest.mark.parametrize("status", [400, 404, 422])
def test_a_refusal_fails_the_row_at_once(status: int) -> None:
    (failed,) = Play(row()).answer(Rejected("no such format", status=status))
    assert (failed.status, failed.error) == (Status.FAILED, "no such format")


def test_a_403_of_one_row_is_told_from_one_of_the_credentials() -> None:
    play = Play(row(1), row(2))
    assert play.answer(Forbidden("not yours", status=403)) == []
    assert isinstance(play.call(), AskAccount)
    changes = play.schedule.answered(AskAccount(), Account("a"), play.now)
    assert statuses(changes) == [Status.FAILED]
    assert play.schedule.fault is None
    assert isinstance(play.call(), Create)  # the other row goes on

    play = Play(row(1))
    play.answer(Forbidden("no", status=403))
    assert play.answer(Forbidden("no", status=403)) == []
    assert isinstance(play.schedule.fault, CredentialsRefused)


def test_a_401_stops_the_run() -> None:
    play = Play(row())
    play.answer(Forbidden("who?", status=401))
    assert isinstance(play.schedule.fault, CredentialsRefused)


def test_a_filter_that_the_platform_ignores_is_read_past() -> None:
    play = Play(row(status=Status.UNKNOWN, sent_at=1000.0))
    others = tuple(media(reference=f"x{n}") for n in range(100))
    play.answer(MediaPage(others, total=101))
    call = play.call()
    assert call == Find(row(status=Status.UNKNOWN, sent_at=1000.0), page=2)
    (done,) = play.schedule.answered(call, MediaPage((media(),), total=101), play.now)
    assert done.status is Status.IMPORTED


def test_a_failed_media_counts_only_where_it_is_surely_this_posts() -> None:
    # It may be an earlier POST's, or have been in the account before: simulation seed 514.
    play = Play(row(status=Status.UNKNOWN, sent_at=1000.0, attempt=1))
    assert play.answer(MediaPage((media("failed"),))) == []
    assert statuses(play.answer(MediaPage((media("processing"),)))) == [Status.PROCESSING]
    assert statuses(play.answer(MediaPage((media("failed"),)))) == [Status.FAILED]


def test_another_failed_media_is_not_taken_for_the_one_that_was_found() -> None:
    # Lists may omit ours and show an old one: simulation seed 9249.
    play = Play(row(status=Status.PROCESSING, sent_at=1000.0, media_id="m"))
    old = Media("old", "k0", "r1", status="failed")
    assert play.answer(MediaPage((old,))) == []
    assert statuses(play.answer(MediaPage((media("failed"),)))) == [Status.FAILED]


def test_a_post_refused_for_its_credentials_is_not_lost() -> None:
    # Simulation seed 71: such rows became unknown.
    play = Play(row(1), row(2))
    play.answer(Forbidden("who?", status=401))
    back = play.schedule.withdraw()
    assert sorted((c.number, c.status) for c in back) == [(1, Status.PENDING), (2, Status.PENDING)]


def test_nobody_spins_while_the_account_is_asked() -> None:
    # Simulation seed 237: the wait was until a moment in the past.
    play = Play(row(1), row(2, Status.PROCESSING, ingest_id="i"))
    create = play.call()
    play.schedule.answered(create, Forbidden("no", status=403), play.now)
    assert isinstance(play.call(), AskAccount)
    step = play.schedule.next(play.now)
    assert isinstance(step, Wait)
    assert step.until > play.now


def test_the_media_that_counts() -> None:
    listed = [
        media("failed", key="1"),
        media("processing", key="2"),
        media("online", key="3"),
        media("online", key="4"),
        media("online", "R1", "5"),
    ]
    assert best_media(listed, "r1") == listed[2]
    assert best_media(listed[:2], "r1") == listed[1]
    assert best_media(listed[4:], "r1") is None


def test_waiting_is_not_failing() -> None:
    play = Play(row(status=Status.PROCESSING, ingest_id="i"), settings=Settings(max_wait=70))
    looks = 0
    while (step := play.schedule.next(play.now)) is not FINISHED:
        if isinstance(step, Wait):
            play.now = step.until
            continue
        looks += 1
        assert isinstance(step, AskStatus)
        assert play.schedule.answered(step, IngestStatus("processing"), play.now) == []
    assert play.now == 1070.0
    assert looks == 4  # at 0, 30, 60 and a last time at 70


def test_a_platform_that_is_down_is_given_up_on_in_the_end() -> None:
    play = Play(row())
    play.answer(NotSent("refused"))
    assert play.schedule.fault is None
    play.now += 901
    play.answer(NotSent("refused"))
    assert isinstance(play.schedule.fault, PlatformUnreachable)


def test_rows_under_way_are_capped() -> None:
    schedule = Schedule(Settings(max_in_flight=3, rate=100.0), 0.0)
    assert schedule.wanted() == 3
    schedule.admit([row(1), row(2), row(3)], 0.0)
    for _ in range(3):
        call = schedule.next(0.0)
        assert isinstance(call, Create)
        schedule.answered(call, f"i{call.row.number}", 0.0)
    assert schedule.wanted() == 0


def test_finished_videos_show_while_others_wait_to_be_created() -> None:
    play = Play(*(row(n) for n in range(1, 9)), row(9, Status.PROCESSING, ingest_id="i"))
    calls = [play.call() for _ in range(5)]
    assert [type(call) for call in calls].count(AskStatus) == 1


def test_what_never_left_goes_back() -> None:
    play = Play(row(1), row(2))
    play.answer("i-1")
    assert [(c.number, c.status) for c in play.schedule.withdraw()] == [(2, Status.PENDING)]
