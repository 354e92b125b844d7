"""Repair damaged URLs, with text around, after or inside them that is not part of them. No I/O.

Each repair rule recognizes one kind of damage and removes it. The rules are repeated until none
matches, because damage may be nested (`&lt;https://…&gt;,`). This module must not know whether the
repaired URL is valid.
"""

import html
import re
import unicodedata
from collections.abc import Callable, Iterator
from itertools import takewhile
from typing import Final, NamedTuple
from urllib.parse import unquote

from batch_import.addresses.urls import parse
from batch_import.manifest.extensions import ACCEPTED_EXTENSIONS, OTHER_EXTENSIONS, suffix_of
from batch_import.manifest.rules.characters import CONTROL_RANGES, INVISIBLE_RANGES, LOST_CHARACTER


class RepairRule(NamedTuple):
    """One kind of damage.

    Attributes:
        code, reason: see `models.Problem`.
        sure: no valid URL looks like this; therefore the row must not be sent.
    """

    code: str
    reason: str
    sure: bool = True


class Repair(NamedTuple):
    """A repaired URL, and the rule that describes its damage."""

    address: str
    steps: tuple[RepairRule, ...]


#: Maximum number of repairs of one cell. Damage is not nested more deeply.
_MOST_LAYERS: Final = 8

_MARKUP = RepairRule("url-wrapped", "the source URL is inside of a link or of other text")
_ENCLOSED = RepairRule("url-wrapped", "the source URL has brackets or quotes around it")
_TRAILING = RepairRule("url-trailing", "the source URL has punctuation or text behind it")
_MAYBE_TRAILING = _TRAILING._replace(sure=False)
_ENTITY = RepairRule("url-entity", "the source URL has characters written as in HTML (&amp;)")
_CUT = RepairRule("url-cut", "a # or ? in the file's name cuts the source URL off there")
_BACKSLASH = RepairRule("url-backslash", "the source URL has backslashes for slashes")
_CHARACTERS = RepairRule(
    "url-characters", "the source URL has line breaks, tabs, or invisible characters inside"
)
_SCHEME = RepairRule("url-scheme", "the source URL does not begin with http:// or https://")
_DOUBLED = RepairRule(
    "url-scheme", "the source URL does not begin with one http:// or https:// alone"
)

_WEB = re.compile(r"https?://", re.IGNORECASE)
_ADDRESS = re.compile(r"https?://[^\s<>\"“”«»|]+", re.IGNORECASE)
#: A separator between URLs, with a few other characters after it.
_PARTING: Final = frozenset("()<>\"'“”«»[]{}")
_SIGNS: Final = 8
#: A second URL without a space before it may be part of the first one, as in the URL of a proxy.
_JOINED = re.compile(
    rf"\.(?:{'|'.join(sorted(ACCEPTED_EXTENSIONS))})[,;|+&]*https?://", re.IGNORECASE
)
#: White space other than spaces. Spaces are percent-encoded for the request; others are ambiguous.
UNREADABLE: Final = re.compile(f"[{CONTROL_RANGES}{INVISIBLE_RANGES}]|[^\\S ]")
_BREAKS = re.compile(r"[\r\n\t\v\f\u2028\u2029]+")
_HTML_LINK = re.compile(
    r"<[a-z][^<>]*?\s(?:href|src)\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s>\"']+))", re.IGNORECASE
)
_MARKDOWN_LINK = re.compile(
    r"\[[^\[\]]*\]\(\s*<?([^\s()<>]*(?:\([^\s()<>]*\)[^\s()<>]*)*)>?(?:\s+[\"'][^\"']*[\"'])?\s*\)"
)
_FORMULA_LINK = re.compile(r"\s*=\s*HYPERLINK\(\s*\"((?:[^\"]|\"\")*)\"", re.IGNORECASE)
_ENTITY_TEXT = re.compile(
    r"&(?:amp|lt|gt|quot|apos|nbsp|#[0-9]{1,7}|#x[0-9a-f]{1,6});", re.IGNORECASE
)
_PAIRS: Final = {
    "<": ">", "(": ")", "[": "]", "{": "}", '"': '"', "'": "'", "`": "`",
    "“": "”", "„": "“", "‘": "’", "«": "»", "‹": "›", "*": "*", "_": "_", "＜": "＞",
}  # fmt: skip
_OPENERS = re.compile(r"[<(\[{\"'`“„‘«‹*＜]+(?=https?:)", re.IGNORECASE)
#: Characters at the end that are never part of a URL.
_NEVER_LAST: Final = ">\"'`”“’»›＞\\"
#: Characters at the end of sentences, which are rarely part of a URL.
_SELDOM_LAST: Final = ".,;:!…、。，"
_CLOSERS: Final = {")": "(", "]": "[", "}": "{"}
_TEXT_BEHIND = re.compile(
    rf"(\S.*?\.(?:{'|'.join(sorted(ACCEPTED_EXTENSIONS))}))\s+(.+)", re.IGNORECASE
)

_SCHEMES = re.compile(
    r"\s*(?:[h]{0,2}t{1,3}p{1,2}s{0,2}|hxxps?)(?:\s*[:;]\s*[\\/]*|[\\/]{2,})\s*", re.IGNORECASE
)
_ENCODED_SCHEME = re.compile(r"https?%3a%2f%2f", re.IGNORECASE)
_DOMAIN = re.compile(r"(?:[\w-]+\.)+[a-z]{2,}(?::\d+)?/", re.IGNORECASE)
#: Maximum length of a scheme with spaces, in characters.
_SCHEME_WIDTH: Final = 12
_FILES: Final = ACCEPTED_EXTENSIONS | OTHER_EXTENSIONS


def has_several_urls(cell: str) -> bool:
    """Whether a cell has several URLs. A URL in the query of another one does not count."""
    if len(_WEB.findall(cell)) < 2:  # noqa: PLR2004 - more than one
        return False
    links = set(_targets(cell))
    if links:
        return len(links) > 1
    starts = (found.start() for found in _WEB.finditer(cell) if _is_apart(cell, found.start()))
    found = {_trimmed(match[0]) for at in starts if (match := _ADDRESS.match(cell, at))}
    return len(found) > 1 or bool(_JOINED.search(cell))


def _is_apart(cell: str, at: int) -> bool:
    """Whether a URL starts here that is not part of another URL's path or query."""
    signs = list(takewhile(lambda c: not c.isalnum(), reversed(cell[max(0, at - _SIGNS) : at])))
    return at == 0 or any(c.isspace() or c in _PARTING for c in signs)


def repair_url(cell: str) -> Repair | None:
    """Repair a cell with one URL; None if it is not damaged or cannot be repaired."""
    address, steps = cell, []
    for _ in range(_MOST_LAYERS):
        better = next(_attempts(address), None)
        if better is None:
            break
        address, step = better
        steps.append(step)
    unique = tuple(dict.fromkeys(steps))
    return Repair(address, unique) if steps and parse(address) else None


def _attempts(text: str) -> Iterator[tuple[str, RepairRule]]:
    for attempt in _ATTEMPTS:
        found = attempt(text)
        if found and found[0] != text:
            yield found


def _visible(text: str) -> tuple[str, RepairRule] | None:
    if LOST_CHARACTER in text or not UNREADABLE.search(text):
        return None  # the lost character is unknown
    joined = "".join(part.strip() for part in _BREAKS.split(text))
    return UNREADABLE.sub(
        lambda found: " " if found[0].isspace() else "", joined
    ).strip(), _CHARACTERS


def _unescaped(text: str) -> tuple[str, RepairRule] | None:
    if "&" not in text or not _ENTITY_TEXT.search(text):
        return None
    return _ENTITY_TEXT.sub(lambda found: html.unescape(found[0]), text).strip(), _ENTITY


def _unlinked(text: str) -> tuple[str, RepairRule] | None:
    target = next(_targets(text), "").strip()
    return (target, _MARKUP) if target else None


def _targets(text: str) -> Iterator[str]:
    """The targets of the links in a text of HTML, Markdown or similar."""
    if formula := _FORMULA_LINK.match(text):
        yield formula[1].replace('""', '"')
    for found in _HTML_LINK.finditer(text):
        yield html.unescape(found[1] or found[2] or found[3] or "")
    for found in _MARKDOWN_LINK.finditer(text):
        yield found[1]


def _unenclosed(text: str) -> tuple[str, RepairRule] | None:
    if len(text) > 2 and _PAIRS.get(text[0]) == text[-1]:  # noqa: PLR2004 - something inside
        return text[1:-1].strip(), _ENCLOSED
    opened = _OPENERS.match(text)
    return (text[opened.end() :].strip(), _ENCLOSED) if opened else None


def _alone(text: str) -> tuple[str, RepairRule] | None:
    """The only URL in a text."""
    found = _ADDRESS.search(text)
    if found is None or found.start() == 0 or _SCHEMES.match(text) or _ENCODED_SCHEME.match(text):
        return None
    before = text[: found.start()]
    inside = not before[-1].isspace() and before[-1] not in "(<[{\"'“„«:=-–—>|,;"
    return None if inside else (_trimmed(found[0]), _MARKUP)


def _schemed(text: str) -> tuple[str, RepairRule] | None:
    start = unicodedata.normalize("NFKC", text[:_SCHEME_WIDTH])
    if _WEB.match(start) and not _WEB.match(text):
        return start + text[_SCHEME_WIDTH:], _SCHEME
    if _ENCODED_SCHEME.match(text):
        return unquote(text), _SCHEME
    at, last, count = 0, "", 0
    while found := _SCHEMES.match(text, at):
        at, last, count = found.end(), found[0], count + 1
    if count and re.search(r"[/\\]", text[at:]):
        scheme = "https" if "s" in last.lower().partition("p")[2] else "http"
        step = _DOUBLED if count > 1 else _SCHEME
        address = f"{scheme}://{text[at:]}"
        return (address, step) if address.lower() != text.lower() else None
    if text.startswith("//"):
        return f"https:{text}", _SCHEME
    return (f"https://{text}", _SCHEME) if _DOMAIN.match(text) else None


def _slashed(text: str) -> tuple[str, RepairRule] | None:
    main, mark, query = text.partition("?")
    if "\\" not in main or not _WEB.match(text):
        return None
    if not main.rstrip("\\").count("\\"):
        return None  # the text is only after its end
    return main.replace("\\", "/") + mark + query, _BACKSLASH


def _cut(text: str) -> tuple[str, RepairRule] | None:
    """Encode `#` or `?` in a file name such as `Lesson #5.mp4`: the extension follows it."""
    for sign, encoded in (("#", "%23"), ("?", "%3F")):
        main, mark, rest = text.partition(sign)
        name, more, tail = rest.partition("?") if sign == "#" else (rest, "", "")
        if not mark or not _WEB.match(main) or "=" in name or _suffix(main) in _FILES:
            continue
        if "/" in main.partition("://")[2] and name.rpartition(".")[2].strip().lower() in _FILES:
            return f"{main}{encoded}{name.replace(sign, encoded)}{more}{tail}", _CUT
    return None


def _trimmed_end(text: str) -> tuple[str, RepairRule] | None:
    if not _WEB.match(text):
        return None
    short = _trimmed(text)
    if short != text:
        sure = _suffix(short) in _FILES or any(c in _NEVER_LAST for c in text[len(short) :])
        return short, _TRAILING if sure else _MAYBE_TRAILING
    behind = _TEXT_BEHIND.fullmatch(text) if " " in text and "?" not in text else None
    if behind and _suffix(text) not in _FILES:
        return behind[1], _MAYBE_TRAILING
    return None


def _trimmed(text: str) -> str:
    """Remove the punctuation of the surrounding text from the end of a URL."""
    surplus = {last: text.count(last) - text.count(opener) for last, opener in _CLOSERS.items()}
    end = len(text)
    while end:
        last = text[end - 1]
        if surplus.get(last, 0) > 0:
            surplus[last] -= 1
        elif not (last in _NEVER_LAST or last in _SELDOM_LAST or last.isspace()):
            break
        end -= 1
    return text[:end]


def _suffix(address: str) -> str:
    return suffix_of(address.partition("#")[0])


_ATTEMPTS: Final[tuple[Callable[[str], tuple[str, RepairRule] | None], ...]] = (
    _visible,
    _unescaped,
    _unlinked,
    _unenclosed,
    _alone,
    _schemed,
    _slashed,
    _cut,
    _trimmed_end,
)
