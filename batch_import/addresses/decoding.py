"""Decodes escaped texts: percent-encoding, HTML character references, and JSON escapes.

A text from outside may be encoded several times, in any order. A secret is searched for in the text
and in each of its decoded forms. Each character of a decoded form has the position in the original
text that it comes from, so that the secret can be replaced there.
"""

import re
from collections.abc import Iterator, Sequence
from html import unescape  # noqa: TID251 - only for numbers with few digits
from html.entities import html5
from typing import Final, NamedTuple

#: Maximum number of times that a text is decoded. Four encodings are usual at most: a URL in the
#: query of a URL, in HTML, in JSON.
_MAX_DECODE_COUNT: Final = 6
#: An HTML character reference. The number of digits is limited, because Python does not convert
#: numbers of more than 4,300 digits. The semicolon may be missing, but not before `=` or a letter,
#: because `&copy=1` is a parameter of a URL.
_REFERENCE: Final = (
    r"&#(?:0{0,64}[0-9]{1,8}(?![0-9])|[xX]0{0,64}[0-9A-Fa-f]{1,8}(?![0-9A-Fa-f]));?"
    r"|&[A-Za-z][A-Za-z0-9]{1,31}(?:;|(?![=A-Za-z0-9]))"
)
#: Escapes of HTML and of JSON. `%u002B` is written by the JavaScript function `escape`. Any other
#: character behind a backslash stands for itself, because no secret has a control character.
_MARKUP: Final = (
    r"(?P<pair>[\\%]u[dD][89abAB][0-9A-Fa-f]{2}[\\%]u[dD][c-fC-F][0-9A-Fa-f]{2})"
    r"|(?P<unit>[\\%]u[0-9A-Fa-f]{4}|\\x[0-9A-Fa-f]{2})"
    r"|(?P<escaped>\\[^\n])"
    rf"|(?P<reference>{_REFERENCE})"
)
_HTML_REFERENCE = re.compile(_REFERENCE)
_MARKUP_ESCAPE = re.compile(_MARKUP)
_ESCAPE = re.compile(rf"(?P<bytes>(?:%[0-9A-Fa-f]{{2}})+)|{_MARKUP}")


class Decoded(NamedTuple):
    """A decoded text.

    Attributes:
        text: the decoded text.
        starts: for each character, and for the end of the text, the index in the original text.
    """

    text: str
    starts: Sequence[int]


def decoded_forms(text: str) -> Iterator[Decoded]:
    """Yields a text, then the text decoded once, twice and so on, until nothing is encoded."""
    form = Decoded(text, range(len(text) + 1))
    yield form
    for _ in range(_MAX_DECODE_COUNT):
        if not may_be_encoded(form.text):
            return
        decoded = _decode(form)
        if decoded.text == form.text:
            return
        form = decoded
        yield form


def unescape_html(text: str) -> str:
    """Returns a text with its HTML character references decoded once."""
    return _HTML_REFERENCE.sub(lambda match: _referenced(match[0]), text)


def unescape_markup(text: str) -> str:
    """Returns a text without escapes of HTML and JSON. Percent-encoding is not decoded."""
    for _ in range(_MAX_DECODE_COUNT):
        if "&" not in text and "\\" not in text:
            break
        decoded = _MARKUP_ESCAPE.sub(_decoded_match, text)
        if decoded == text:
            break
        text = decoded
    return text


def may_be_encoded(text: str) -> bool:
    """Whether a text may have an escape. It is fast, also for a long text."""
    return "%" in text or "&" in text or "\\" in text


def _decode(form: Decoded) -> Decoded:
    """Returns a text with every escape decoded once."""
    text, starts = form
    pieces: list[str] = []
    new_starts: list[int] = []
    end = 0
    for match in _ESCAPE.finditer(text):
        start = match.start()
        pieces.append(text[end:start])
        new_starts += starts[end:start]
        decoded = _decoded_match(match)
        pieces.append(decoded)
        if match.lastgroup == "bytes":
            for character in decoded:
                new_starts.append(starts[start])
                start += len("%00") * len(character.encode("utf-8", "surrogateescape"))
        else:
            new_starts += [starts[start]] * len(decoded)
        end = match.end()
    pieces.append(text[end:])
    new_starts += starts[end:]
    return Decoded("".join(pieces), new_starts)


def _decoded_match(escape: re.Match[str]) -> str:
    """Returns the characters that an escape stands for."""
    text = escape[0]
    match escape.lastgroup:
        case "bytes":
            # A byte that is not part of UTF-8 becomes a character of its own.
            return bytes.fromhex(text.replace("%", "")).decode("utf-8", "surrogateescape")
        case "pair":
            return bytes.fromhex(text[2:6] + text[8:12]).decode("utf-16-be")
        case "unit":
            code = text[2:]
            return chr(int(code, 16))
        case "escaped":
            return text[1:]
    return _referenced(text)


def _referenced(reference: str) -> str:
    """Returns the characters of an HTML character reference; itself if there is no such name."""
    if reference[1] == "#":
        return unescape(reference)
    return html5.get(reference[1:], reference)
