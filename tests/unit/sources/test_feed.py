import gzip
import io
from datetime import UTC, datetime
from pathlib import Path

import pytest

from batch_import.errors import UsageError
from batch_import.sources import feed, feed_reader
from batch_import.sources.feed import FeedSource
from batch_import.sources.feed_reader import feed_items
from batch_import.sources.source import (
    ListedVideo,
    ListingOptions,
    SkippedItem,
    SourceUnreadable,
)

RSS = """<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:media="http://search.yahoo.com/mrss/"
     xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd"
     xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:x="https://x.example/ns">
<channel><title>Talks</title><image><url>https://h.example/logo.png</url></image>
<link>https://h.example/</link>
{}
</channel></rss>"""

PODCAST = RSS.format("""
<item>
  <title>Year in review &amp; outlook</title>
  <guid isPermaLink="false">talk-2025-01</guid>
  <description>&lt;p&gt;All the &lt;b&gt;numbers&lt;/b&gt;.&lt;/p&gt;</description>
  <pubDate>Wed, 15 Jan 2025 10:00:00 +0100</pubDate>
  <category>Finance</category><category>Board</category>
  <itunes:duration>1:02:03</itunes:duration><itunes:keywords>Board, review</itunes:keywords>
  <enclosure url="https://h.example/talks/review.mp4" length="123456" type="video/mp4"/>
</item>
<item><title>Only sound</title>
  <enclosure url="https://h.example/a.mp3" length="1" type="audio/mpeg"/></item>
<item><title>Only text</title><link>https://h.example/text</link></item>
""")


def item(content: str) -> str:
    return RSS.format(f"<item><title>One</title>{content}</item>")


def list_feed(text: str | bytes, tmp_path: Path) -> list[ListedVideo | SkippedItem]:
    path = tmp_path / "feed.xml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return list(FeedSource().videos(f"feed:{path}", ListingOptions()))


def test_a_podcast_is_listed(tmp_path: Path) -> None:
    video, sound, text = list_feed(PODCAST, tmp_path)
    assert video == ListedVideo(
        "https://h.example/talks/review.mp4",
        title="Year in review & outlook",
        reference_id="talk-2025-01",
        extension="mp4",
        size=123456,
        duration=3723.0,
        description="All the numbers .",
        tags=("Finance", "Board", "review"),
        modified_at=datetime(2025, 1, 15, 9, tzinfo=UTC),
    )
    assert sound == SkippedItem("Only sound", "It is not a video but audio/mpeg.")
    assert isinstance(text, SkippedItem)
    assert (text.name, "names no video file" in text.reason) == ("Only text", True)


def test_renditions_of_a_media_group_are_one_video(tmp_path: Path) -> None:
    (video,) = list_feed(
        item("""
        <guid>https://h.example/?p=1</guid>
        <enclosure url="https://h.example/480.mp4" type="video/mp4" length="5"/>
        <media:group>
          <media:content url="https://h.example/480.mp4" type="video/mp4" height="480"/>
          <media:content url="https://h.example/1080.mp4" type="video/mp4" height="1080"
                         fileSize="900000" duration="61.5"/>
          <media:content url="https://h.example/2160.webm" type="video/webm" height="2160"/>
          <media:content url="https://h.example/hls.m3u8" type="application/x-mpegURL"/>
          <media:thumbnail url="https://h.example/t.jpg"/>
          <media:title>Other</media:title>
        </media:group>"""),
        tmp_path,
    )
    assert isinstance(video, ListedVideo)
    assert video.url == "https://h.example/1080.mp4"
    assert (video.title, video.size, video.duration) == ("One", 900_000, 61.5)
    assert not video.reference_id  # a URL is no ID that a manifest can have


def test_several_media_groups_are_several_videos(tmp_path: Path) -> None:
    group = "<media:group><media:title>{0}</media:title><media:content url='https://h.example/{0}.mp4'/></media:group>"
    videos = list_feed(item(f"<guid>g</guid>{group.format('A')}{group.format('B')}"), tmp_path)
    assert [(v.title, v.reference_id) for v in videos if isinstance(v, ListedVideo)] == [
        ("A", ""),
        ("B", ""),
    ]


def test_a_sample_is_not_listed_as_the_video(tmp_path: Path) -> None:
    (video,) = list_feed(
        item("""<media:content url="https://h.example/trailer.mp4" expression="sample" height="9"/>
                <media:content url="https://h.example/whole.mp4" height="2"/>"""),
        tmp_path,
    )
    assert isinstance(video, ListedVideo)
    assert video.url == "https://h.example/whole.mp4"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ('<media:content url="https://h.example/a.m3u8" medium="video"/>', "streaming playlist"),
        ('<media:content url="https://h.example/a.jpg" medium="image"/>', "not a video but image"),
        ('<enclosure url="/a.mp4" type="video/mp4"/>', "no http URL"),
        (
            """<media:content url="https://www.youtube.com/v/abc?version=3"
            type="application/x-shockwave-flash"/>""",
            "page of YouTube",
        ),
    ],
)
def test_an_item_without_a_usable_file_is_skipped_with_a_reason(
    content: str, reason: str, tmp_path: Path
) -> None:
    (skipped,) = list_feed(item(content), tmp_path)
    assert isinstance(skipped, SkippedItem)
    assert reason in skipped.reason


def test_the_extension_is_read_from_the_media_type(tmp_path: Path) -> None:
    (video,) = list_feed(
        item('<enclosure url="https://h.example/get?id=1" type="video/quicktime"/>'), tmp_path
    )
    assert isinstance(video, ListedVideo)
    assert video.extension == "mov"


def test_an_atom_feed_is_listed(tmp_path: Path) -> None:
    text = """<feed xmlns="http://www.w3.org/2005/Atom"><title>F</title>
    <link rel="self" href="https://h.example/feed"/>
    <entry><title type="html">A &amp;lt;b&amp;gt;</title><id>tag:h.example,2025:1</id>
      <updated>2025-01-31T10:00:00Z</updated><category term="HR"/><summary>S</summary>
      <link rel="alternate" href="https://h.example/page"/>
      <link rel="enclosure" type="video/mp4" length="77" href="https://h.example/1.mp4"/></entry>
    </feed>"""
    (video,) = list_feed(text, tmp_path)
    assert isinstance(video, ListedVideo)
    assert (video.url, video.reference_id) == ("https://h.example/1.mp4", "tag:h.example,2025:1")
    assert (video.size, video.tags, video.description) == (77, ("HR",), "S")
    assert video.modified_at == datetime(2025, 1, 31, 10, tzinfo=UTC)


SITEMAP = """<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"
  xmlns:video="http://www.google.com/schemas/sitemap-video/1.1">
<url><loc>https://h.example/p1</loc>
  <video:video><video:title>One</video:title><video:description>First</video:description>
    <video:content_loc>https://h.example/1.mov</video:content_loc>
    <video:duration>600</video:duration><video:tag>a</video:tag><video:tag>b</video:tag>
    <video:category>HR</video:category>
    <video:publication_date>2025-01-31</video:publication_date></video:video>
  <video:video><video:title>Two</video:title>
    <video:player_loc>https://h.example/player?v=2</video:player_loc></video:video></url>
<url><loc>https://h.example/p2</loc></url></urlset>"""


def test_a_video_sitemap_is_listed(tmp_path: Path) -> None:
    one, two, page = list_feed(SITEMAP, tmp_path)
    assert one == ListedVideo(
        "https://h.example/1.mov",
        title="One",
        extension="mov",
        duration=600.0,
        description="First",
        tags=("a", "b"),
        folder="HR",
        modified_at=datetime(2025, 1, 31, tzinfo=UTC),
    )
    assert isinstance(two, SkippedItem)
    assert (two.name, "only a page" in two.reason) == ("Two", True)
    assert page == SkippedItem("https://h.example/p2", "This page of the sitemap has no video.")


def test_a_compressed_sitemap_is_listed(tmp_path: Path) -> None:
    assert len(list_feed(gzip.compress(SITEMAP.encode()), tmp_path)) == 3


def test_a_sitemap_that_decompresses_to_too_many_bytes_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "_MAX_BYTES", 1_000_000)
    packed = gzip.compress(SITEMAP.replace("</urlset>", " " * 1_000_000 + "</urlset>").encode())
    with pytest.raises(SourceUnreadable, match="unpacks to more than"):
        list_feed(packed, tmp_path)
    with pytest.raises(SourceUnreadable, match="damaged gzip"):
        list_feed(gzip.compress(SITEMAP.encode())[:-20], tmp_path)


LAUGHS = (
    '<!DOCTYPE rss [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY a{n} "{f"&a{n - 1 or str()};" * 10}">' for n in range(1, 10))
    + "]>"
)


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (LAUGHS + item("&a9;"), "defines XML entities"),
        (f'<!DOCTYPE rss [<!ENTITY q "{"q" * 9_999}">]>{item("&q;" * 9_999)}', "XML entities"),
        (
            f'<!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/passwd">]>{item("&x;")}',
            "XML entities",
        ),
        ("<rss>" + "<a>" * 300, "too many nested"),
        ("<rss><item>" + "<a/>" * 21_000, "too many nested"),
        ("<html><body>no</body></html>", "its root element is <html>"),
        ("no XML", "not well-formed XML (line 1, column 0)"),
        ("<rss><channel>", "not well-formed"),
        ("", "not well-formed"),
        (item("&nbsp;"), "not well-formed"),
    ],
)
def test_an_invalid_or_dangerous_feed_is_refused_in_one_line(
    document: str, words: str, tmp_path: Path
) -> None:
    with pytest.raises(SourceUnreadable) as raised:
        list_feed(document.replace('<?xml version="1.0" encoding="UTF-8"?>', ""), tmp_path)
    assert words in str(raised.value)
    assert "\n" not in str(raised.value)


def test_blank_lines_and_other_encodings_are_accepted(tmp_path: Path) -> None:
    text = PODCAST.replace("UTF-8", "windows-1251").replace("Only sound", "Звук")
    assert len(list_feed(b"\n\n" + text.encode("cp1251"), tmp_path)) == 3
    assert list_feed(text.encode("cp1251"), tmp_path)[1].name == "Звук"  # type: ignore[union-attr]


def test_the_error_for_a_missing_file_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        list(FeedSource().videos(f"feed:{tmp_path / 'nowhere.xml'}", ListingOptions()))


def test_the_parser_keeps_no_items_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    roots = []
    start = feed_reader.iterparse

    def watched(*args: object, **kwargs: object):  # noqa: ANN202
        for event, element in start(*args, **kwargs):
            roots.append(element) if not roots else None
            yield event, element

    monkeypatch.setattr(feed_reader, "iterparse", watched)
    text = RSS.format("<item><title>a</title></item><other/>" * 20_000)
    for count, _ in enumerate(feed_items(io.BytesIO(text.encode()), "feed")):
        # The parser has read one block of the file ahead.
        assert sum(1 for _ in roots[0].iter()) < 2_000 or count % 1_000
    assert sum(1 for _ in roots[0].iter()) == 1
