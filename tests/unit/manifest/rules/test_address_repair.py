"""URLs with damage around, after or inside them: the hint is the corrected URL."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_import.manifest.rules import pages, source_url
from batch_import.manifest.rules.address_repair import has_several_urls, repair_url
from batch_import.manifest.rules.page_hosts import SITES_BY_DOMAIN
from batch_import.models import Severity

URL = "https://media.example.com/videos/a.mp4"

#: Kind of damage → a function that damages the URL of a file.
BLEMISHES: dict[str, Callable[[str], str]] = {
    "angle": "<{}>".format,
    "parentheses": "({})".format,
    "brackets": "[{}]".format,
    "quotes": '"{}"'.format,
    "single quotes": "'{}'".format,
    "curly quotes": "“{}”".format,
    "guillemets": "«{}»".format,
    "backticks": "`{}`".format,
    "opened only": "<{}".format,
    "comma": "{},".format,
    "semicolon": "{};".format,
    "full stop": "{}.".format,
    "closed only": "{})".format,
    "quote behind": '{}"'.format,
    "ideographic stop": "{}。".format,
    "Markdown": "[Watch it]({})".format,
    "Markdown with a title": '[Watch]({} "a title")'.format,
    "Markdown with an address as its text": "[https://short.example/x.mp4]({})".format,
    "Markdown without a scheme": lambda url: f"[Watch]({url.removeprefix('https://')})",
    "image": "![Watch]({})".format,
    "HTML": '<a class="x" href="{}" target="_blank">Watch</a>'.format,
    "HTML without quotes": "<a href={}>Watch</a>".format,
    "video": "<video controls src='{}'></video>".format,
    "formula": '=HYPERLINK("{}","Watch")'.format,
    "label": "URL: {}".format,
    "title before": "My film - {}".format,
    "attachment": "a.mp4 ({})".format,
    "zero width": lambda url: url[:15] + "\u200b" + url[15:],
    "byte order mark": "\ufeff{}".format,
    "soft hyphen": lambda url: url.replace("videos", "vid\u00adeos"),
    "line break": lambda url: url[:30] + "\n" + url[30:],
    "backslashes": lambda url: url.replace("/", "\\"),
    "backslashes in the path": lambda url: url.replace("/a", "\\a"),
    "doubled": "https://{}".format,
    "doubled, mixed": "http://{}".format,
    "one slash": lambda url: url.replace("://", ":/"),
    "three slashes": lambda url: url.replace("://", ":///"),
    "no colon": lambda url: url.replace("://", "//"),
    "typing": lambda url: url.replace("https", "htps"),
    "letter lost": lambda url: url.removeprefix("h"),
    "defanged": lambda url: url.replace("https", "hxxps"),
    "spaces in the scheme": lambda url: url.replace("://", ": //"),
    "full width": lambda url: url.replace("://", "：//"),
    "percent": lambda url: url.replace("://", "%3A%2F%2F"),
    "no scheme": lambda url: url.removeprefix("https://"),
    "slashes alone": lambda url: url.removeprefix("https:"),
    "entity": lambda url: url.replace("/", "&#x2F;"),
    "layers": "&lt;{}&gt;,".format,
    "more layers": "“[Watch](<{}>)”.".format,
}


@pytest.mark.parametrize("name", BLEMISHES)
def test_the_hint_is_the_corrected_url(name: str) -> None:
    found = [violation for _, violation in source_url.violations([BLEMISHES[name](URL)])]
    assert found
    assert {(violation.hint, violation.fix) for violation in found} == {(URL, URL)}
    assert any(violation.severity is Severity.ERROR for violation in found)


@pytest.mark.parametrize(
    ("url", "right"),
    [
        ("https://h.example/a.mp4?x=1&amp;y=2", "https://h.example/a.mp4?x=1&y=2"),
        ("https://h.example/a.mp4?x=1&amp;amp;y=2", "https://h.example/a.mp4?x=1&y=2"),
        ("https://h.example/Lesson #5 intro.mp4", "https://h.example/Lesson %235 intro.mp4"),
        ("https://h.example/#1 and #2.mp4?sig=a", "https://h.example/%231 and %232.mp4?sig=a"),
        ("https://h.example/What now?.mp4", "https://h.example/What now%3F.mp4"),
    ],
)
def test_damage_inside_a_url_is_corrected(url: str, right: str) -> None:
    (violation,) = (violation for _, violation in source_url.violations([url]))
    assert (violation.severity, violation.hint, violation.fix) == (Severity.ERROR, right, right)


@pytest.mark.parametrize(
    "url",
    [
        "https://h.example/a (1).mp4",
        "https://h.example/a.mp4#t=10",
        "https://h.example/watch?v=a&lt=5",
        "https://h.example/a.mp4?u=https://other.example/b.mp4",
        "https://web.archive.org/web/2020/https://other.example/b.mp4",
        "https://httpbin.example/http/a.mp4",
        "https://h.example/path_(with)_(pairs)",
        "https://h.example/d'été.mp4",
        "https://h.example/[1]",
        "https://h.example/a.mp4?sig=ab+/=",
        "https://h.example",
    ],
)
def test_a_valid_url_that_looks_damaged_is_not_changed(url: str) -> None:
    assert repair_url(url) is None
    assert not has_several_urls(url)
    assert list(source_url.violations([url])) == []


@pytest.mark.parametrize("url", ["https://h.example/Hello!", "https://h.example/asset/12345."])
def test_a_last_character_that_may_belong_to_the_url_is_a_warning(url: str) -> None:
    (violation,) = (violation for _, violation in source_url.violations([url]))
    assert (violation.code, violation.severity, violation.hint) == (
        "url-trailing",
        Severity.WARNING,
        url[:-1],
    )


@pytest.mark.parametrize(
    "between", [" ", "\n", ", ", "; ", " | ", ",", ";", "|", "", " and ", "> <", ")("]
)
def test_two_urls_in_a_cell_are_a_problem(between: str) -> None:
    cell = f"{URL}{between}https://media.example.com/b.mp4"
    assert [violation.code for _, violation in source_url.violations([cell])] == ["url-several"]


def test_a_lost_character_is_not_guessed() -> None:
    (violation,) = (
        violation for _, violation in source_url.violations(["https://h.example/caf\ufffd.mp4"])
    )
    assert (violation.code, violation.fix) == ("url-characters", "")


NAMES = st.text(
    st.characters(codec="utf-8", categories=("Ll", "Lu", "Nd", "Lo"), include_characters="_-. +~"),
    min_size=1,
    max_size=20,
).map(lambda name: f"x{name}x")


@given(NAMES, st.sampled_from(sorted(BLEMISHES)))
def test_no_damage_of_any_url_goes_unreported(name: str, blemish: str) -> None:
    url = f"https://media.example.com/videos/{name}.mp4"
    cell = BLEMISHES[blemish](url).strip()
    assert cell == url or list(source_url.violations([cell]))


@pytest.mark.parametrize("behind", [")", "))", ").", "]])", ",", ""])
def test_punctuation_after_a_url_is_no_second_url(behind: str) -> None:
    assert not has_several_urls(f"{URL}{behind} {URL}")
    assert has_several_urls(f"{URL}{behind} {URL}?2")


@given(st.text(max_size=200))
def test_any_text_is_accepted_and_a_repair_is_final(text: str) -> None:
    has_several_urls(text)
    found = repair_url(text)
    if found:
        assert found.url != text


LONG = [
    "<a" * 8_000,
    "[" * 16_000,
    ")" * 16_000,
    "https://h/" + ")" * 16_000,
    "<a href" * 2_000,
    "[a](" * 4_000,
    "&amp;" * 3_000,
    f"{URL}{'(' * 16_000}{URL}",
    f"{URL}{' ' * 16_000}\n{URL}",
]


@pytest.mark.parametrize("text", LONG)
def test_a_long_text_is_checked_in_linear_time(text: str) -> None:
    found = repair_url(text)
    assert found is None or len(found.url) <= len(text)
    assert list(source_url.violations([text]))


def test_the_hint_for_a_redirect_page_is_its_target() -> None:
    link = "https://e.safelinks.protection.outlook.com/?url=https%3A%2F%2Fh.example%2Fa.mp4&data=x"
    (violation,) = (violation for _, violation in source_url.violations([link]))
    assert (violation.code, violation.fix) == ("url-page", "https://h.example/a.mp4")


@pytest.mark.parametrize(
    "url",
    """
    https://www.nicovideo.jp/watch/sm9 https://www.bilibili.com/video/BV1 https://b23.tv/x
    https://v.youku.com/v_show/id_X.html https://www.reddit.com/r/x/comments/1 https://v.redd.it/abc
    https://www.ted.com/talks/x https://www.twitch.tv/videos/1 https://clips.twitch.tv/x
    https://www.dailymotion.com/video/x https://www.facebook.com/watch/?v=1
    https://www.tiktok.com/@a/video/1 https://vm.tiktok.com/x https://vk.com/video-1_2
    https://zoom.us/rec/share/x https://us02web.zoom.us/rec/play/x
    https://mediasite.example.edu/Mediasite/Play/abc
    """.split(),
)
def test_urls_of_web_pages_are_problems(url: str) -> None:
    assert [violation.code for _, violation in source_url.violations([url])] == ["url-page"]


@pytest.mark.parametrize("domain", SITES_BY_DOMAIN)
def test_each_domain_of_the_table_is_found(domain: str) -> None:
    assert pages.has_pages(f"eu-central-1.{domain}")


@pytest.mark.parametrize(
    "url",
    """
    https://us02web.zoom.us/rec/download/abc?access_token=x
    https://x.sharepoint.com/sites/a/_layouts/15/download.aspx?UniqueId=1&tempauth=x
    https://x.sharepoint.com/sites/a/v.mp4?tempauth=x
    https://drive.google.com/uc?export=download&id=1
    https://player.vimeo.com/external/1.hd.mp4?s=x&profile_id=1
    https://vimeo.com/1234/download?t=1 https://v.redd.it/abc/DASH_720.mp4
    https://download.ted.com/talks/x.mp4 https://i.imgur.com/abc.mp4
    """.split(),
)
def test_a_direct_download_from_a_page_host_is_no_page(url: str) -> None:
    assert list(source_url.violations([url])) == []
