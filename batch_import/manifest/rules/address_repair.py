"""Repair damaged URLs: cells with a URL and further text around, after or inside the URL. No I/O.

Each function in `_REPAIRS` recognizes one kind of damage and removes it. The functions are repeated
until none finds damage, because damage may be nested (`&lt;https://…&gt;,`). This module must not
know whether the repaired URL is valid.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator
from itertools import takewhile
from typing import Final, NamedTuple
from urllib.parse import unquote

from batch_import.addresses.decoding import unescape_html
from batch_import.addresses.urls import parse
from batch_import.manifest.extensions import ACCEPTED_EXTENSIONS, OTHER_EXTENSIONS, suffix_of
from batch_import.manifest.rules.characters import CONTROL_RANGES, INVISIBLE_RANGES, LOST_CHARACTER


class RepairRule(NamedTuple):
    """One kind of damage.

    Attributes:
        code, reason: see `models.Problem`.
        is_certain: whether no valid URL looks like this. Then the damage is an error, and the row
            must not be sent; otherwise it is a warning.
    """

    code: str
    reason: str
    is_certain: bool = True


class Repair(NamedTuple):
    """A repaired URL.

    Attributes:
        url: the URL without the damage.
        rules: the kinds of damage that were removed, each once, the outermost first.
    """

    url: str
    rules: tuple[RepairRule, ...]


#: Maximum number of repairs of one cell. Damage is not nested more deeply.
_MAX_REPAIRS: Final = 8

_IN_TEXT = RepairRule("url-wrapped", "the source URL is inside of a link or of other text")
_ENCLOSED = RepairRule("url-wrapped", "the source URL has brackets or quotes around it")
_TRAILING_TEXT = RepairRule("url-trailing", "the source URL has punctuation or text after it")
_LIKELY_TRAILING_TEXT = _TRAILING_TEXT._replace(is_certain=False)
_HTML_ENTITY = RepairRule("url-entity", "the source URL has characters written as in HTML (&amp;)")
_CUT_NAME = RepairRule("url-cut", "a # or ? in the file's name cuts the source URL off there")
_BACKSLASHES = RepairRule("url-backslash", "the source URL has backslashes for slashes")
_CHARACTERS = RepairRule(
    "url-characters", "the source URL has line breaks, tabs, or invisible characters inside"
)
_WRONG_SCHEME = RepairRule("url-scheme", "the source URL does not begin with http:// or https://")
_SEVERAL_SCHEMES = RepairRule(
    "url-scheme", "the source URL does not begin with one http:// or https:// alone"
)

_WEB_SCHEME = re.compile(r"https?://", re.IGNORECASE)
_WEB_URL = re.compile(r"https?://[^\s<>\"“”«»|]+", re.IGNORECASE)
#: Characters that separate a URL from the text before it, like white space does. Up to this number
#: of other punctuation marks may follow the separator.
_SEPARATORS: Final = frozenset("()<>\"'“”«»[]{}")
_MAX_PUNCTUATION: Final = 8
#: A second URL without a separator may be part of the first one, as in the URL of a proxy. But it
#: is a second URL if the first one ends in the extension of a video.
_SECOND_URL = re.compile(
    rf"\.(?:{'|'.join(sorted(ACCEPTED_EXTENSIONS))})[,;|+&]*https?://", re.IGNORECASE
)
#: White space other than spaces. Spaces are percent-encoded for the request; others are ambiguous.
UNREADABLE: Final = re.compile(f"[{CONTROL_RANGES}{INVISIBLE_RANGES}]|[^\\S ]")
_LINE_BREAKS_AND_TABS = re.compile(r"[\r\n\t\v\f\u2028\u2029]+")
_HTML_LINK = re.compile(
    r"<[a-z][^<>]*?\s(?:href|src)\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s>\"']+))", re.IGNORECASE
)
_MARKDOWN_LINK = re.compile(
    r"\[[^\[\]]*\]\(\s*<?([^\s()<>]*(?:\([^\s()<>]*\)[^\s()<>]*)*)>?(?:\s+[\"'][^\"']*[\"'])?\s*\)"
)
_FORMULA_LINK = re.compile(r"\s*=\s*HYPERLINK\(\s*\"((?:[^\"]|\"\")*)\"", re.IGNORECASE)
_ENTITY = re.compile(r"&(?:amp|lt|gt|quot|apos|nbsp|#[0-9]{1,7}|#x[0-9a-f]{1,6});", re.IGNORECASE)
#: First character → last character of a text that is enclosed in brackets or quotes.
_ENCLOSING_PAIRS: Final = {
    "<": ">", "(": ")", "[": "]", "{": "}", '"': '"', "'": "'", "`": "`",
    "“": "”", "„": "“", "‘": "’", "«": "»", "‹": "›", "*": "*", "_": "_", "＜": "＞",
}  # fmt: skip
_OPENING_CHARACTERS = re.compile(r"[<(\[{\"'`“„‘«‹*＜]+(?=https?:)", re.IGNORECASE)
#: Characters with which no URL ends.
_NEVER_LAST: Final = ">\"'`”“’»›＞\\"
#: Characters at the end of sentences, with which a URL rarely ends.
_RARELY_LAST: Final = ".,;:!…、。，"
#: Closing bracket → opening bracket. A closing bracket without an opening one is not part of a URL.
_BRACKETS: Final = {")": "(", "]": "[", "}": "{"}
#: The URL of a video file, white space, and further text.
_URL_AND_TEXT = re.compile(
    rf"(\S.*?\.(?:{'|'.join(sorted(ACCEPTED_EXTENSIONS))}))\s+(.+)", re.IGNORECASE
)

#: `http://` or `https://`, also with usual typing errors, such as `htp:/`.
_MISTYPED_SCHEME = re.compile(
    r"\s*(?:[h]{0,2}t{1,3}p{1,2}s{0,2}|hxxps?)(?:\s*[:;]\s*[\\/]*|[\\/]{2,})\s*", re.IGNORECASE
)
_ENCODED_SCHEME = re.compile(r"https?%3a%2f%2f", re.IGNORECASE)
_HOST_AND_PATH = re.compile(r"(?:[\w-]+\.)+[a-z]{2,}(?::\d+)?/", re.IGNORECASE)
#: Maximum length of a scheme with spaces, in characters.
_MAX_SCHEME_LENGTH: Final = 12
_FILE_EXTENSIONS: Final = ACCEPTED_EXTENSIONS | OTHER_EXTENSIONS


def has_several_urls(cell: str) -> bool:
    """Whether a cell has several different URLs. A URL in the query of another is not counted."""
    if len(_WEB_SCHEME.findall(cell)) < 2:  # noqa: PLR2004 - more than one
        return False
    targets = set(_link_targets(cell))
    if targets:
        return len(targets) > 1
    urls = set()
    for scheme in _WEB_SCHEME.finditer(cell):
        url = _WEB_URL.match(cell, scheme.start())
        if url and _is_separate(cell, scheme.start()):
            urls.add(_without_end_punctuation(url[0]))
    return len(urls) > 1 or bool(_SECOND_URL.search(cell))


def _is_separate(cell: str, start: int) -> bool:
    """Whether the URL that starts at a position is not part of another URL's path or query."""
    before = reversed(cell[max(0, start - _MAX_PUNCTUATION) : start])
    punctuation = takewhile(lambda character: not character.isalnum(), before)
    return start == 0 or any(
        character.isspace() or character in _SEPARATORS for character in punctuation
    )


def repair_url(cell: str) -> Repair | None:
    """Repair a cell with one URL.

    Returns:
        The repaired URL; None if the cell is not damaged or cannot be repaired.
    """
    text = cell
    rules: list[RepairRule] = []
    for _ in range(_MAX_REPAIRS):
        repaired = _repair_once(text)
        if repaired is None:
            break
        text, rule = repaired
        rules.append(rule)
    return Repair(text, tuple(dict.fromkeys(rules))) if rules and parse(text) else None


def _repair_once(text: str) -> tuple[str, RepairRule] | None:
    """Return the result of the first function that finds damage; None if there is no damage."""
    for repair in _REPAIRS:
        result = repair(text)
        if result:
            repaired_text, _ = result
            if repaired_text != text:
                return result
    return None


# Each of these functions returns the repaired text and the damage; None if it finds no damage.


def _remove_invisible_characters(text: str) -> tuple[str, RepairRule] | None:
    if LOST_CHARACTER in text or not UNREADABLE.search(text):
        return None  # the lost character is unknown
    one_line = "".join(part.strip() for part in _LINE_BREAKS_AND_TABS.split(text))
    readable = UNREADABLE.sub(lambda match: " " if match[0].isspace() else "", one_line)
    return readable.strip(), _CHARACTERS


def _decode_entities(text: str) -> tuple[str, RepairRule] | None:
    if "&" not in text or not _ENTITY.search(text):
        return None
    return _ENTITY.sub(lambda match: unescape_html(match[0]), text).strip(), _HTML_ENTITY


def _extract_link_target(text: str) -> tuple[str, RepairRule] | None:
    target = next(_link_targets(text), "").strip()
    return (target, _IN_TEXT) if target else None


def _link_targets(text: str) -> Iterator[str]:
    """Yield the targets of links: of a spreadsheet formula, in HTML, and in Markdown."""
    formula = _FORMULA_LINK.match(text)
    if formula:
        yield formula[1].replace('""', '"')
    for link in _HTML_LINK.finditer(text):
        yield unescape_html(link[1] or link[2] or link[3] or "")
    for link in _MARKDOWN_LINK.finditer(text):
        yield link[1]


def _remove_enclosing_characters(text: str) -> tuple[str, RepairRule] | None:
    is_enclosed = len(text) > 2 and _ENCLOSING_PAIRS.get(text[0]) == text[-1]  # noqa: PLR2004
    if is_enclosed:
        return text[1:-1].strip(), _ENCLOSED
    opening = _OPENING_CHARACTERS.match(text)
    return (text[opening.end() :].strip(), _ENCLOSED) if opening else None


def _remove_text_before(text: str) -> tuple[str, RepairRule] | None:
    url = _WEB_URL.search(text)
    if url is None or url.start() == 0:
        return None
    if _MISTYPED_SCHEME.match(text) or _ENCODED_SCHEME.match(text):
        return None
    before = text[url.start() - 1]
    is_separate = before.isspace() or before in "(<[{\"'“„«:=-–—>|,;"
    return (_without_end_punctuation(url[0]), _IN_TEXT) if is_separate else None


def _correct_scheme(text: str) -> tuple[str, RepairRule] | None:
    # The scheme may be written in full-width characters, which NFKC normalizes.
    start = unicodedata.normalize("NFKC", text[:_MAX_SCHEME_LENGTH])
    if _WEB_SCHEME.match(start) and not _WEB_SCHEME.match(text):
        return start + text[_MAX_SCHEME_LENGTH:], _WRONG_SCHEME
    if _ENCODED_SCHEME.match(text):
        return unquote(text), _WRONG_SCHEME
    # All schemes at the start are replaced by one. The last of them shows whether it is https: it
    # has an “s” after the “p”.
    end, last_scheme, scheme_count = 0, "", 0
    while match := _MISTYPED_SCHEME.match(text, end):
        end, last_scheme, scheme_count = match.end(), match[0], scheme_count + 1
    if scheme_count and re.search(r"[/\\]", text[end:]):
        scheme = "https" if "s" in last_scheme.lower().partition("p")[2] else "http"
        rule = _SEVERAL_SCHEMES if scheme_count > 1 else _WRONG_SCHEME
        url = f"{scheme}://{text[end:]}"
        return (url, rule) if url.lower() != text.lower() else None
    if text.startswith("//"):
        return f"https:{text}", _WRONG_SCHEME
    return (f"https://{text}", _WRONG_SCHEME) if _HOST_AND_PATH.match(text) else None


def _replace_backslashes(text: str) -> tuple[str, RepairRule] | None:
    path, question_mark, query = text.partition("?")
    if not _WEB_SCHEME.match(text) or "\\" not in path.rstrip("\\"):
        return None  # backslashes at the end are removed as trailing text
    return path.replace("\\", "/") + question_mark + query, _BACKSLASHES


def _encode_signs_in_name(text: str) -> tuple[str, RepairRule] | None:
    """Encode `#` or `?` in a file name such as `Lesson #5.mp4`.

    The sign is part of the name if the file extension is after the sign, and not before it.
    """
    for sign, encoded in (("#", "%23"), ("?", "%3F")):
        before, separator, after = text.partition(sign)
        query = ""
        if sign == "#":
            after, question_mark, query = after.partition("?")
            query = question_mark + query
        has_sign_in_url = separator and _WEB_SCHEME.match(before)
        has_parameters = "=" in after
        if not has_sign_in_url or has_parameters:
            continue
        has_path = "/" in before.partition("://")[2]
        if not has_path or _suffix(before) in _FILE_EXTENSIONS:
            continue
        if after.rpartition(".")[2].strip().lower() in _FILE_EXTENSIONS:
            return f"{before}{encoded}{after.replace(sign, encoded)}{query}", _CUT_NAME
    return None


def _remove_text_after(text: str) -> tuple[str, RepairRule] | None:
    if not _WEB_SCHEME.match(text):
        return None
    shortened = _without_end_punctuation(text)
    if shortened != text:
        removed = text[len(shortened) :]
        has_impossible_end = any(character in _NEVER_LAST for character in removed)
        is_certain = _suffix(shortened) in _FILE_EXTENSIONS or has_impossible_end
        return shortened, _TRAILING_TEXT if is_certain else _LIKELY_TRAILING_TEXT
    if " " not in text or "?" in text or _suffix(text) in _FILE_EXTENSIONS:
        return None
    url_and_text = _URL_AND_TEXT.fullmatch(text)
    return (url_and_text[1], _LIKELY_TRAILING_TEXT) if url_and_text else None


def _without_end_punctuation(text: str) -> str:
    """Remove the punctuation of the surrounding text from the end of a URL."""
    #: Number of closing brackets of each kind without an opening bracket.
    unmatched = {
        closing: text.count(closing) - text.count(opening) for closing, opening in _BRACKETS.items()
    }
    end = len(text)
    while end:
        last = text[end - 1]
        if unmatched.get(last, 0) > 0:
            unmatched[last] -= 1
        elif not (last in _NEVER_LAST or last in _RARELY_LAST or last.isspace()):
            break
        end -= 1
    return text[:end]


def _suffix(url: str) -> str:
    return suffix_of(url.partition("#")[0])


#: The functions, in the order in which they are tried.
_REPAIRS: Final[tuple[Callable[[str], tuple[str, RepairRule] | None], ...]] = (
    _remove_invisible_characters,
    _decode_entities,
    _extract_link_target,
    _remove_enclosing_characters,
    _remove_text_before,
    _correct_scheme,
    _replace_backslashes,
    _encode_signs_in_name,
    _remove_text_after,
)
