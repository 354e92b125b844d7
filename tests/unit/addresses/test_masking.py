"""Secrets are masked, and no other text is lost. For each scheme, see test_signatures.py."""

import pytest
from encodings_of_texts import ENCODINGS, decoded, encoded
from hypothesis import example, given, settings
from hypothesis import strategies as st
from signed_addresses import SCHEMES, sign

from batch_import.addresses import masking
from batch_import.addresses.masking import (
    add_masked_names,
    is_masked,
    mask,
    without_control_characters,
)


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        (
            "https://b.s3.test/v.mp4?a=1&X-Amz-Signature=ab",
            "https://b.s3.test/v.mp4?a=1&X-Amz-Signature=***",
        ),
        (
            "https://c.test/v.mp4?Expires=1&Signature=a~b",
            "https://c.test/v.mp4?Expires=***&Signature=***",
        ),
        (
            "https://z.test/v.mp4?sv=2020&sig=a%2Bb&id=7",
            "https://z.test/v.mp4?sv=***&sig=***&id=7",
        ),
        (
            "https://h.test/v.mp4?st=3&se=4",
            "https://h.test/v.mp4?st=3&se=4",
        ),
        (
            "https://h.test/cb#access_token=abc",
            "https://h.test/cb#access_token=***",
        ),
        (
            "https://user:pass@h.test/v.mp4",
            "https://***@h.test/v.mp4",
        ),
        (
            "see <https://h.test/?token=abc>, please",
            "see <https://h.test/?token=***>, please",
        ),
        (
            "https://h.test/watch?v=abc&start=3",
            "https://h.test/watch?v=abc&start=3",
        ),
        (
            "a@b.test and me: x",
            "a@b.test and me: x",
        ),
        (
            "https://user:p@ss@h.test/v.mp4",
            "https://***@h.test/v.mp4",
        ),
        (
            "https://user:p/a?s#s@h.test/v.mp4",
            "https://***@h.test/v.mp4",
        ),
        (
            "https://user:80/a@h.test/v.mp4",
            "https://user:80/a@h.test/v.mp4",
        ),
        (
            "https://[::1]:80/@me",
            "https://[::1]:80/@me",
        ),
        (
            "https://h.test/@me/v.mp4?to=a@b.test",
            "https://h.test/@me/v.mp4?to=a@b.test",
        ),
        (
            "https://a.test/?u=https://me:pw@b.test/",
            "https://a.test/?u=https://***@b.test/",
        ),
        (
            "https://a.test/?u=https%3A%2F%2Fb.test%2F%3Ftoken%3Dx%26w%3D1",
            "https://a.test/?u=https%3A%2F%2Fb.test%2F%3Ftoken%3D***%26w%3D1",
        ),
        (
            "https://a.test/?u=https://b.test/?token=x&w=1",
            "https://a.test/?u=https://b.test/?token=***&w=1",
        ),
        (
            "https://a.test/?u=https://us02web.zoom.us/a?pwd=x&w=1",
            "https://a.test/?u=https://us02web.zoom.us/a?pwd=***&w=1",
        ),
        (
            "https://us02web.zoom.us/?u=https://a.test/?pwd=x",
            "https://us02web.zoom.us/?u=https://a.test/?pwd=x",
        ),
        (
            "https://a.test/?v=1\\u0026token=x",
            "https://a.test/?v=1\\u0026token=***",
        ),
        (
            "sv=2020&sig=x",
            "sv=***&sig=***",
        ),
        (
            "https://a.test/v.mp4?token=a=b==&w=1",
            "https://a.test/v.mp4?token=***&w=1",
        ),
        (
            "(see https://a.test/v.mp4?token=x)",
            "(see https://a.test/v.mp4?token=***)",
        ),
        (
            "Authorization: Basic VkMtYTpiMTIzNDU2",
            "Authorization: Basic ***",
        ),
        (
            "a basic understanding",
            "a basic understanding",
        ),
        (
            "token eyJhbGciOiJI.eyJzdWIi.c2ln expired",
            "token *** expired",
        ),
        (
            "GET https%3A%2F%2Fh.test%2Fv.mp4%3FX-Amz-Signature%3Dab%26a%3D1: 403",
            "GET https%3A%2F%2Fh.test%2Fv.mp4%3FX-Amz-Signature%3D***%26a%3D1: 403",
        ),
        (
            "/f/1.mp4?https%253A%252F%252Fh.test%253Fsig%253Dab",
            "/f/1.mp4?https%253A%252F%252Fh.test%253Fsig%253D***",
        ),
        (
            "https://p.test/get/https%3A%2F%2Fh.test%2F%3Ftoken%3Dab?size=1",
            "https://p.test/get/https://h.test/%3Ftoken%3D***?size=1",
        ),
        (
            r"https:\/\/h.test\/v.mp4?a\u003d1\u0026sig\u003dab",
            "https://h.test/v.mp4?a=1&sig=***",
        ),
        (
            "https://h.test/v.mp4?a&#x3D;1&amp;sig&#61;ab&amp;amp;token&equals;c",
            "https://h.test/v.mp4?a=1&sig=***&token=***",
        ),
        (
            "https://h.test/v.mp4?a=1&amp;sig=ab",
            "https://h.test/v.mp4?a=1&amp;sig=***",
        ),
        (
            "https://h.test/v.mp4?x=video%2Fsnapshot&copy=1&sig=ab%26c",
            "https://h.test/v.mp4?x=video%2Fsnapshot&copy=1&sig=***",
        ),
        (
            "100% of R&D: a%3Db & c&#61;d",
            "100% of R&D: a%3Db & c&#61;d",
        ),
    ],
)
def test_secrets_in_texts_are_masked(text: str, masked: str) -> None:
    assert mask(text) == masked
    assert mask(mask(text)) == mask(text)


@pytest.mark.parametrize("scheme", SCHEMES)
@settings(max_examples=30, deadline=None)
@given(
    st.integers(0, 1 << 32),
    st.lists(st.sampled_from(sorted(ENCODINGS)), max_size=2),
    st.sampled_from(["%s", "GET %s failed", '"%s"', "https://p.test/?url=%s", "x:%s."]),
)
def test_no_secret_of_an_encoded_url_remains(
    scheme: str, number: int, names: list[str], text: str
) -> None:
    url, secrets, _ = sign(scheme, number)
    masked = mask(text % encoded(url, names))
    for decoded_text in decoded(masked):
        for secret in secrets:
            assert secret not in decoded_text


def test_names_that_the_user_adds_are_masked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(masking, "_extra_names", set())
    url = "https://h.test/v.mp4?lc=abc&v=1"
    assert mask(url) == url
    add_masked_names(["LC"])
    assert mask(url) == "https://h.test/v.mp4?lc=***&v=1"


@pytest.mark.parametrize(
    "url",
    [
        "https://b.test/r1.mp4?X-Amz-Date=***&X-Amz-Signature=***",
        "https://***@b.test/r1.mp4",
        "https://b.test/***/r1.mp4",
        "https://b.test/r1.mp4?***",
    ],
)
def test_a_masked_url_is_recognized(url: str) -> None:
    assert is_masked(url)


@pytest.mark.parametrize(
    "url", ["https://b.test/a***.mp4", "***", "https://b.test/a?q=***x", "https://b.test/#***", ""]
)
def test_a_url_that_is_not_masked_is_recognized(url: str) -> None:
    assert not is_masked(url)


@given(
    st.text(st.characters(exclude_categories=["Z", "C"], exclude_characters="\"'<>"), min_size=1)
)
@example("%3D")
def test_no_part_of_a_password_remains(password: str) -> None:
    masked = mask(f"https://me:x{password}y@h.test/v.mp4")
    assert masked.startswith("https://***@")
    assert masked.endswith("@h.test/v.mp4")
    assert len(masked) <= len("https://***@h.test/v.mp4")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("one\r\ntwo\nthree", "one⏎two⏎three"),
        ("a\tb\xa0c", "a b c"),
        ("\x1b[31mred\x07", "\N{REPLACEMENT CHARACTER}[31mred\N{REPLACEMENT CHARACTER}"),
    ],
)
def test_a_text_of_several_lines_is_shown_in_one_line(text: str, shown: str) -> None:
    assert without_control_characters(text) == shown
