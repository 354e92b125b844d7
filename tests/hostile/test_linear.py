"""Every function that reads text from outside needs linear time, even for the longest text.

A regular expression with quadratic time would need minutes for these texts, and the test would
time out.
"""

import unicodedata
from collections.abc import Callable

import pytest

from batch_import.addresses import expiry, likeness, masking, signatures, unicode_forms, urls
from batch_import.addresses.redaction import Redactor
from batch_import.csv_escaping import escape, escape_for_editing, unescape
from batch_import.failure_codes import FailureCode
from batch_import.importer.failures import failure_code
from batch_import.importer.schedule import ownership
from batch_import.manifest import read
from batch_import.manifest.columns.aliases import field_of, fold
from batch_import.manifest.rules import lookalikes, source_url
from batch_import.reports import labels
from batch_import.sources.contents import FIRST_BYTES, SourceResponse, violation_of
from batch_import.viostream.responses import parse_retry_after, platform_message

#: Texts that are repeated to make a long text: parts of what the functions search for.
PIECES = (
    "a", "A", "0", "<", "<!--", "--><!--", " ", "\n", " \n", "\t", "/", "//", "?a=", "&", "&a=b",
    "=", "~", "|", "%", "%25", "%41", "@", "a@", "http://", "http://a@", "http://a ", "a.", "-",
    '"', "'", "eyJ", "eyJaaaaaaaa.", "Basic ", "&amp;", "#", "#a\n", "<title>", "exp=", "aA1",
    "1700000000-", "server_time=1&", "hmac", "signature=", "\u200b", "{", "[", "- a:\n", "zoom.us",
    "\u0301\u0327", "\u0f73\u0301", "%3A", "%3D%26", "%253D", "&#61;", "&#", "&amp;#x3D;", "\\",
    "\\/", "\\u003d", "%26%2361%3B",
)  # fmt: skip
#: Number of characters of a long text, if the program has no lower limit.
LONG = 50_000


def _preflight(text: str) -> object:
    headers = {"content-type": text, "content-range": text, "content-length": text}
    return violation_of(SourceResponse(200, headers, text.encode()[:FIRST_BYTES]), "mp4")


#: Name → a function that reads text from outside, and the maximum length of its text.
READERS: dict[str, tuple[Callable[[str], object], int]] = {
    "words of an error body": (platform_message, 100_000),
    "Retry-After": (lambda text: parse_retry_after(text, 0.0), LONG),
    "failure": (lambda text: failure_code(text, FailureCode.REJECTED), 300),
    "preflight": (_preflight, LONG),
    "masking": (masking.mask, LONG),
    "credentials": (Redactor("VC-0a1b2c3d", "k3y+with/odd=signs"), LONG),
    "is masked": (masking.is_masked, LONG),
    "signature": (signatures.strip_signature, LONG),
    "expiry": (expiry.expires_at, LONG),
    "canonical": (urls.canonical_url, LONG),
    "request": (urls.request_url, LONG),
    "source URL": (lambda text: list(source_url.violations([text])), 16_384),
    "guard": (lambda text: unescape(escape(text)), LONG),
    "guard for spreadsheets": (lambda text: unescape(escape_for_editing(text)), LONG),
    "is it JSON": (read._JSON_START.match, 4_096),  # noqa: SLF001
    "is it YAML": (read._YAML_START.match, 4_096),  # noqa: SLF001
    "title": (ownership.normalized_title, LONG),
    "likeness": (lambda text: likeness.similarity_key(text, text), LONG),
    "reference ID": (lookalikes.skeleton, LONG),
    "heading": (lambda text: (fold(text), field_of(text)), LONG),
    "cause": (labels.without_numbers, 300),
    "duration": (labels.parse_duration, LONG),
}


@pytest.mark.parametrize("form", ["NFC", "NFD", "NFKC", "NFKD"])
@pytest.mark.parametrize("text", ["Cafe\u0301" * 2_000, "\u1100\u1161\u11a8" * 2_000, "ﬁé" * 2_000])
def test_texts_of_real_languages_are_normalized_at_any_length(
    form: unicode_forms.Form, text: str
) -> None:
    assert unicode_forms.normalized(form, text) == unicodedata.normalize(form, text)


@pytest.mark.timeout(60)
@pytest.mark.parametrize("name", READERS)
def test_a_long_text_is_read_in_linear_time(name: str) -> None:
    read_text, size = READERS[name]
    for piece in PIECES:
        long = (piece * (size // len(piece) + 1))[:size]
        for text in (long, f"https://h.example/{long}", f"{long}!", f"https://h/?token=a{long}\n"):
            read_text(text[:size])


def test_an_error_body_of_json_is_cut_before_it_is_read() -> None:
    assert len(platform_message('{"message": "%s"}' % ("http://a?b=" * 1_000_000))) <= 300


@pytest.mark.parametrize(
    ("text", "has_several"),
    [
        ("https://a.com/1.mp4 https://a.com/2.mp4", True),
        ("https://a.com/1.mp4, HTTPS://a.com/2.mp4", True),
        ("https://a.com/1.mp4 ; , http://a.com/2.mp4", True),
        ("https://a.com/1.mp4\nhttps://a.com/2.mp4", True),
        ("https://a.com/my video.mp4", False),
        ("https://a.com/my video https://a.com/2.mp4", True),
        ("https://a.com/?u=https://b.com/1.mp4", False),
        ("see https://a.com/1.mp4", False),
    ],
)
def test_several_urls_in_one_cell_are_recognized(text: str, has_several: bool) -> None:  # noqa: FBT001
    codes = [violation.code for _, violation in source_url.violations([text])]
    assert ("url-several" in codes) == has_several
