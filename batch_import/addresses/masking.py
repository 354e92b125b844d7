"""What must not be shown: signatures, tokens and passwords inside of addresses.

Anything that leaves the program for a person or a log goes through `mask`; the state and
`failed.csv` keep the working address. This file must not know where text comes from or goes to.
"""

import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import quote

from batch_import.addresses.opaque import SHORT, is_opaque
from batch_import.addresses.signatures import (
    CHANGING_HOST,
    MOST_NESTED,
    decoded,
    folded,
    may_be_signed,
    path_tokens,
    signing_names,
    split_query,
)
from batch_import.addresses.urls import parse

#: What stands where a secret was.
MASK: Final = "***"

#: An address ends at a space or a quotation mark.
_WORD = re.compile(r"[^\s\"'<>]+")
_JWT = re.compile(r"(?<![\w-])eyJ[\w-]{8,}\.[\w-]+\.[\w.-]*", re.ASCII)
_HEADER = re.compile(r"\b([Bb]asic|[Bb]earer)( +)([\w+/=.~-]{8,})", re.ASCII)
#: What may stand behind an address in a sentence.
_BEHIND: Final = ").,;:!]}"
_QUERY_START = re.compile("([?#])")
_PORT = re.compile(r":\d{0,5}(?:[/?#]|$)")
_IPV6 = re.compile(r"\[[0-9A-Fa-f:.]{2,45}\]")

#: A text without any of these holds no address with a secret in it, and no token.
_MAY_HOLD_SECRET = re.compile(r"[@#?=/]|eyJ|asic |earer ")

_more_names: set[str] = set()


def also_mask(names: Iterable[str]) -> None:
    """From now on, in the whole process, parameters of these names are masked as well.

    For the whole process, because a secret can turn up in any text; and never less.
    """
    _more_names.update(map(folded, names))


def also_masked() -> frozenset[str]:
    """The names that `also_mask` was given, for another process that writes for people."""
    return frozenset(_more_names)


def mask(text: str) -> str:
    """Replace what is secret in the addresses of a text by `***`."""
    if not _MAY_HOLD_SECRET.search(text):
        return text  # most cells of a table
    if "@" in text or "#" in text or may_be_signed(text) or _may_name_secrets(text):
        return _masked(text, 0)
    return text


def _may_name_secrets(text: str) -> bool:
    return "eyJ" in text or "asic " in text or "earer " in text


def printable(text: str) -> str:
    """A text without what a terminal would take for commands: escapes, and other line ends."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def is_masked(url: str) -> bool:
    """Whether an address went through `mask`, so that it does not work any more."""
    parts = parse(url)
    if MASK not in url or parts is None:
        return False
    values = [part.partition("=")[2] or part for part in split_query(parts.query)[0]]
    return MASK in (parts.user, *parts.path.split("/"), *values)


def _masked(text: str, depth: int) -> str:
    if _may_name_secrets(text):
        text = _HEADER.sub(_masked_header, _JWT.sub(MASK, text))
    return _WORD.sub(lambda word: _masked_word(word[0], depth), text)


def _masked_header(found: re.Match[str]) -> str:
    return f"{found[1]}{found[2]}{MASK}" if is_opaque(found[3], SHORT) else found[0]


def _masked_word(word: str, depth: int) -> str:
    if "@" in word and "://" in word:
        word = _without_passwords(word)
    core = word.rstrip(_BEHIND)
    if not may_be_signed(core) and "#" not in core:
        return word
    return _masked_address(core, depth) + word[len(core) :]


def _masked_address(word: str, depth: int) -> str:
    sections = _QUERY_START.split(word)
    address = sections[0]
    if "=" in address and "/" not in address:
        sections[0] = _masked_query(address, "", depth)
    for at in range(2, len(sections), 2):
        section = sections[at]
        sections[at] = _masked_query(section, address, depth)
        address = section.partition("=")[2] if "://" in section else address
    masked = "".join(
        _without_tokens(section) if "/" in section else section for section in sections
    )
    return CHANGING_HOST.sub(MASK, masked)


def _without_tokens(path: str) -> str:
    for start, end in reversed(path_tokens(path, frozenset(_more_names))):
        path = path[:start] + MASK + path[end:]
    return path


def _masked_query(query: str, address: str, depth: int) -> str:
    parts, separators = split_query(query)
    secret = signing_names(parts, address, frozenset(_more_names))
    masked = [_masked_part(part, secret, depth) for part in parts]
    return "".join(map("".join, zip(["", *separators], masked, strict=True)))


def _masked_part(part: str, secret: frozenset[str], depth: int) -> str:
    name, equals, value = part.partition("=")
    if name in secret:
        return f"{name}={MASK}" if equals else MASK
    inner, times = decoded(value)
    if not times or depth == MOST_NESTED:
        return part
    plain = _masked(inner, depth + 1)
    if plain == inner:
        return part
    for _ in range(times):
        plain = quote(plain, safe="*")
    return f"{name}={plain}"


def _without_passwords(word: str) -> str:
    """Mask what stands before the last `@` of each authority.

    A password may hold `/`, `?` and `#` although it should not: where a colon follows the name
    and no port follows the colon, all up to the word's last `@` is taken for one.
    """
    pieces = []
    at = 0
    last = word.rfind("@")
    while (start := word.find("://", at)) >= 0:
        start += 3
        end = _authority_end(word, start)
        if last > end and _has_password(word, start, end):
            end = last + 1
        stop = word.rfind("@", start, end)
        pieces.append(word[at:start] + (MASK + "@" if stop >= 0 else ""))
        at = stop + 1 if stop >= 0 else start
    return "".join(pieces) + word[at:]


def _authority_end(word: str, start: int) -> int:
    end = start
    while end < len(word) and word[end] not in "/?#\\":
        end += 1
    return end


def _has_password(word: str, start: int, end: int) -> bool:
    found = _IPV6.match(word, start)
    colon = word.find(":", found.end() if found else start, end)
    return colon >= 0 and not _PORT.match(word, colon)
