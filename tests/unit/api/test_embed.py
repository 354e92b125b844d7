"""The embed code is the guide's, attribute for attribute."""

from html.parser import HTMLParser

from batch_import.api.embed import embed_code, embed_url

#: The guide's step 4, as it prints it.
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


def test_markup_equals_the_guides() -> None:
    url = embed_url("https://play.viostream.com", "abc123def456")
    code = embed_code(url)
    assert Tags(code).seen == Tags(GUIDE).seen
    assert "frameBorder=" in code  # the guide's capitals, too
    assert "\n" not in code


def test_a_key_cannot_leave_its_attribute() -> None:
    code = embed_code(embed_url("https://play.viostream.com", '"><script>x</script>'))
    assert "<script>" not in code
    assert len(Tags(code).seen) == 4
