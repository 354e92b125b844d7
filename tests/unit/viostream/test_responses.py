"""Every shape of answer that the platform may give."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_import.errors import NoAnswer
from batch_import.viostream import responses

NOW = 1_760_000_000.0  # 2025-10-09 08:53:20 UTC


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("", None),
        ("7", 7.0),
        (" 1.5 ", 1.5),
        ("Thu, 09 Oct 2025 08:53:30 GMT", 10.0),
        ("Thu, 09 Oct 2025 08:53:00 GMT", 0.0),
        ("soon", None),
        ("-3", None),
    ],
)
def test_retry_after(value: str | None, seconds: float | None) -> None:
    assert responses.parse_retry_after(value, NOW) == seconds


@pytest.mark.parametrize(
    ("body", "words"),
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
    ],
)
def test_the_platforms_words(body: str, words: str) -> None:
    assert responses.platform_message(body) == words


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
def test_no_shape_of_json_is_more_than_no_answer(payload: object) -> None:
    for read in (responses.read_page, responses.read_status, responses.read_ingest_id):
        try:
            found = read(payload)
        except NoAnswer as failed:
            assert failed.status is None  # noqa: PT017 - most shapes are none
            continue
        assert found is not None
        assert isinstance(payload, dict)


@given(json_values | st.text())
def test_any_error_body_gives_one_safe_line(body: object) -> None:
    text = body if isinstance(body, str) else json.dumps(body)
    words = responses.platform_message(text)
    assert words.isprintable()
    assert len(words) <= 300


def test_a_failed_ingest_keeps_the_platforms_reason() -> None:
    status = responses.read_status({"status": "Failed", "error": {"message": "codec not known"}})
    assert (status.status, status.error) == ("failed", "codec not known")


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
        ({"download": {"width": -1, "height": 9}}, None),
        ({"download": {"width": "wide", "height": 9}, "progressive": "none"}, None),
        ({"download": {"width": 1e999, "height": 9}}, None),
        ({"progressive": [None, {}, {"width": 5}]}, None),
        ({}, None),
        ([], None),
    ],
)
def test_the_size_of_a_picture(payload: object, size: tuple[int, int] | None) -> None:
    assert responses.read_size(payload) == size


def test_half_of_a_surrogate_pair_becomes_what_a_file_can_hold() -> None:
    page = responses.read_page(json.loads('{"items": [{"id": "m", "title": "a\\ud83d"}]}'))
    assert page.items[0].title == "a?"


@pytest.mark.parametrize(("payload", "key"), [({"id": "m", "key": "k"}, "k"), ([], None)])
def test_the_detail_of_a_media(payload: object, key: str | None) -> None:
    media = responses.read_media(payload)
    assert (media and media.key) == key
