"""Every shape of response that the platform may send."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_import.errors import (
    AuthenticationFailed,
    NoAnswer,
    RequestRejected,
    Throttled,
)
from batch_import.models import Media
from batch_import.viostream import responses
from batch_import.viostream.media_list_pager import MediaListPager

NOW = 1_760_000_000.0  # 2025-10-09 08:53:20 UTC


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("", None),
        ("0", 0.0),
        ("0.5", 0.5),
        ("7", 7.0),
        (" 1.5 ", 1.5),
        ("Thu, 09 Oct 2025 08:53:30 -0000", 10.0),
        ("Thu, 09 Oct 2025 08:53:20 GMT", 0.0),
        ("Thu, 09 Oct 2025 08:53:30 GMT", 10.0),
        ("Thu, 09 Oct 2025 08:53:00 GMT", 0.0),
        ("9" * 400, 31_536_000.0),
        ("Thu, 09 Oct 2525 08:53:30 GMT", 31_536_000.0),
        ("soon", None),
        ("-3", None),
    ],
)
def test_retry_after_is_parsed_as_seconds(value: str | None, seconds: float | None) -> None:
    assert responses.parse_retry_after(value, NOW) == seconds


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("", ""),
        ('{"message": "No such host"}', "No such host"),
        (
            '{"title": "Bad", "errors": {"sourceUrl": ["is required", "is no URL"], "x": "y"}}',
            "Bad sourceUrl: is required, is no URL; x: y",
        ),
        ("<html><head><title>502 Bad &amp; Gone</title></head><body>x</body>", "502 Bad & Gone"),
        ("<p>plain <b>words</b></p>", "plain words"),
        ('"just text"', "just text"),
        ("a\x1b[31mred\nline", "a [31mred line"),
        (
            '{"message": "cannot fetch https://u:p@h/v.mp4?X-Amz-Signature=abc&a=1"}',
            "cannot fetch https://***@h/v.mp4?X-Amz-Signature=***&a=1",
        ),
        ("[" * 100_000, "[" * 299 + "…"),
        ("x" * 300, "x" * 300),
        ("x" * 301, "x" * 299 + "…"),
        # The end of a text that was cut is removed: it may be a part of a secret.
        (" " * 61_533 + "abcdef" + " " * 4_000, "abc"),
        ('{"message": "%s"}' % (" " * 61_533 + "abcdef" + " " * 4_000), "abc"),
        # Python does not convert so many digits.
        (f"&#{'9' * 5_000};", f"&#{'9' * 297}…"),
        ('{"message": "", "error": 0, "detail": "gone", "title": "Error"}', "gone"),
        ('{"errors": {"x": ["is wrong"]}}', "x: is wrong"),
        ('{"message": "Bad", "errors": ["is wrong"]}', "Bad"),
        ("[1]", ""),
    ],
)
def test_the_error_message_is_read_from_any_body(body: str, message: str) -> None:
    assert responses.platform_message(body) == message


@pytest.mark.parametrize(
    ("status", "error_class"),
    [
        *((status, None) for status in (200, 204, 299)),
        *((status, RequestRejected) for status in (300, 302, 399, 400, 402, 404, 407, 409, 499)),
        *((status, AuthenticationFailed) for status in (401, 403)),
        *((status, NoAnswer) for status in (100, 199, 408, 500, 502, 503, 504, 599)),
        (429, Throttled),
    ],
)
def test_the_exception_follows_from_the_status(
    status: int, error_class: type[Exception] | None
) -> None:
    failure = responses.failure_of(status, {"Retry-After": "7"}, "busy", NOW)
    assert type(failure) is (error_class or type(None))
    if error_class is RequestRejected:
        expected = "busy" if status >= 400 else "the URL of the API redirects elsewhere"
        assert failure is not None
        assert (failure.message, failure.status) == (expected, status)


@pytest.mark.parametrize(("status", "text"), [(429, "busy"), (503, "busy (HTTP 503)")])
def test_a_busy_platform_gives_the_seconds_to_wait(status: int, text: str) -> None:
    failure = responses.failure_of(status, {"Retry-After": "7"}, "busy", NOW)
    assert isinstance(failure, Throttled | NoAnswer)
    assert (failure.message, failure.status, failure.retry_after) == (text, status, 7.0)


def test_a_failure_without_a_body_has_its_status_as_the_message() -> None:
    failure = responses.failure_of(400, {}, "", NOW)
    assert failure is not None
    assert failure.message == "HTTP 400 without a reason"


MEDIA = {
    "id": 7, "key": "k", "referenceId": "r", "status": "Online", "title": "T",
    "duration": "00:01", "thumbnail": "t", "createdDate": "2025-10-09T08:53:20Z",
}  # fmt: skip


@pytest.mark.parametrize(
    "payload",
    [
        {"listResult": {"items": {"items": [MEDIA, "x"]}, "totalItems": 5}},
        {"listResult": {"items": [None, MEDIA], "totalItems": 5}},
        {"items": [MEDIA], "totalItems": 5},
    ],
)
def test_a_page_is_read_in_each_shape(payload: object) -> None:
    page = responses.read_page(payload)
    assert page.total == 5
    assert page.items == (
        Media("7", "k", "r", "online", "T", "00:01", "t", "2025-10-09T08:53:20Z"),
    )


def test_a_page_without_a_valid_total_has_none() -> None:
    assert responses.read_page({"items": [], "totalItems": "5"}).total is None


@pytest.mark.parametrize("payload", [[], {}, {"listResult": []}, {"items": "x"}, {"items": {}}])
def test_a_response_without_a_list_of_media_is_no_answer(payload: object) -> None:
    with pytest.raises(NoAnswer, match="no list of media"):
        responses.read_page(payload)


def test_the_account_and_the_ingest_id_are_read() -> None:
    account = responses.read_account({"id": 5, "title": None})
    assert (account.id, account.title) == ("5", "")
    assert responses.read_account({}).id == ""
    assert responses.read_ingest_id({"ingestId": 12}) == "12"
    for read in (responses.read_account, responses.read_ingest_id, responses.read_status):
        with pytest.raises(NoAnswer, match="the answer contains no "):
            read([])
    with pytest.raises(NoAnswer, match="no ingest id"):
        responses.read_ingest_id({"ingestId": ["x"]})


def test_invalid_json_is_no_answer() -> None:
    assert responses.read_json('{"a": 1}') == {"a": 1}
    with pytest.raises(NoAnswer, match="cut off"):
        responses.read_json('{"a": ')


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["listResult", "items", "status", "ingestId", "error", "id", "key", "x"]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)


@given(json_values)
def test_any_json_is_read_or_is_no_answer(payload: object) -> None:
    for read in (responses.read_page, responses.read_status, responses.read_ingest_id):
        try:
            found = read(payload)
        except NoAnswer as failed:
            assert failed.status is None  # noqa: PT017 - most values are no valid response
            continue
        assert found is not None
        assert isinstance(payload, dict)


@given(json_values | st.text())
def test_any_error_body_gives_one_printable_line(body: object) -> None:
    text = body if isinstance(body, str) else json.dumps(body)
    message = responses.platform_message(text)
    assert message.isprintable()
    assert len(message) <= 300


def test_a_failed_ingest_keeps_the_error_message_of_the_platform() -> None:
    status = responses.read_status({"status": "Failed", "error": {"message": "codec not known"}})
    assert (status.status, status.error) == ("failed", "codec not known")
    assert responses.read_status({"status": "Online", "error": None}).error == ""


@pytest.mark.parametrize(
    ("payload", "size"),
    [
        ({"download": {"width": 1920, "height": 1080}}, (1920, 1080)),
        ({"download": {"width": "1080", "height": "1920"}}, (1080, 1920)),
        (
            {
                "download": None,
                "progressive": [{"width": 4, "height": 3}, {"width": 8, "height": 6}],
            },
            (8, 6),
        ),
        (
            {"download": {"width": 0, "height": 0}, "progressive": [{"width": 4, "height": 3}]},
            (4, 3),
        ),
        ({"download": {"width": 1, "height": 1}}, (1, 1)),
        ({"download": {"width": 100_000, "height": 100_000}}, (100_000, 100_000)),
        ({"download": {"width": 100_001, "height": 1}}, None),
        ({"download": {"width": 1, "height": 100_001}}, None),
        ({"download": {"width": -1, "height": 9}}, None),
        ({"download": {"width": 9, "height": -1}}, None),
        ({"download": {"width": 9}}, None),
        ({"download": {"height": 9}}, None),
        ({"download": {"width": "wide", "height": 9}, "progressive": "none"}, None),
        ({"download": {"width": 1e999, "height": 9}}, None),
        ({"progressive": [None, {}, {"width": 5}]}, None),
        ({}, None),
        ([], None),
    ],
)
def test_the_size_of_a_picture_is_read(payload: object, size: tuple[int, int] | None) -> None:
    assert responses.read_size(payload) == size


@pytest.mark.parametrize(
    ("shown_count", "value", "total"),
    [(2, 2, 2), (2, 1, None), (2, 0, None), (0, 0, 0), (0, -1, None), (1, True, None)],
)
def test_a_total_below_the_number_of_media_on_the_page_is_ignored(
    shown_count: int, value: object, total: int | None
) -> None:
    page = responses.read_page({"items": [MEDIA] * shown_count, "totalItems": value})
    assert page.total == total


def test_an_impossible_total_is_ignored() -> None:
    page = responses.read_page({"items": [{"id": "m"}], "totalItems": 10**400})
    pager = MediaListPager()
    pager.record_page(page)  # once raised an OverflowError with such a total
    assert page.total is None
    assert pager.end is None


def test_half_of_a_surrogate_pair_is_replaced() -> None:
    page = responses.read_page(json.loads('{"items": [{"id": "m", "title": "a\\ud83d"}]}'))
    assert page.items[0].title == "a?"


@pytest.mark.parametrize(("payload", "key"), [({"id": "m", "key": "k"}, "k"), ([], None)])
def test_the_detail_of_a_media_is_read(payload: object, key: str | None) -> None:
    media = responses.read_media(payload)
    assert (media and media.key) == key
