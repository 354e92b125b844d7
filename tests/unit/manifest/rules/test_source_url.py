"""The rules for `sourceUrl`, with cells that people really write."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_import.manifest.rules import source_url
from batch_import.models import Severity

URL = "https://videos.example.com/a.mp4"


def codes(url: str, own_host: str = "") -> list[str]:
    return [violation.code for _, violation in source_url.violations([url], own_host)]


def hint(url: str) -> str:
    ((_, violation),) = source_url.violations([url])
    return violation.hint


@pytest.mark.parametrize(
    "url",
    [
        URL,
        "HTTPS://EXAMPLE.COM",
        "http://example.com:8080/a?b=c+d",
        "https://example.com?x",
        "https://example.com./a",
        "https://example.com/two words.mp4",
        "https://例え.example/動画.mp4",
        "https://my_bucket.s3.amazonaws.com/a.mp4",
        "https://8.8.8.8/a.mp4",
        "https://[2606:4700::1111]:80/a",
        "https://gone.invalid/a.mp4",
        "https://cdn.example.com/w_100,https://other.example/a.mp4",
        "https://example.com/watch.php?file=https://x",
        "https://example.com/" + "a" * 5000,
    ],
)
def test_valid_urls_have_no_problem(url: str) -> None:
    assert codes(url) == []


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("", ["url-missing"]),
        ("ftp://example.com/a", ["url-scheme"]),
        ("//example.com/a", ["url-scheme"]),
        ("httpss://example.com/a", ["url-scheme"]),
        ("TO DO", ["url-scheme"]),
        ("https:/example.com", ["url-host"]),
        ("https://", ["url-host"]),
        ("https:///a.mp4", ["url-host"]),
        ("https://:80/a", ["url-host"]),
        ("https://user@/a", ["url-host"]),
        (r"https:\\example.com\a", ["url-scheme", "url-backslash"]),
        ("https://exa mple.com/", ["url-host"]),
        ("https://a..example/", ["url-host"]),
        ("https://-a.example/", ["url-host"]),
        ("https://" + "a" * 64 + ".example/", ["url-host"]),
        ("https://example.com:0/a", ["url-host"]),
        ("https://example.com:65536/a", ["url-host"]),
        ("https://1.2.3.4.5/", ["url-host"]),
        ("https://256.1.1.1/", ["url-host"]),
        ("https://1.2.3.08/", ["url-host"]),
        ("https://" + "a." * 200 + "example/", ["url-host"]),
        ("https://example.com/" + "a" * 17_000, ["url-length"]),
        ("http://" * 3_000, ["url-length"]),
        ("https://[fe80::1%25eth0]/", ["url-host"]),
        ("https://example.com/a\nb", ["url-characters"]),
        ("https://example.com/a\tb", ["url-characters"]),
        ("https://example.com/\u200ba", ["url-characters"]),
        ("https://example.com/\xa0a", ["url-characters"]),
        ("https://example.com/\x7fa", ["url-characters"]),
        ("https://example.com/\ufffd", ["url-characters"]),
        ("ftp://example.com/\ta", ["url-characters", "url-scheme"]),
        ("https://a.example/1.mp4 https://a.example/2.mp4", ["url-several"]),
        ("https://a.example/1.mp4\nhttp://a.example/2.mp4", ["url-several"]),
        ("https://a.example/1.mp4 ; https://a.example/2.mp4", ["url-several"]),
        ("https://user:secret@example.com/a.mp4", ["url-credentials"]),
        ("https://user@youtu.be/x", ["url-credentials", "url-page"]),
        ("https://example.com/live/index.m3u8", ["url-playlist"]),
        ("https://example.com/live/index.M3U8?token=1", ["url-playlist"]),
        ("https://example.com/live/manifest.mpd#t", ["url-playlist"]),
        ("https://example.com/?list=a.m3u8", []),
    ],
)
def test_invalid_urls_have_a_code(url: str, expected: list[str]) -> None:
    assert codes(url) == expected
    # An invalid row must not change the result of the valid rows beside it.
    assert {at for at, _ in source_url.violations([URL, url, URL])} <= {1}


@pytest.mark.parametrize(
    "host",
    """
    localhost LOCALHOST localhost. intranet nas fileserver.local media.lan wiki.internal
    videos.corp host.home.arpa x.localhost 127.0.0.1 127.1 127.0.1 0x7f.0.0.1 0x7F000001
    2130706433 017700000001 0177.0.0.1 0.0.0.0 0 10.1.2.3 172.16.0.1 172.31.255.255 192.168.1.20
    169.254.169.254 100.64.0.1 192.0.2.1 198.18.0.1 203.0.113.9 224.0.0.1 240.0.0.1
    255.255.255.255 [::1] [::] [fe80::1] [fc00::1] [fd12:3456::1] [ff02::1] [2001:db8::1]
    [::ffff:127.0.0.1] [::ffff:10.0.0.1] [64:ff9b::10.0.0.1] [64:ff9b::7f00:1] [2002:7f00:1::]
    [2002:a00:1::] [::127.0.0.1] １２７.0.0.1 ⓛocalhost
    """.split(),
)
def test_private_hosts_are_a_problem(host: str) -> None:
    assert codes(f"http://{host}/a.mp4") == ["url-private"]
    assert codes(f"https://{host}:8443/a.mp4") == ["url-private"]


@pytest.mark.parametrize(
    "host",
    """
    172.32.0.1 11.0.0.1 1.1 0x08080808 134744072 [2606:4700::1111] [::ffff:8.8.8.8]
    [64:ff9b::8.8.8.8] localhost.example.com local.example internal.example.org
    """.split(),
)
def test_hosts_that_only_look_private_are_valid(host: str) -> None:
    assert codes(f"https://{host}/a.mp4") == []


@pytest.mark.parametrize(
    ("largest", "too_large"),
    [
        ("127.0.0.255", "127.0.0.256"), ("127.0.65535", "127.0.65536"),
        ("127.0.65535", "127.0.66000"), ("127.16777215", "127.16777216"),
        ("4294967295", "4294967296"), ("255.0.0.1", "256.0.0.1"),
    ],
)  # fmt: skip
def test_the_last_number_of_an_ipv4_address_fills_the_remaining_bytes(
    largest: str, too_large: str
) -> None:
    assert codes(f"https://{largest}/a.mp4") == ["url-private"]
    assert codes(f"https://{too_large}/a.mp4") == ["url-host"]


def test_only_the_host_and_port_of_the_sandbox_may_be_private() -> None:
    own = "127.0.0.1:8765"
    assert codes("http://127.0.0.1:8765/clips/1.mp4", own) == []
    for other in ("127.0.0.1:8766", "127.0.0.1", "localhost:8765", "10.0.0.1:8765"):
        assert codes(f"http://{other}/clips/1.mp4", own) == ["url-private"]


@pytest.mark.parametrize(
    ("url", "direct"),
    [
        ("https://www.youtube.com/watch?v=abc", ""),
        ("https://m.youtube.com/shorts/abc", ""),
        ("https://youtu.be/abc?t=1", ""),
        ("https://music.youtube.com/watch?v=a", ""),
        ("https://vimeo.com/123456", ""),
        ("https://player.vimeo.com/video/123456?h=1", ""),
        ("https://www.facebook.com/x/videos/1/", ""),
        ("https://fb.watch/abc/", ""),
        ("https://www.loom.com/share/abc", ""),
        ("https://acme.wistia.com/medias/abc", ""),
        ("https://fast.wistia.net/embed/iframe/abc", ""),
        ("https://us02web.zoom.us/rec/share/abc", ""),
        ("https://acme.hosted.panopto.com/Panopto/Pages/Viewer.aspx?id=1", ""),
        ("https://1drv.ms/v/s!abc", ""),
        ("https://drive.google.com/drive/folders/abc", ""),
        ("https://archive.org/details/abc", ""),
        ("https://app.box.com/s/abc", ""),
        (
            "https://drive.google.com/file/d/1a_B-c/view?usp=sharing",
            "https://drive.usercontent.google.com/download?id=1a_B-c&export=download&confirm=t",
        ),
        (
            "https://drive.google.com/open?id=1a_B-c",
            "https://drive.usercontent.google.com/download?id=1a_B-c&export=download&confirm=t",
        ),
        (
            "https://www.dropbox.com/s/abc/a.mp4?dl=0",
            "https://www.dropbox.com/s/abc/a.mp4?dl=1",
        ),
        (
            "https://www.dropbox.com/scl/fi/abc/a.mp4?rlkey=k&st=s&dl=0",
            "https://www.dropbox.com/scl/fi/abc/a.mp4?rlkey=k&st=s&dl=1",
        ),
        (
            "https://acme.sharepoint.com/:v:/s/team/EaBc?e=x1",
            "https://acme.sharepoint.com/:v:/s/team/EaBc?e=x1&download=1",
        ),
        (
            "https://acme-my.sharepoint.com/:v:/g/personal/EaBc",
            "https://acme-my.sharepoint.com/:v:/g/personal/EaBc?download=1",
        ),
        ("https://acme.sharepoint.com/sites/t/Shared%20Documents/a.mp4", ""),
        (
            "https://onedrive.live.com/embed?resid=A%21B&authkey=C",
            "https://onedrive.live.com/download?resid=A%21B&authkey=C",
        ),
        (
            "https://github.com/o/r/blob/main/media/a.mp4",
            "https://raw.githubusercontent.com/o/r/main/media/a.mp4",
        ),
        (
            "https://storage.cloud.google.com/bucket/a.mp4",
            "https://storage.googleapis.com/bucket/a.mp4",
        ),
        (
            "https://commons.wikimedia.org/wiki/File:A_film.webm",
            "https://commons.wikimedia.org/wiki/Special:FilePath/A_film.webm",
        ),
    ],
)
def test_the_hint_for_a_page_is_its_direct_url(url: str, direct: str) -> None:
    ((_, violation),) = source_url.violations([url])
    assert violation.code == "url-page"
    assert violation.hint.endswith(f" is at {direct}" if direct else "give that URL.")
    if direct:
        assert codes(direct) == []


@pytest.mark.parametrize(
    "url",
    [
        "https://drive.google.com/uc?export=download&id=1a",
        "https://www.dropbox.com/s/abc/a.mp4?dl=1",
        "https://www.dropbox.com/s/abc/a.mp4?raw=1",
        "https://dl.dropboxusercontent.com/s/abc/a.mp4",
        "https://acme.sharepoint.com/sites/t/_layouts/15/download.aspx?share=E",
        "https://player.vimeo.com/external/1.hd.mp4?s=abc",
        "https://player.vimeo.com/progressive_redirect/playback/1/rendition/720p/file.mp4",
        "https://embed-ssl.wistia.com/deliveries/abc.bin",
        "https://cdn.loom.com/sessions/raw/a.mp4",
        "https://video.xx.fbcdn.net/v/a.mp4",
        "https://archive.org/download/abc/a.mp4",
        "https://app.box.com/shared/static/abc.mp4",
        "https://github.com/o/r/raw/main/a.mp4",
        "https://github.com/o/r/releases/download/v1/a.mp4",
        "https://notyoutube.com/watch?v=1",
        "https://youtube.com.example.org/a.mp4",
        "https://commons.wikimedia.org/wiki/Special:FilePath/A.webm",
    ],
)
def test_direct_urls_of_files_on_page_hosts_are_valid(url: str) -> None:
    assert codes(url) == []


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("//example.com/a.mp4", "https://example.com/a.mp4"),
        ("www.example.com/a.mp4", "https://www.example.com/a.mp4"),
        ("example.com", "Write https:// in front"),
        (r"C:\Videos\a.mp4", "put on the web first"),
        (r"\\nas\videos\a.mp4", "put on the web first"),
        ("/home/me/a.mp4", "put on the web first"),
        ("file:///home/me/a.mp4", "put on the web first"),
        ("./a.mp4", "put on the web first"),
        ("sftp://example.com/a.mp4", "fetches over http and https"),
        ("My film - https://example.com/a.mp4", "https://example.com/a.mp4"),
        ("b2://my-bucket/dir/a.mp4", "fetches over http and https"),
        ("Dead link", "Give the whole URL"),
    ],
)
def test_the_hint_fits_the_kind_of_invalid_url(url: str, words: str) -> None:
    assert words in hint(url)


def test_a_url_with_credentials_is_only_a_warning() -> None:
    ((_, violation),) = source_url.violations(["https://user:secret@example.com/a.mp4"])
    assert violation.severity is Severity.WARNING
    assert "secret" not in violation.reason + violation.hint


@given(
    st.lists(
        st.text()
        | st.builds("{}://{}/{}".format, st.sampled_from(["http", "HTTPS"]), st.text(), st.text())
        | st.builds("https://{}{}".format, st.ip_addresses(), st.text())
        | st.builds("https://github.com/{}".format, st.text())
        | st.builds("https://drive.google.com/{}?{}".format, st.text(), st.text())
        | st.builds("https://[{}]:{}/".format, st.text(), st.text())
    )
)
def test_any_text_is_accepted_and_rows_are_checked_independently(urls: list[str]) -> None:
    together = list(source_url.violations(urls))
    alone = [
        (at, violation)
        for at, url in enumerate(urls)
        for _, violation in source_url.violations([url])
    ]
    assert together == alone
