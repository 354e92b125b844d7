"""URLs: parsed, encoded for a request, and in canonical form."""

from unicodedata import normalize
from urllib.parse import quote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_import.addresses.urls import Url, ascii_host, canonical_url, parse, request_url

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
def test_a_url_is_parsed(text: str, expected: Url | None) -> None:
    assert parse(text) == expected


@pytest.mark.parametrize(
    ("text", "path", "query", "origin"),
    [
        ("https://h/a?b#c?d", "/a", "b", "h:443"),
        ("http://h#a?b", "", "", "h:80"),
        ("http://h:8080?b", "", "b", "h:8080"),
    ],
)
def test_the_parts_of_a_url_are_returned(text: str, path: str, query: str, origin: str) -> None:
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
def test_a_url_is_encoded_for_a_request(given_: str, sent: str | None) -> None:
    """None: the URL is sent as it was given."""
    assert request_url(given_) == (given_ if sent is None else sent)


@pytest.mark.parametrize(
    "host", [" ", "a b.example", "\ud800", "a" * 70 + "é.example", "é..example", "é" * 300]
)
def test_an_invalid_host_has_no_ascii_form(host: str) -> None:
    assert ascii_host(host) == ""


#: Valid host names in any script, and URLs with them.
hosts = st.builds(
    "{}.{}".format,
    st.sampled_from(["h", "my-cdn", "例え", "bücher", "пример", "HOST"]),
    st.sampled_from(["example", "com", "рф"]),
)
anything = st.text(st.characters(exclude_categories=["Cs"]))
addresses = st.builds(
    "{}://{}{}{}/{}?{}".format,
    st.sampled_from(["http", "https", "HTTPS"]),
    st.sampled_from(["", "me@", "mé:p w@", "%40:é@"]),
    hosts,
    st.sampled_from(["", ":8080"]),
    anything,
    anything,
)


@given(addresses)
def test_a_request_url_is_ascii_and_is_not_changed_if_encoded_again(text: str) -> None:
    sent = request_url(text)
    assert sent.isascii()
    assert " " not in sent
    assert request_url(sent) == sent
    assert urlsplit(sent).scheme in ("http", "https")
    assert ascii_host(parse(sent).host)


@given(st.text().filter(lambda text: parse(text) is None))
def test_a_text_that_is_no_url_is_returned_unchanged(text: str) -> None:
    assert request_url(text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (PLAIN, PLAIN),
        ("HTTPS://CDN.Example.com:443/My Video.mp4", "https://cdn.example.com/My%20Video.mp4"),
        ("http://cdn.example.com.:0080", "http://cdn.example.com/"),
        ("https://cdn.example.com:8443/%7ea%2fb", "https://cdn.example.com:8443/~a%2Fb"),
        ("https://h.example/Cafe\u0301.mp4", "https://h.example/Caf%C3%A9.mp4"),
        ("https://h.example/Cafe%cc%81.mp4", "https://h.example/Caf%C3%A9.mp4"),
        ("https://h.example/%e9.mp4", "https://h.example/%E9.mp4"),
        ("https://h.example/a/./b/../c.mp4", "https://h.example/a/c.mp4"),
        ("https://h.example/../../a/..", "https://h.example/"),
        ("https://h.example/a%28b%29.mp4", "https://h.example/a(b).mp4"),
        ("https://h.example/a%2Bb+c.mp4", "https://h.example/a%2Bb+c.mp4"),
        ("https://h.example/?f=a+b&amp;g=%2f", "https://h.example/?f=a%20b&g=/"),
        (f"{PLAIN}?", PLAIN),
        (f"{PLAIN}#t=10.5", PLAIN),
        ("https://h.example/Lesson #5.mp4", "https://h.example/Lesson%20%235.mp4"),
        ("https://h.example/a#1 #2.mp4?v=1#t=3", "https://h.example/a%231%20%232.mp4?v=1"),
        ("https://例え.example/動", "https://xn--r8jz45g.example/%E5%8B%95"),
        ("https://h.example/100%.mp4", "https://h.example/100%25.mp4"),
        ("s3://Bucket/Cafe\u0301.mp4", "s3://Bucket/Caf\u00e9.mp4"),
        ("https://mé@h.example/a%2fb", "https://m%C3%A9@h.example/a%2Fb"),
    ],
)
def test_a_url_has_a_canonical_form(text: str, expected: str) -> None:
    assert canonical_url(text) == expected


@given(addresses)
def test_all_spellings_of_a_url_have_one_canonical_form(url: str) -> None:
    once = canonical_url(url)
    assert canonical_url(once) == once
    assert canonical_url(request_url(url)) == once


@given(st.text())
def test_a_canonical_form_is_not_changed_if_made_again(text: str) -> None:
    assert canonical_url(canonical_url(text)) == canonical_url(text)


@given(st.text(st.characters(exclude_characters="%?#/\\", exclude_categories=["C"]), min_size=1))
def test_a_name_in_any_unicode_form_and_encoding_has_one_canonical_url(name: str) -> None:
    urls = {
        f"https://h.example/{quote(form, safe=safe)}.mp4"
        for form in (name, normalize("NFC", name), normalize("NFD", name))
        for safe in ("+=&;", "+=&;!'()*,:@$")
    }
    urls |= {f"https://h.example/{name}.mp4"}
    assert len({canonical_url(url) for url in urls}) == 1
