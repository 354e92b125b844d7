"""Whether a POST may be repeated."""

import pytest

from batch_import.errors import (
    AuthenticationFailed,
    NoAnswer,
    NotSent,
    RequestFailed,
    RequestRejected,
    Throttled,
    TimedOut,
)
from batch_import.importer.schedule.repeat import (
    MAX_LATE_ARRIVAL_SECONDS,
    CreateOutcome,
    ListConsistency,
    PostEnd,
    create_outcome,
    is_transport_failure,
    post_end,
)

PROBABLY_ENDED = PostEnd.PROBABLY_ENDED


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ("ingest-1", CreateOutcome.CREATED),
        (Throttled("slow down", status=429), CreateOutcome.NOT_CARRIED_OUT),
        (NotSent("refused"), CreateOutcome.NOT_CARRIED_OUT),
        (NoAnswer("cut"), CreateOutcome.UNCLEAR),
        (NoAnswer("down", status=503), CreateOutcome.UNCLEAR),
        (RequestRejected("portal", status=302), CreateOutcome.UNCLEAR),
        (RequestRejected("exists", status=409), CreateOutcome.CONFLICT),
        (RequestRejected("bad", status=422), CreateOutcome.REFUSED),
        (RequestRejected("no such page", status=404), CreateOutcome.NO_ENDPOINT),
        (RequestRejected("no such method", status=405), CreateOutcome.NO_ENDPOINT),
        (RequestRejected("gone", status=410), CreateOutcome.NO_ENDPOINT),
        (NoAnswer("not implemented", status=501), CreateOutcome.NO_ENDPOINT),
        (AuthenticationFailed("no", status=403), CreateOutcome.REFUSED),
    ],
)
def test_the_outcome_of_a_post_follows_from_its_answer(
    answer: str | RequestFailed, outcome: CreateOutcome
) -> None:
    assert create_outcome(answer) is outcome


def test_answers_of_the_platform_are_no_transport_failures() -> None:
    assert is_transport_failure(NoAnswer("cut"))
    assert is_transport_failure(NotSent("refused"))
    assert is_transport_failure(RequestRejected("portal", status=302))
    assert not is_transport_failure(RequestRejected("no", status=400))
    assert not is_transport_failure(Throttled("slow down", status=429))
    assert not is_transport_failure("ingest-1")


def without_late_posts() -> ListConsistency:
    """Return the consistency of lists on a platform that carries out no POST late."""
    consistency = ListConsistency()
    for _ in range(5):
        consistency.record_arrival(0.0, PROBABLY_ENDED)
    return consistency


def list_consistency(count: int, hidden: float = 0.0, *, done: bool = True) -> ListConsistency:
    """Return the consistency of lists that showed `count` media, each after `hidden` seconds."""
    consistency = without_late_posts()
    for _ in range(count):
        consistency.record_hidden(hidden)
        consistency.record_shown(hidden + 1, hidden_age=hidden, is_first=True, is_done=done)
    return consistency


def test_seven_media_prove_nothing() -> None:
    assert list_consistency(7).proof_age(0.0, PROBABLY_ENDED) is None
    assert list_consistency(8).proof_age(0.0, PROBABLY_ENDED) is not None


def test_nothing_is_proven_if_it_is_not_known_how_long_lists_lack_a_media() -> None:
    consistency = list_consistency(600)
    assert consistency.visible_age(None) is None
    assert consistency.proof_age(None, PROBABLY_ENDED) is None
    assert not consistency.proves_absence([100, 200, 1e9], None, PROBABLY_ENDED)


def test_absences_prove_nothing_if_they_are_too_early_or_too_close() -> None:
    consistency = list_consistency(600)
    proof = consistency.proof_age(0.0, PROBABLY_ENDED)
    assert proof is not None
    assert proof <= 4
    assert consistency.proves_absence([1, 2, proof], 0.0, PROBABLY_ENDED)
    assert not consistency.proves_absence([1, 2, proof - 0.1], 0.0, PROBABLY_ENDED)
    assert not consistency.proves_absence([proof, proof + 0.5], 0.0, PROBABLY_ENDED)
    assert not consistency.proves_absence([], 0.0, PROBABLY_ENDED)


def test_the_margin_is_wider_if_fewer_media_were_seen() -> None:
    few, many = (
        list_consistency(10, 60).proof_age(0.0, PROBABLY_ENDED),
        list_consistency(600, 60).proof_age(0.0, PROBABLY_ENDED),
    )
    assert few is not None
    assert many is not None
    assert many < 1.2 * 60 + 3 < few


def test_the_margin_is_wider_if_the_hidden_times_have_a_long_tail() -> None:
    even, uneven = list_consistency(600, 60), list_consistency(600, 60)
    uneven.record_hidden(120)
    uneven.record_shown(121, hidden_age=120, is_first=True, is_done=True)
    assert (
        (uneven.proof_age(0.0, PROBABLY_ENDED) or 0)
        > 200
        > (even.proof_age(0.0, PROBABLY_ENDED) or 0)
        > 60
    )


def test_the_margin_depends_on_the_spread_of_the_eight_largest_ages() -> None:
    def proof_age(*hidden_ages: float) -> float:
        consistency = ListConsistency()
        for age in hidden_ages:
            consistency.record_shown(age + 1, hidden_age=age, is_first=True, is_done=True)
        return consistency.proof_age(0.0, PROBABLY_ENDED) or 0.0

    others = [60.0, 65.0, 70.0, 75.0, 80.0, 85.0]
    usual = proof_age(50.0, 55.0, *others, 90.0)
    assert usual > 90.0
    assert proof_age(50.0, 57.0, *others, 90.0) == pytest.approx(usual - 2.0)
    assert proof_age(50.0, 55.0, 62.0, *others[1:], 90.0) == pytest.approx(usual)
    assert proof_age(40.0, 55.0, *others, 90.0) == pytest.approx(usual), "the ninth"


def test_a_media_without_lists_for_long_counts_until_many_were_watched_closely() -> None:
    few, many = list_consistency(60, 10.0), list_consistency(600, 10.0)
    for consistency in (few, many):
        consistency.record_shown(50.0, hidden_age=5.0, is_first=True, is_done=True)
    assert (few.proof_age(0.0, PROBABLY_ENDED) or 0) > 50
    assert (many.proof_age(0.0, PROBABLY_ENDED) or 0) < 15


def test_a_media_that_no_earlier_list_could_show_counts_as_hidden_until_then() -> None:
    few, many = without_late_posts(), without_late_posts()
    for consistency, count in ((few, 17), (many, 600)):
        for _ in range(count):
            consistency.record_shown(290.0, hidden_age=0.0, is_first=True, is_done=True)
    assert (few.proof_age(0.0, PROBABLY_ENDED) or 0) > 1.4 * 290
    assert 290 < (many.proof_age(0.0, PROBABLY_ENDED) or 0) < 1.1 * 290


def test_the_last_absence_proves_even_if_the_previous_one_was_just_before() -> None:
    consistency = list_consistency(600)
    proof = consistency.proof_age(0.0, PROBABLY_ENDED)
    assert proof is not None
    assert consistency.proves_absence([1, proof - 0.5, proof], 0.0, PROBABLY_ENDED)


def proof_age_after(*arrivals: float, end: PostEnd = PROBABLY_ENDED) -> float:
    """Return the proof age after lists showed the media of POSTs without a clear answer."""
    consistency = ListConsistency()
    for _ in range(600):
        consistency.record_shown(0.5, hidden_age=0.0, is_first=True, is_done=True)
    for seconds_late in arrivals:
        consistency.record_arrival(seconds_late, PROBABLY_ENDED)
    age = consistency.proof_age(0.0, end)
    assert age is not None
    return age


def test_each_media_that_was_created_in_time_halves_the_wait_for_late_posts() -> None:
    first = proof_age_after()
    assert first > MAX_LATE_ARRIVAL_SECONDS
    assert proof_age_after(0.0) == pytest.approx(first - MAX_LATE_ARRIVAL_SECONDS / 2)
    assert proof_age_after(*[0.0] * 3) == pytest.approx(first - MAX_LATE_ARRIVAL_SECONDS * 7 / 8)
    assert proof_age_after(*[0.0] * 5) == proof_age_after(*[0.0] * 50)


def test_a_late_media_lengthens_the_wait_for_late_posts() -> None:
    first, many_in_time = proof_age_after(), [0.0] * 50
    assert proof_age_after(*many_in_time, 12.0, 5.0) == pytest.approx(first + 12.0)


def test_media_in_time_do_not_shorten_the_wait_for_an_open_post() -> None:
    assert proof_age_after(*[0.0] * 50, end=PostEnd.OPEN) == proof_age_after()


def test_an_open_post_does_not_shorten_the_wait_of_others() -> None:
    consistency = list_consistency(600)
    before = consistency.proof_age(0.0, PROBABLY_ENDED)
    consistency.record_arrival(0.0, PostEnd.OPEN)
    assert consistency.proof_age(0.0, PROBABLY_ENDED) == before


@pytest.mark.parametrize(
    ("answer", "end"),
    [
        (TimedOut("no answer"), PostEnd.OPEN),
        (NoAnswer("interim", status=102), PostEnd.OPEN),
        (NoAnswer("request timeout", status=408), PostEnd.OPEN),
        (NoAnswer("bad gateway", status=502), PostEnd.OPEN),
        (NoAnswer("gateway timeout", status=504), PostEnd.OPEN),
        (NoAnswer("a time-out occurred", status=524), PostEnd.OPEN),
        (NoAnswer("unexpected error", status=500), PostEnd.PROBABLY_ENDED),
        (NoAnswer("unavailable", status=503), PostEnd.PROBABLY_ENDED),
        (NoAnswer("connection lost"), PostEnd.PROBABLY_ENDED),
        (NoAnswer("cut body", status=200), PostEnd.ENDED),
        (RequestRejected("portal", status=302), PostEnd.ENDED),
        (RequestRejected("exists", status=409), PostEnd.ENDED),
        ("ingest of another row", PostEnd.ENDED),
    ],
)
def test_the_answer_shows_whether_a_post_may_still_be_carried_out(
    answer: str | RequestFailed, end: PostEnd
) -> None:
    assert post_end(answer, 0.1) is end


@pytest.mark.parametrize("answer", [NoAnswer("H12", status=503), NoAnswer("connection lost")])
def test_an_answer_that_took_as_long_as_a_timeout_leaves_the_post_open(answer: NoAnswer) -> None:
    assert post_end(answer, 5.0) is PostEnd.OPEN
    assert post_end(answer, 4.9) is PostEnd.PROBABLY_ENDED


def test_an_existing_media_that_no_list_shows_raises_the_proof_age() -> None:
    assert (list_consistency(600).proof_age(100.0, PROBABLY_ENDED) or 0) > 100


def test_lists_that_lost_a_media_prove_nothing() -> None:
    consistency = list_consistency(600)
    consistency.mark_inconsistent()
    assert not consistency.proves_absence([1e6, 2e6, 3e6], 0.0, PROBABLY_ENDED)


def test_dump_and_restore_keep_what_was_learned() -> None:
    consistency = list_consistency(600, 5.0, done=False)
    again = ListConsistency.restore(consistency.dump())
    assert again.proof_age(0.0, PROBABLY_ENDED) == consistency.proof_age(0.0, PROBABLY_ENDED)
    assert again.shows_processing
    assert ListConsistency.restore("{nonsense").proof_age(0.0, PROBABLY_ENDED) is None
    assert ListConsistency.restore(None).proof_age(0.0, PROBABLY_ENDED) is None
