"""The embed code is that of the Viostream API guide, attribute for attribute."""

from html.parser import HTMLParser

from batch_import.viostream.embed import embed_code, embed_url, oembed_url, share_url

#: Step 4 of the Viostream API guide, as printed there.
GUIDE = """<div style="padding-bottom:56.25%; position:relative; display:block; width:100%">
<iframe
width="100%"
height="100%"
src="https://play.viostream.com/iframe/abc123def456"
referrerpolicy="strict-origin-when-cross-origin"
allow="autoplay; encrypted-media; picture-in-picture"
allowfullscreen
frameBorder="0"
style="position:absolute; top: 0; left: 0">
</iframe>
</div>"""


class Tags(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.seen: list[object] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, attrs))

    def handle_endtag(self, tag: str) -> None:
        self.seen.append(tag)


def test_the_embed_code_equals_the_one_in_the_api_guide() -> None:
    url = embed_url("https://play.viostream.com", "abc123def456")
    code = embed_code(url)
    assert Tags(code).seen == Tags(GUIDE).seen
    assert "frameBorder=" in code  # also with the capital of the API guide
    assert "\n" not in code


def test_a_media_key_is_escaped_in_its_attribute() -> None:
    code = embed_code(embed_url("https://play.viostream.com", '"><script>x</script>'))
    assert "<script>" not in code
    assert len(Tags(code).seen) == 4


def test_the_ratio_of_the_frame_is_that_of_the_picture() -> None:
    url = embed_url("https://play.viostream.com", "k")
    assert "padding-bottom:177.7778%;" in embed_code(url, size=(1080, 1920))
    assert embed_code(url, size=(1920, 1080)) == embed_code(url)


def test_a_fixed_frame_has_the_attributes_of_the_api_guide_without_a_style() -> None:
    url = embed_url("https://play.viostream.com", "abc123def456")
    (_, attributes), _ = Tags(embed_code(url, "fixed", (640, 480))).seen
    guide = dict(Tags(GUIDE).seen[1][1])  # type: ignore[index]
    del guide["style"]
    assert dict(attributes) == {**guide, "width": "640", "height": "480"}


def test_a_title_is_escaped_in_its_attribute() -> None:
    url = embed_url("https://play.viostream.com", "k")
    seen = Tags(embed_code(url, title='"><script>\n x')).seen
    assert dict(seen[1][1])["title"] == '"><script> x'  # type: ignore[index]
    assert len(seen) == 4
    assert embed_code(url, title=" ") == embed_code(url)


def test_only_viostream_has_share_urls() -> None:
    viostream, other = "https://play.viostream.com", "http://127.0.0.1:8765"
    assert share_url(viostream, "a/b") == "https://share.viostream.com/a%2Fb"
    assert oembed_url(viostream, "a/b") == (
        "https://play.viostream.com/oembed?url=https%3A%2F%2Fshare.viostream.com%2Fa%252Fb"
    )
    assert (share_url(other, "a"), oembed_url(other, "a")) == ("", "")
