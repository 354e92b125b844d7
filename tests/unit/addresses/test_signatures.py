"""Which part of a URL is a signature, for identity, masking and expiry, in every scheme."""

import math
import time
from urllib.parse import quote

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from signed_addresses import SCHEMES, sign

from batch_import.addresses.expiry import expires_at
from batch_import.addresses.masking import MASK, is_masked, mask
from batch_import.addresses.opaque import SHORT_TOKEN_LENGTH, looks_random
from batch_import.addresses.signatures import strip_signature
from batch_import.addresses.urls import canonical_url

PLAIN = "https://v.example.com/a.mp4"
NUMBERS = st.integers(0, 1 << 32)
VIDEOS = st.from_regex(r"[a-z]{3,8}(-[a-z]{3,8}){0,2}", fullmatch=True)


FEW = settings(max_examples=15)


@pytest.mark.parametrize("scheme", SCHEMES)
class TestScheme:
    @FEW
    @given(NUMBERS, NUMBERS, VIDEOS)
    def test_a_new_signature_does_not_change_the_stripped_url(
        self, scheme: str, number: int, other: int, video: str
    ) -> None:
        first, second = sign(scheme, number, video), sign(scheme, other, video)
        assert strip_signature(first.url) == strip_signature(second.url)
        assert strip_signature(strip_signature(first.url)) == strip_signature(first.url)
        assert video in strip_signature(first.url)
        assert strip_signature(first.url) != strip_signature(sign(scheme, number, f"{video}x").url)
        for secret in first.secrets:
            assert secret not in strip_signature(first.url)

    @FEW
    @given(NUMBERS, VIDEOS)
    def test_masking_leaves_no_secret(self, scheme: str, number: int, video: str) -> None:
        url, secrets, _ = sign(scheme, number, video)
        nested = f"https://p.example.com/?next={quote(quote(url, safe=''), safe='')}"
        for text in (url, f'GET "{url}": 403', f"<{url}>,", f"({nested})"):
            masked = mask(text)
            assert MASK in masked
            assert mask(masked) == masked
            for secret in secrets:
                assert secret not in masked
        assert video in mask(url)
        assert is_masked(mask(url)) or "nested" in scheme or "drive" in scheme

    @FEW
    @given(NUMBERS)
    def test_the_expiry_time_is_read(self, scheme: str, number: int) -> None:
        url, _, end = sign(scheme, number)
        assert expires_at(url) == end
        assert expires_at(f"{url}#t=10") == end


@pytest.mark.parametrize(
    "query",
    [
        "v=2",
        "id=1BxiMVs0XRA5nFMdKvBdBZjgmUUqptlbs74OgvE2upms",
        "fileId=a8Kx93jDk2lLq0Zx8sNv4Tb7Yw1",
        "q=5f0c1d0e-3b7a-4c1e-9d55-0e4c2b7a9f10",
        "q=5F0C1D0E3B7A4C1E9D550E4C2B7A9F10",
        "q=507f1f77bcf86cd799439011",
        "q=01ARZ3NDEKTSV4RRFFQ69G5FAV",
        "q=12345678901234567890123456789012",
        "q=introduction-to-linear-algebra-2024-part-12",
        "q=Introduction+To+Linear+Algebra+2024",
        "q=IntroductionToLinearAlgebra2024Final",
        "q=show.s01e02.1080p.x264.aac.2ch-group",
        "path=/videos/2024/intro/IMG_20240101_123456.mp4",
        "st=30&se=60",
        "start=3&end=5",
        "e=2&s=1",
        "e=download&h=720",
        "width=1920&height=1080&bitrate=4500k&codec=h264",
        "sp=1&sr=2&sv=3",
        "t=1700000000",
        "policy=public",
        "key=videos/a.mp4",
        "hash=1234",
        "response-content-disposition=attachment",
        "sort=date;order=desc",
        "q=a;b",
        "inline",
        "next=https%3A%2F%2Fx.example%2F%3Fa%3D1",
        "",
    ],
)
def test_ordinary_parameters_are_no_signature(query: str) -> None:
    url = f"{PLAIN}?{query}"
    assert strip_signature(url) == canonical_url(url)
    assert mask(url) == url
    assert expires_at(url) == math.inf


@pytest.mark.parametrize(
    ("text", "alone", "beside_an_expiry"),
    [
        ("0f1e2d3c4b5a6978", False, True),
        ("0f1e2d3c4b5a697", False, False),
        ("0f1e2d3c4b5a69780f1e2d3c4b5a6978"[:31], False, True),
        ("0f1e2d3c4b5a69780f1e2d3c4b5a69ff", True, True),
        ("aB3dE5gH7jK9mN1pQ3sT5vX7"[:12], False, True),
        ("aB3dE5gH7jK9mN1pQ3sT5vX7"[:11], False, False),
        ("aB3dE5gH7jK9mN1pQ3sT5vX7", True, True),
        ("aB3dE5gH7jK9mN1pQ3sT5vX7"[:23], False, True),
        ("1234567890123456", False, False),
    ],
)
def test_a_random_text_is_recognized_from_its_length(
    text: str, *, alone: bool, beside_an_expiry: bool
) -> None:
    assert (looks_random(text), looks_random(text, SHORT_TOKEN_LENGTH)) == (alone, beside_an_expiry)


@pytest.mark.parametrize(
    "path",
    [
        "year=2024/month=01/a.mp4",
        "w=640,q=80/a.mp4",
        "ks/lesson.mp4",
        "ks/a-rather-long-name-of-a-lesson-about-wheat.mp4",
        "5f0c1d0e-3b7a-4c1e-9d55-0e4c2b7a9f10/1700000000/a.mp4",
        "user@example.com/a.mp4",
        "@user/a.mp4",
        "eyJ/a.mp4",
        "exp=1/a.mp4",
        "a:b@c.mp4",
    ],
)
def test_ordinary_paths_contain_no_token(path: str) -> None:
    url = f"https://v.example.com/{path}"
    assert strip_signature(url) == url
    assert mask(url) == url


@given(
    st.dictionaries(
        st.from_regex(r"[a-z]{2,6}", fullmatch=True).filter(
            lambda name: name not in "sig ks zak sign auth jwt hmac".split()
        ),
        st.uuids().map(str)
        | st.integers(0, 10**18).map(str)
        | st.from_regex(r"([A-Z]?[a-z]{1,8}[ ._-]?){1,6}", fullmatch=True).map(quote),
        max_size=4,
    )
)
def test_drawn_ordinary_parameters_are_not_changed(parameters: dict[str, str]) -> None:
    assume("token" not in parameters and "secret" not in parameters and "expire" not in parameters)
    url = f"{PLAIN}?{'&'.join(f'{name}={value}' for name, value in parameters.items())}"
    assert mask(url) == url
    assert strip_signature(url) == canonical_url(url)


def test_names_that_the_user_adds_are_removed() -> None:
    url = f"{PLAIN}?Pass%57ord2=x&lc=a&v=1"
    assert strip_signature(url, frozenset({"lc", "password2"})).endswith("?v=1")
    assert "lc=a" in strip_signature(url)


def test_names_are_compared_decoded_and_in_any_case() -> None:
    assert strip_signature(f"{PLAIN}?X%2DAmz%2DDate=1&TOKEN=2") == PLAIN


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("http://v.example.com/a.mp4", "https://v.example.com/a.mp4"),
        ("HTTP://V.example.com:80/a.mp4?token=1", "https://v.example.com/a.mp4?token=2"),
        (f"{PLAIN}?token=1&v=2&expires=3", f"{PLAIN}?v=2"),
        (f"{PLAIN}?a=1&amp;token=1&amp;b=2", f"{PLAIN}?a=1&b=2"),
        (f"{PLAIN}?token=a==&b=2", f"{PLAIN}?token=c&b=2"),
        (f"{PLAIN}?a=1;token=1;b=2", f"{PLAIN}?a=1;b=2"),
    ],
)
def test_urls_of_the_same_video_are_equal(one: str, other: str) -> None:
    assert strip_signature(one) == strip_signature(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (f"{PLAIN}?id=1&token=x", f"{PLAIN}?id=2&token=x"),
        ("http://v.example.com:8080/a.mp4", "https://v.example.com:8080/a.mp4"),
        (f"{PLAIN}?u=https://x.example/1?token=1", f"{PLAIN}?u=https://x.example/2?token=1"),
    ],
)
def test_urls_of_different_videos_are_different(one: str, other: str) -> None:
    assert strip_signature(one) != strip_signature(other)


HARD = (
    "=",
    "&",
    "?",
    "#",
    "://",
    "@",
    "/",
    "://a:",
    "%25",
    "eyJ",
    "/ks/",
    "hmac=",
    "/exp=1~",
    ";a=",
    "/p/1",
    "=1~",
    "/1700000000",
    "?u=https%3A%2F%2F",
    "a@",
    "Basic ",
    "&amp;",
    "/n/p/",
    "e=1;",
    "/eyJaaaaaaaa.",
    "aB1",
    "1700000000-",
    "/0123456789abcdef",
)


@pytest.mark.parametrize("piece", HARD)
def test_time_is_linear_in_the_length(piece: str) -> None:
    """CPU time for a text sixteen times as long is far below 256 times the time."""

    def seconds(size: int) -> float:
        text = "https://h.example/" + piece * (size // len(piece))
        begin = time.process_time()
        mask(text), strip_signature(text), expires_at(text)
        return time.process_time() - begin

    assert seconds(64_000) < 100 * max(seconds(4_000), 0.001)


@given(st.text() | st.lists(st.sampled_from(HARD), max_size=12).map("".join))
def test_any_text_is_accepted(text: str) -> None:
    for url in (text, f"https://h.example/{text}", f"https://h.example/a?{text}"):
        mask(url), expires_at(url), is_masked(url)
        assert strip_signature(url, frozenset({"a"})) is not None
