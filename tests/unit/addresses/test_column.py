"""A column of URLs gives the same results as each URL alone."""

import math
import string

from hypothesis import example, given, settings
from hypothesis import strategies as st
from signed_addresses import SCHEMES, sign

from batch_import.addresses import column
from batch_import.addresses.column import AddressReader
from batch_import.addresses.expiry import expires_at
from batch_import.addresses.signatures import strip_signature

#: Parts of a URL that decide whether it has a signature, for any position in the URL.
PIECES = (
    "/ . .. // a b.mp4 ? & ; # = % %2F %3d \\ ~ , + : @ *** eyJhbGciOi.eyJleHAiOjE5MDAwMDAwMDB9.c"
    " /ks/djJ8aaaa hmac= exp= /1900000000/ 0123456789abcdef0123456789abcdef é \n http:// https://"
    " X-Amz-Date=20300101T000000Z X-Amz-Expires=60 X-Amz-Signature=abc Expires=1900000000"
    " Signature=x Expires=20300101 token=abc token=1900000000_0a1b v=1 id=7"
    " se=2030-01-01T00%3A00%3A00Z sig=a%2B Policy=e30_ pwd=x s=abc hash=1 e=1900000000 h=ab"
).split(" ")
STARTS = st.sampled_from(
    "https://h.example/a.mp4 https://h.example/a/b http://h.example/a https://H.example/a"
    " https://zoom.us/rec/a https://vimeo.com/1 https://h.example:443/a https://h.example/.a"
    " https://doc-0-docs.googleusercontent.com/docs/a https://h.example/1900000000/"
    "0123456789abcdef0123456789abcdef/a.mp4".split(" ")
)
#: Names in any order, once or twice; values with and without special characters.
NAMES = st.sampled_from(
    "X-Amz-Date X-Amz-Expires X-Amz-Signature x-id Expires Signature Key-Pair-Id token v id e h s"
    " pwd sv se sig response-content-type X%2DAmz-Date hdnts ks Token".split(" ")
)
VALUES = st.text(
    string.ascii_letters + string.digits + "._~-%/+=: ", max_size=30
) | st.sampled_from(
    ["20300101T000000Z", "1900000000", "60", "eyJhbGciOi.eyJleHAiOjE5MDAwMDAwMDB9.c", "abc%20d"]
)
QUERIES = st.lists(st.tuples(NAMES, VALUES).map("=".join), max_size=6).map("&".join)
ADDRESSES = (
    st.builds("{}?{}".format, STARTS, QUERIES)
    | st.builds(
        lambda start, more: start + "".join(more), STARTS, st.lists(st.sampled_from(PIECES))
    )
    | st.builds(
        lambda scheme, seed: sign(scheme, seed).url, st.sampled_from(SCHEMES), st.integers(0, 99)
    )
)


def assert_equals_each_url(reader: AddressReader, urls: list[str], more: frozenset[str]) -> None:
    read = reader.read(urls)
    ends = map(expires_at, urls)
    assert read.stripped_urls == [strip_signature(url, more) for url in urls]
    assert read.expiry_times == {at: end for at, end in enumerate(ends) if end < math.inf}


@settings(max_examples=400)
@given(
    st.lists(st.lists(ADDRESSES, max_size=8), min_size=1, max_size=3),
    st.sampled_from([frozenset[str](), frozenset({"v", "id"})]),
)
@example([["https://h.example/a\nhttps://h.example/b"]], frozenset())
@example([["https://h.example/a", "http://h.example/a.mp4", "https://h.example/a#1"]], frozenset())
@example([[sign("jwt_path", 1).url, "https://h.example/%6bs/djJ8aaaa/a.mp4"]], frozenset())
def test_a_column_has_the_same_results_as_each_url(
    columns: list[list[str]], more: frozenset[str]
) -> None:
    reader = AddressReader(more)
    for urls in columns:
        assert_equals_each_url(reader, urls, more)


@given(st.sampled_from(SCHEMES), st.integers(1, 30), st.integers(0, 1 << 32))
def test_urls_signed_by_one_scheme_have_the_same_results_as_each_url(
    scheme: str, count: int, seed: int
) -> None:
    urls = [sign(scheme, seed + at, f"lesson-{at}").url for at in range(count)]
    assert_equals_each_url(AddressReader(), urls, frozenset())


def test_the_number_of_patterns_is_limited() -> None:
    """Compiling a pattern takes time, and a hostile manifest needs another pattern for each row."""
    reader = AddressReader()
    urls = [f"https://h.example/a?X-Amz-{at}=1&Signature=b" for at in range(500)]
    assert_equals_each_url(reader, urls, frozenset())
    assert len(reader._patterns) <= column._MAX_PATTERNS  # noqa: SLF001 - nothing else shows it
