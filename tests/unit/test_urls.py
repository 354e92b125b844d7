"""Addresses: taken apart, made fit for a request, stripped of a signature."""

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_import.urls import Url, ascii_host, parse, requestable, unsigned

PLAIN = "https://example.com/a.mp4"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (PLAIN, Url("https", "", "example.com", "", "/a.mp4")),
        ("HTTP://Example.COM", Url("HTTP", "", "Example.COM", "", "")),
        ("https://u:p@ss@h:8080?x#y", Url("https", "u:p@ss", "h", "8080", "?x#y")),
        ("https://[2001:db8::1]:80/a", Url("https", "", "[2001:db8::1]", "80", "/a")),
        ("https://h/a b\nc", Url("https", "", "h", "", "/a b\nc")),
        ("https://", None),
        ("https:///a.mp4", None),
        ("https:/h/a", None),
        (r"https:\\h\a", None),
        ("https://[::1/a", None),
        ("https://h:80x/a", None),
        ("ftp://h/a", None),
        (" https://h/a", None),
        ("", None),
    ],
)
def test_parse(text: str, expected: Url | None) -> None:
    assert parse(text) == expected


@pytest.mark.parametrize(
    ("text", "path", "query", "origin"),
    [
        ("https://h/a?b#c?d", "/a", "b", "h:443"),
        ("http://h#a?b", "", "", "h:80"),
        ("http://h:8080?b", "", "b", "h:8080"),
    ],
)
def test_parts_of_a_url(text: str, path: str, query: str, origin: str) -> None:
    url = parse(text)
    assert url is not None
    assert (url.path, url.query, url.origin) == (path, query, origin)


@pytest.mark.parametrize(
    ("given_", "sent"),
    [
        (PLAIN, PLAIN),
        ("HTTPS://Example.com/A", "https://example.com/A"),
        ("https://h.example/two words.mp4", "https://h.example/two%20words.mp4"),
        ("https://h.example/two%20words.mp4", "https://h.example/two%20words.mp4"),
        ("https://h.example/100%.mp4", "https://h.example/100%25.mp4"),
        ("https://h.example/für.mp4?q=é#ü", "https://h.example/f%C3%BCr.mp4?q=%C3%A9#%C3%BC"),
        ("https://例え.example/動画.mp4", "https://xn--r8jz45g.example/%E5%8B%95%E7%94%BB.mp4"),
        ("https://faß.example/x", "https://xn--fa-hia.example/x"),
        ("https://u ser:p@ss@h.example/", "https://u%20ser:p%40ss@h.example/"),
        ('https://h.example/<a>|"b"', "https://h.example/%3Ca%3E%7C%22b%22"),
        ("https://h.example/a?X-Amz-Credential=K%2F1&s=a+b/c==", None),
        ("https://h.example/a(1)[2]*~!$&',;=:@", None),
        ("https://[2606:4700::1111]:8443/a", None),
        ("TO DO", None),
        ("ftp://h/a b", None),
    ],
)
def test_what_is_sent_for_a_url(given_: str, sent: str | None) -> None:
    """None: it is sent as it was given."""
    assert requestable(given_) == (given_ if sent is None else sent)


@pytest.mark.parametrize(
    "host", [" ", "a b.example", "\ud800", "a" * 70 + "é.example", "é..example", "é" * 300]
)
def test_a_host_that_cannot_be_asked_for(host: str) -> None:
    assert ascii_host(host) == ""


@given(st.text() | st.builds("https://{}/{}?{}".format, st.text(), st.text(), st.text()))
def test_a_request_is_ascii_and_stays_the_same_when_made_once_more(text: str) -> None:
    sent = requestable(text)
    url = parse(sent)
    if url and ascii_host(url.host):
        assert sent.isascii()
        assert " " not in sent
        assert requestable(sent) == sent
        assert urlsplit(sent).scheme in ("http", "https")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (PLAIN, PLAIN),
        (f"{PLAIN}?X-Amz-Date=1&x-amz-signature=2", PLAIN),
        (f"{PLAIN}?X-Goog-Expires=1&GoogleAccessId=a%40b&Expires=2&Signature=3", PLAIN),
        (f"{PLAIN}?Policy=p&Signature=s&Key-Pair-Id=k", PLAIN),
        (f"{PLAIN}?sv=1&se=2&sp=r&sr=b&st=3&spr=https&sig=x", PLAIN),
        (f"{PLAIN}?v=1&token=x&w=2#t=3", f"{PLAIN}?v=1&w=2#t=3"),
        (f"{PLAIN}?X%2DAmz%2DDate=1", PLAIN),
        (f"{PLAIN}?st=30&se=60", f"{PLAIN}?st=30&se=60"),
        (f"{PLAIN}?versionId=7&AWSAccessKeyId=x", f"{PLAIN}?versionId=7"),
        (f"{PLAIN}#a?token=1", f"{PLAIN}#a?token=1"),
        (f"{PLAIN}?", f"{PLAIN}?"),
        ("TO DO?", "TO DO?"),
        (f"{PLAIN}?token=1#t=2", f"{PLAIN}#t=2"),
    ],
)
def test_unsigned(url: str, expected: str) -> None:
    assert unsigned(url) == expected
