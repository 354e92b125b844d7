"""The simulated platform on a virtual clock: all its answers and faults."""

import json
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from itertools import chain
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batch_import.errors import StateError
from batch_import.sandbox.knobs import Knobs
from batch_import.sandbox.platform import SimulatedPlatform
from batch_import.sandbox.replies import ReplyFault, SimulatedReply, SimulatedRequest

START = 1_750_000_000.0
VIDEO = {
    "sourceUrl": "https://videos.example/a.mp4",
    "filename": "A film",
    "extension": "mp4",
    "referenceId": "ref-1",
}


def platform(seed: int = 1, **knobs: Any) -> SimulatedPlatform:
    return SimulatedPlatform(Knobs(**knobs), seed, START, "VC-me", "secret")


def call(
    there: SimulatedPlatform,
    method: str,
    path: str,
    *,
    after: float = 0.0,
    body: object = None,
    query: dict[str, str] | None = None,
) -> SimulatedReply:
    request = SimulatedRequest(method, f"/v3/api{path}", query or {}, "VC-me", "secret", body)
    return there.handle(request, START + after)


def post(there: SimulatedPlatform, after: float = 0.0, **changes: object) -> SimulatedReply:
    return call(there, "POST", "/media/new", after=after, body={**VIDEO, **changes})


def decoded_payload(reply: SimulatedReply) -> Any:
    """Return the payload of a reply after encoding it as JSON and decoding it."""
    return json.loads(json.dumps(reply.payload))


def listing(there: SimulatedPlatform, after: float = 0.0, **query: object) -> Any:
    given = {name: str(value) for name, value in query.items()}
    reply = call(there, "GET", "/media", after=after, query=given)
    assert reply.status == 200
    return decoded_payload(reply)["listResult"]


def references(there: SimulatedPlatform, after: float = 0.0, **query: object) -> list[str]:
    return [item["referenceId"] for item in listing(there, after, **query)["items"]]


def ingest_status(there: SimulatedPlatform, ingest_id: str, after: float) -> Any:
    return decoded_payload(call(there, "GET", f"/media/new/status/{ingest_id}", after=after))


# The life of a video


def test_a_video_is_processing_and_then_online() -> None:
    there = platform(processing=(10, 10))
    reply = post(there)
    ingest_id = decoded_payload(reply)["ingestId"]
    assert reply.status == 200
    assert str(UUID(ingest_id)) == ingest_id
    assert ingest_status(there, ingest_id, 9.9) == {"status": "Processing"}
    assert ingest_status(there, ingest_id, 10) == {"status": "Online"}

    (item,) = listing(there, 10, referenceId="ref-1")["items"]
    assert item["title"] == "A film"
    assert item["status"] == "Online"
    assert item["referenceId"] == "ref-1"
    assert item["createdDate"] == datetime.fromtimestamp(START, UTC).strftime("%FT%TZ")
    assert item["duration"] in {"00:00:03", "00:00:04", "00:00:06"}
    assert item["thumbnail"] == f"https://play.viostream.example/thumbnails/{item['key']}.svg"
    assert len(item["key"]) == 12
    assert item["key"] == there.media[0].key


def test_duration_and_thumbnail_are_unknown_during_processing() -> None:
    there = platform(processing=(10, 10))
    post(there)
    (item,) = listing(there, 5)["items"]
    assert (item["status"], item["duration"], item["thumbnail"]) == ("Processing", None, None)


def test_processing_times_are_within_the_range_of_the_knob() -> None:
    there = platform(processing=(2, 5))
    for number in range(200):
        post(there, referenceId=f"r{number}")
    times = [media.online_at - media.created for media in there.media]
    assert 2 <= min(times) < 2.5
    assert 4.5 < max(times) <= 5


def test_an_ingest_is_queued_first_if_the_knob_is_set() -> None:
    there = platform(processing=(8, 8), queued=True)
    ingest_id = decoded_payload(post(there))["ingestId"]
    words = [ingest_status(there, ingest_id, after)["status"] for after in (0, 1.9, 2.1, 8)]
    assert words == ["Queued", "Queued", "Processing", "Online"]


@pytest.mark.parametrize(("case", "word"), [("lower", "online"), ("upper", "ONLINE")])
def test_statuses_have_the_case_of_the_knob(case: str, word: str) -> None:
    there = platform(processing=(1, 1), status_case=case)
    ingest_id = decoded_payload(post(there))["ingestId"]
    assert ingest_status(there, ingest_id, 2)["status"] == word
    assert listing(there, 2)["items"][0]["status"] == word


def test_a_share_of_media_stays_pending_review() -> None:
    there = platform(processing=(1, 1), pending_review=1.0)
    ingest_id = decoded_payload(post(there))["ingestId"]
    assert ingest_status(there, ingest_id, 99) == {"status": "Pending Review"}


def test_a_failed_ingest_has_a_reason_and_a_new_post_may_succeed() -> None:
    there = platform(processing=(1, 1), failing=0.5)
    ingests = [decoded_payload(post(there))["ingestId"] for _ in range(40)]
    answers = [ingest_status(there, ingest_id, 2) for ingest_id in ingests]
    assert {answer["status"] for answer in answers} == {"Failed", "Online"}
    assert all(bool(answer.get("error")) == (answer["status"] == "Failed") for answer in answers)
    living = sum(answer["status"] == "Online" for answer in answers)
    assert len(there.non_failed_media("ref-1", START + 2)) == living
    assert len(there.non_failed_media("ref-1", START)) == 40


@pytest.mark.parametrize(
    ("url", "fails"),
    [
        ("https://nowhere.invalid/a.mp4", True),
        ("https://user@NOWHERE.INVALID.:8443/a.mp4", True),
        ("https://invalid/a.mp4", True),
        ("https://invalid.example/a.mp4", False),
        ("https://notinvalid/a.mp4", False),
    ],
)
def test_a_source_under_invalid_always_fails(url: str, fails: bool) -> None:  # noqa: FBT001
    there = platform(processing=(1, 1))
    ingest_id = decoded_payload(post(there, sourceUrl=url))["ingestId"]
    answer = ingest_status(there, ingest_id, 2)
    assert (answer["status"] == "Failed") is fails
    assert ("host not found" in answer.get("error", "")) is fails


# Creating media


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"sourceUrl": "ftp://videos.example/a.mp4"}, "sourceUrl"),
        ({"sourceUrl": "https:///a.mp4"}, "sourceUrl"),
        ({"sourceUrl": "https://[bad/a.mp4"}, "sourceUrl"),
        ({"sourceUrl": None}, "sourceUrl"),
        ({"filename": "  "}, "filename"),
        ({"filename": 7}, "filename"),
        ({"extension": "exe"}, "extension"),
        ({"extension": ""}, "extension"),
        ({"referenceId": 7}, "referenceId"),
    ],
)
def test_an_invalid_post_is_refused_with_its_field(changes: dict[str, Any], field: str) -> None:
    there = platform(error_body="problem")
    reply = post(there, **changes)
    assert reply.status == 400
    assert list(decoded_payload(reply)["errors"]) == [field]
    assert there.media == []


def test_all_invalid_fields_of_a_post_are_reported_at_once() -> None:
    reply = post(platform(error_body="problem"), sourceUrl="x", filename="", extension="x")
    assert list(decoded_payload(reply)["errors"]) == ["sourceUrl", "filename", "extension"]


@pytest.mark.parametrize("extension", ["mp4", ".MOV", "3gp"])
def test_a_documented_format_is_accepted_with_or_without_a_dot(extension: str) -> None:
    assert post(platform(), extension=extension).status == 200


@pytest.mark.parametrize("body", [None, [], "text", 7])
def test_a_body_that_is_no_object_is_refused(body: object) -> None:
    assert call(platform(), "POST", "/media/new", body=body).status == 400


def test_the_reference_id_is_optional() -> None:
    there = platform()
    assert post(there, referenceId=None).status == 200
    assert listing(there)["items"][0]["referenceId"] is None


def test_a_second_post_of_a_reference_id_creates_a_second_video() -> None:
    there = platform()
    post(there)
    post(there)
    assert len(there.non_failed_media("ref-1", START)) == 2
    assert len({media.key for media in there.media}) == 2


def test_a_reference_id_of_a_non_failed_media_is_refused_if_the_knob_is_set() -> None:
    there = platform(duplicate_reference="refuse", processing=(5, 5))
    assert post(there, sourceUrl="https://a.invalid/a.mp4").status == 200
    assert post(there, after=1).status == 409
    assert post(there, after=6).status == 200
    assert post(there, after=99).status == 409


def test_a_rejected_video_is_always_rejected() -> None:
    there = platform(rejecting=0.3)
    first = [post(there, referenceId=f"r{n}").status for n in range(200)]
    again = [post(there, referenceId=f"r{n}").status for n in range(200)]
    assert first == again
    assert set(first) == {200, 400, 422}
    assert 30 <= sum(status != 200 for status in first) <= 90


# Media lists


def test_the_newest_media_are_on_the_first_page() -> None:
    there = platform()
    for number in range(7):
        post(there, after=number, referenceId=f"r{number}")
    first = listing(there, 9, PageSize=3)
    assert [item["referenceId"] for item in first["items"]] == ["r6", "r5", "r4"]
    assert (first["totalItems"], first["totalPages"]) == (7, 3)
    assert (first["pageNumber"], first["pageSize"]) == (1, 3)
    assert references(there, 9, PageSize=3, PageNumber=3) == ["r0"]
    assert references(there, 9, PageSize=3, PageNumber=4) == []


def test_pages_have_no_gap_between_processing_and_online_media() -> None:
    there = platform(processing=(5, 5))
    for number in range(10):
        post(there, after=number, referenceId=f"r{number}")
    # Five media are online and five are processing; no media may be missing between two pages.
    for size in range(1, 12):
        pages = [references(there, 9.5, PageSize=size, PageNumber=n + 1) for n in range(11)]
        assert list(chain.from_iterable(pages)) == [f"r{9 - number}" for number in range(10)], size


def test_a_page_has_25_media_by_default_and_at_most_100() -> None:
    there = platform(existing=150)
    assert len(references(there)) == 25
    result = listing(there, PageSize=500)
    assert (len(result["items"]), result["pageSize"]) == (100, 100)


@pytest.mark.parametrize(
    "query",
    [
        {"PageSize": "0"},
        {"PageSize": "many"},
        {"PageNumber": "-1"},
        {"PageNumber": "²"},
        {"PageNumber": "9" * 5000},
        {"SortColumn": "Key"},
        {"SortOrder": "up"},
    ],
)
def test_an_invalid_query_is_refused(query: dict[str, str]) -> None:
    assert call(platform(), "GET", "/media", query=query).status == 400


def test_lists_are_sorted_as_requested() -> None:
    there = platform()
    for title in ("b", "C", "a"):
        post(there, filename=title, referenceId=title)
    assert references(there, SortColumn="Title") == ["a", "b", "C"]
    assert references(there, SortColumn="Title", SortOrder="desc") == ["C", "b", "a"]
    assert references(there, SortOrder="asc") == ["b", "C", "a"]
    assert references(there, sortorder="ASC", pagesize=2, pagenumber=2) == ["a"]


def test_the_oldest_media_are_first_if_the_knob_is_set() -> None:
    there = platform(list_order="oldest-first")
    for title in ("b", "C", "a"):
        post(there, filename=title, referenceId=title)
    assert references(there, SortColumn="CreatedDate", SortOrder="desc") == ["b", "C", "a"]
    assert references(there, SortColumn="Title") == ["a", "b", "C"]


def test_the_search_term_is_compared_with_title_and_reference_id() -> None:
    there = platform()
    post(there, filename="Blue whale", referenceId="r1")
    post(there, filename="Shark", referenceId="not-a-WHALE")
    post(there, filename="Eel", referenceId="r3")
    assert references(there, SearchTerm="whale") == ["not-a-WHALE", "r1"]


@pytest.mark.parametrize(
    ("knob", "found"),
    [("exact", ["r1"]), ("contains", ["r10", "r1"]), ("ignored", ["x", "r10", "r1"])],
)
def test_the_reference_filter_follows_the_knob(knob: str, found: list[str]) -> None:
    there = platform(reference_filter=knob)
    for reference in ("r1", "r10", "x"):
        post(there, referenceId=reference)
    assert references(there, referenceId="r1") == found
    assert listing(there, referenceId="r1")["totalItems"] == len(found)


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_late_post_is_answered_with_an_error_and_carried_out_later(status: int) -> None:
    there = platform(late_post=1.0, late_post_delay=(5.0, 5.0), late_post_status=status)
    assert post(there).status == status
    assert references(there, after=4.0) == []
    assert references(there, after=6.0) == ["ref-1"]
    assert references(there, after=60.0) == ["ref-1"]


@pytest.mark.parametrize(("knob", "found"), [("exact-or-404", ["r1"]), ("missing", None)])
def test_a_search_without_matches_may_be_answered_with_404(
    knob: str, found: list[str] | None
) -> None:
    there = platform(reference_filter=knob)
    post(there, referenceId="r1")
    if found is None:
        assert call(there, "GET", "/media", query={"referenceId": "r1"}).status == 404
    else:
        assert references(there, referenceId="r1") == found
    assert call(there, "GET", "/media", query={"referenceId": "r2"}).status == 404
    assert references(there) == ["r1"]


def test_a_list_has_nested_items_if_the_knob_is_set() -> None:
    there = platform(items_shape="nested")
    post(there)
    assert listing(there)["items"]["items"][0]["referenceId"] == "ref-1"


@pytest.mark.parametrize(
    ("knob", "pages"),
    [
        ("exact", [[5, 4], [3, 2], [1], []]),
        ("ignored", [[5, 4], [5, 4], [5, 4], [5, 4]]),
        ("clamped", [[5, 4], [3, 2], [1], [1]]),
    ],
)
def test_the_page_number_follows_the_knob(knob: str, pages: list[list[int]]) -> None:
    there = platform(existing=5, page_number=knob)
    shown = [references(there, PageSize=2, PageNumber=number) for number in (1, 2, 3, 4)]
    assert shown == [[f"existing-{n:06}" for n in page] for page in pages]


def test_other_users_delete_only_their_own_media() -> None:
    there = platform(existing=60, deletion_rate=1.0, deletion_size=5)
    post(there)
    assert listing(there, after=500)["totalItems"] == 61
    later = listing(there, after=503, PageSize=100)
    assert later["totalItems"] == len(later["items"]) < 61
    gone = next(media for media in there.media if media.deleted)
    assert call(there, "GET", f"/media/{gone.id}/detail", after=503).status == 404
    assert references(there, after=503, referenceId=gone.reference_id) == []
    assert references(there, after=5_000) == ["ref-1"]
    again = SimulatedPlatform.load(there.dump(), "VC-me", "secret")
    assert references(again, after=5_000) == ["ref-1"]


def test_media_may_be_listed_only_when_online() -> None:
    there = platform(listed_from="online", processing=(5, 5))
    post(there)
    assert [len(references(there, after)) for after in (0, 4.9, 5)] == [0, 0, 1]
    assert [len(references(there, after, referenceId="ref-1")) for after in (0, 5)] == [1, 1]


def test_media_may_be_listed_with_a_delay() -> None:
    there = platform(list_delay=(3, 3), processing=(1, 1))
    post(there)
    assert [len(references(there, after)) for after in (0, 2.9, 3)] == [0, 0, 1]


def test_failed_media_may_be_omitted_from_lists() -> None:
    there = platform(list_failed=False, failing=1.0, processing=(5, 5))
    post(there)
    assert references(there, 4) == ["ref-1"]
    assert references(there, 5) == []
    assert listing(there, 5)["totalItems"] == 0
    assert listing(there, 5, referenceId="ref-1")["items"] == []


def test_lists_may_omit_media_at_random() -> None:
    there = platform(list_omits=0.3, existing=100)
    pages = [tuple(references(there, PageSize=100)) for _ in range(5)]
    assert all(50 < len(page) < 90 for page in pages)
    assert len(set(pages)) == 5
    assert list(pages[0]) == sorted(pages[0], reverse=True)
    # The total does not show that media are missing.
    result = listing(there, PageSize=100)
    assert result["totalItems"] == len(result["items"])


def test_the_detail_of_a_media_is_found_by_key_and_by_id() -> None:
    there = platform(processing=(1, 1))
    post(there)
    media = there.media[0]
    for name in (media.key, media.id):
        detail = decoded_payload(call(there, "GET", f"/media/{name}/detail", after=2))
        assert detail["key"] == media.key
        assert detail["download"] == {"width": 320, "height": 180}


@pytest.mark.parametrize(("form", "kind"), [("clock", str), ("seconds", int), ("text", str)])
def test_the_duration_has_the_format_of_the_knob(form: str, kind: type) -> None:
    there = platform(duration_format=form, existing=1)
    duration = listing(there)["items"][0]["duration"]
    assert type(duration) is kind
    assert (":" in str(duration)) is (form == "clock")


# URLs, credentials, rate limits


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing", 404),
        ("GET", "", 404),
        ("GET", "/media/new/status/none", 404),
        ("GET", "/media/none/detail", 404),
        ("GET", "/media/new", 405),
        ("POST", "/media", 405),
        ("DELETE", "/media/some/detail", 405),
    ],
)
def test_an_unknown_path_or_method_is_refused(method: str, path: str, status: int) -> None:
    assert call(platform(), method, path).status == status


def test_the_account_depends_only_on_the_seed() -> None:
    accounts = [decoded_payload(call(platform(seed), "GET", "/account/info")) for seed in (1, 1, 2)]
    assert accounts[0] == accounts[1]
    assert accounts[0]["id"] != accounts[2]["id"]
    assert set(accounts[0]) == {"id", "publicKey", "title"}


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize(("user", "word"), [("VC-me", "wrong"), ("VC-you", "secret"), ("", "")])
def test_wrong_credentials_are_refused(status: int, user: str, word: str) -> None:
    there = platform(credentials_status=status)
    request = SimulatedRequest("POST", "/v3/api/media/new", {}, user, word, VIDEO)
    reply = there.handle(request, START)
    assert reply.status == status
    assert ("WWW-Authenticate" in reply.headers) is (status == 401)
    assert there.media == []


def test_the_rate_limit_allows_a_burst_and_then_its_rate() -> None:
    there = platform(rate_limit=2, burst=5)
    statuses = Counter(post(there, after=tick / 100).status for tick in range(1001))
    # Ten seconds at two requests per second, and the burst before.
    assert statuses == {200: 25, 429: 976}
    assert there.rate_limited == 976
    assert there.calls == {"create": 1001}
    assert len(there.media) == 25


def test_idle_time_saves_no_more_than_the_burst() -> None:
    there = platform(rate_limit=2, burst=5)
    post(there)
    assert [post(there, after=1000).status for _ in range(6)] == [200] * 5 + [429]


def test_requests_at_exactly_the_rate_limit_are_never_refused() -> None:
    there = platform(rate_limit=3, burst=1)
    assert {post(there, after=tick / 3).status for tick in range(1000)} == {200}


@pytest.mark.parametrize(("kind", "fault"), [("rate_limit", 429), ("unavailable", 503)])
def test_retry_after_is_never_too_short(kind: str, fault: int) -> None:
    knobs: dict[str, Any] = (
        {"rate_limit": 0.3, "burst": 1} if kind == "rate_limit" else {"unavailable": 1.0}
    )
    replies = []
    for form in ("seconds", "date", "none"):
        there = platform(retry_after=form, **knobs)
        replies.append([post(there, after=0.5) for _ in range(2)][1])
    assert {reply.status for reply in replies} == {fault}
    seconds, date, none = (reply.headers.get("Retry-After") for reply in replies)
    wait = 1 / 0.3 if fault == 429 else 2
    assert wait <= int(str(seconds)) < wait + 1
    assert wait <= parsedate_to_datetime(str(date)).timestamp() - START - 0.5 < wait + 1
    assert none is None


@pytest.mark.parametrize(
    ("shape", "fits"),
    [
        ("message", lambda body: "web" not in body and "format" in body["message"]),
        ("problem", lambda body: body["status"] == 400 and body["errors"]["extension"]),
        ("html", lambda body: body.startswith("<!DOCTYPE html>") and "format" in body),
        ("empty", lambda body: body is None),
    ],
)
def test_errors_have_the_shape_of_the_knob(shape: str, fits: Callable[[Any], bool]) -> None:
    assert fits(decoded_payload(post(platform(error_body=shape), extension="exe")))


# Faults


@pytest.mark.parametrize(
    ("knob", "status", "fault", "done"),
    [
        ("lost_request", 0, ReplyFault.CUT, False),
        ("unavailable", 503, ReplyFault.NONE, False),
        ("error_before", 500, ReplyFault.NONE, False),
        ("lost_reply", 0, ReplyFault.CUT, True),
        ("error_after", 502, ReplyFault.NONE, True),
        ("hang", 0, ReplyFault.HANG, True),
        ("truncated", 200, ReplyFault.TRUNCATED, True),
    ],
)
def test_a_fault_comes_before_or_after_a_request_is_carried_out(
    knob: str,
    status: int,
    fault: ReplyFault,
    done: bool,  # noqa: FBT001
) -> None:
    chances: dict[str, Any] = {knob: 1.0}
    there = platform(**chances)
    reply = post(there)
    assert (reply.status, reply.fault, bool(there.media)) == (status, fault, done)


@pytest.mark.parametrize("knob", ["unavailable", "error_before"])
def test_a_request_that_was_not_carried_out_has_no_second_fault(knob: str) -> None:
    chances: dict[str, Any] = {knob: 1.0, "error_after": 1.0}
    assert post(platform(**chances)).status in {500, 503}


def test_a_hanging_request_waits_as_long_as_the_knob_says() -> None:
    assert post(platform(hang=1.0, hang_seconds=33)).delay == 33


def test_latency_is_within_the_range_of_the_knob() -> None:
    there = platform(latency=(0.1, 0.3))
    delays = [post(there).delay for _ in range(100)]
    assert 0.1 <= min(delays) < 0.15
    assert 0.25 < max(delays) <= 0.3


def test_every_request_is_cut_and_not_carried_out_during_an_outage() -> None:
    there = platform(outages=((5, 10), (20, 21)))
    faults = [post(there, after=after).fault for after in (4.9, 5, 9.9, 10, 20.5, 21)]
    cut, none = ReplyFault.CUT, ReplyFault.NONE
    assert faults == [none, cut, cut, none, cut, none]
    assert len(there.media) == 3


def test_faults_are_as_frequent_as_their_knobs() -> None:
    there = platform(lost_request=0.2, error_after=0.25)
    replies = [post(there) for _ in range(2000)]
    cut = sum(reply.fault is ReplyFault.CUT for reply in replies)
    assert 320 < cut < 480
    assert 320 < sum(reply.status == 502 for reply in replies) < 480
    assert len(there.media) == 2000 - cut


def test_replies_are_equal_for_equal_seeds() -> None:
    def play(seed: int) -> list[Any]:
        there = platform(seed, failing=0.3, lost_reply=0.2, error_before=0.2, foreign_rate=0.5)
        replies = [post(there, after=n, referenceId=f"r{n}") for n in range(60)]
        return [*((r.status, r.fault, r.payload) for r in replies), listing_or_none(there)]

    assert play(3) == play(3)
    assert play(3) != play(4)


def listing_or_none(there: SimulatedPlatform) -> object:
    return call(there, "GET", "/media", after=60).payload


# Media of other users; dumps


def test_existing_media_are_online_and_older_than_the_start() -> None:
    there = platform(existing=3, processing=(9999, 9999), list_delay=(9999, 9999), failing=1.0)
    items = listing(there)["items"]
    assert [item["referenceId"] for item in items] == [f"existing-{n:06}" for n in (3, 2, 1)]
    assert {item["status"] for item in items} == {"Online"}
    assert all(media.foreign and media.created < START for media in there.media)


def test_other_users_add_media_in_the_order_of_time() -> None:
    there = platform(foreign_rate=2)
    post(there, after=50)
    listing(there, 100)
    created = [media.created for media in there.media]
    assert 120 < len(created) < 280
    assert created == sorted(created)
    assert [media.foreign for media in there.media].count(False) == 1


def test_a_dump_is_loaded_unchanged() -> None:
    there = platform(existing=2, processing=(10, 10), hang_seconds=7)
    ingest_id = decoded_payload(post(there))["ingestId"]
    back = SimulatedPlatform.load(json.loads(json.dumps(there.dump())), "VC-me", "secret")
    assert back.media == there.media
    assert back.knobs == there.knobs
    assert ingest_status(back, ingest_id, 5) == {"status": "Processing"}
    assert references(back, 5) == references(there, 5)
    post(back, after=6, referenceId="new")
    assert len({media.key for media in back.media}) == 4
    assert len(back.non_failed_media("ref-1", START + 6)) == 1


def test_a_dump_contains_no_credentials() -> None:
    assert "secret" not in json.dumps(platform().dump())


def test_a_dump_can_be_loaded_with_other_knobs_and_another_start() -> None:
    data = platform().dump()
    back = SimulatedPlatform.load(
        data, "VC-me", "secret", knobs=Knobs(outages=((0, 5),)), start=START + 100
    )
    assert [post(back, after=after).fault for after in (101, 106)] == [
        ReplyFault.CUT,
        ReplyFault.NONE,
    ]


@pytest.mark.parametrize(
    "data",
    [{}, {"version": 2}, {**platform().dump(), "media": [{}]}, {**platform().dump(), "media": 1}],
)
def test_an_invalid_dump_is_refused(data: dict[str, object]) -> None:
    with pytest.raises(StateError):
        SimulatedPlatform.load(data)


def test_counts_have_the_number_of_media_per_status() -> None:
    there = platform(processing=(5, 5))
    post(there)
    post(there, after=4)
    assert there.counts(START + 6) == {"Online": 1, "Processing": 1}


# Any requests


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(), lambda inner: st.lists(inner, max_size=3)
)
TEXT = st.text(st.characters(), max_size=20)


@settings(max_examples=300)
@given(
    st.sampled_from(["GET", "POST", "PUT"]),
    st.sampled_from(["/media", "/media/new", "/account/info", "/"]) | TEXT,
    st.dictionaries(st.sampled_from(["PageSize", "referenceId", "SearchTerm", "mediaIds"]), TEXT),
    st.dictionaries(st.sampled_from(list(VIDEO)), JSON) | JSON,
)
def test_any_request_gets_a_valid_reply(
    method: str, path: str, query: dict[str, str], body: object
) -> None:
    there = platform(rejecting=0.5, existing=1)
    reply = call(there, method, path, query=query, body=body)
    assert reply.status in {200, 400, 404, 405, 422}
    json.dumps(reply.payload)


@given(
    st.lists(st.tuples(st.floats(0, 5), st.sampled_from("abc")), max_size=30),
    st.booleans(),
    st.sampled_from(["created", "online"]),
    st.floats(0, 40),
    st.integers(1, 7),
)
def test_all_pages_together_contain_each_listed_media_once(
    posts: list[tuple[float, str]],
    list_failed: bool,  # noqa: FBT001
    listed_from: str,
    wait: float,
    size: int,
) -> None:
    there = platform(
        list_failed=list_failed,
        listed_from=listed_from,
        failing=0.5,
        processing=(1, 20),
        list_delay=(0, 9),
    )
    after = 0.0
    for pause, reference in posts:
        after += pause
        post(there, after=after, referenceId=reference)
        listing(there, after)
    now = START + after + wait
    expected = [
        media.id
        for media in reversed(there.media)
        if now >= media.listed_at and (list_failed or not media.failed or now < media.online_at)
    ]
    pages = [
        listing(there, after + wait, PageSize=size, PageNumber=number + 1)["items"]
        for number in range(len(posts) // size + 1)
    ]
    assert [item["id"] for page in pages for item in page] == expected
