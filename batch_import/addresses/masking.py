"""Masks secrets in text: signatures, tokens and passwords in URLs.

Every text for people or logs goes through `mask`. Only the job database and `failed.csv` have the
working URLs.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Final
from urllib.parse import quote

from batch_import.addresses.opaque import SHORT_TOKEN_LENGTH, is_opaque
from batch_import.addresses.signatures import (
    CHANGING_HOST,
    MAX_NESTING,
    fully_decoded,
    may_be_signed,
    normalised_name,
    path_tokens,
    signing_names,
    split_query,
)
from batch_import.addresses.urls import parse

#: Replaces a secret.
MASK: Final = "***"

_LINE_BREAK = re.compile("\r\n|[\n\r\v\f\x85\u2028\u2029]")
#: A possible URL in a text. It ends at white space or a quotation mark.
_WORD = re.compile(r"[^\s\"'<>]+")
_JSON_WEB_TOKEN = re.compile(r"(?<![\w-])eyJ[\w-]{8,}\.[\w-]+\.[\w.-]*", re.ASCII)
_AUTHORIZATION_HEADER = re.compile(r"\b([Bb]asic|[Bb]earer)( +)([\w+/=.~-]{8,})", re.ASCII)
#: Punctuation that may follow a URL in a sentence.
_TRAILING_PUNCTUATION: Final = ").,;:!]}"
_QUERY_START = re.compile("([?#])")
_PORT_AND_PATH = re.compile(r":\d{0,5}(?:[/?#]|$)")
_IPV6 = re.compile(r"\[[0-9A-Fa-f:.]{2,45}\]")

#: A text without a match has no URL with a secret, and no token.
_POSSIBLE_SECRET = re.compile(r"[@#?=/]|eyJ|asic |earer ")

_user_names: set[str] = set()


def add_masked_names(names: Iterable[str]) -> None:
    """Mask parameters with these names, too, from now on.

    The names apply to the whole process, because a secret can occur in any text. They cannot be
    removed.
    """
    _user_names.update(map(normalised_name, names))


def added_masked_names() -> frozenset[str]:
    """Returns the names given to `add_masked_names`, for another process that writes for people."""
    return frozenset(_user_names)


def mask(text: str) -> str:
    """Returns the text with every secret in its URLs replaced by `***`."""
    return _mask_text(text, 0) if _may_have_secret(text) else text


def mask_all(texts: Sequence[str]) -> Sequence[str]:
    """Returns `mask` of each text; fast if none of them can have a secret."""
    if not _may_have_secret("\n".join(texts)):
        return texts
    return [mask(text) for text in texts]


def _may_have_secret(text: str) -> bool:
    """A quick answer for most cells, and for most columns, of a table."""
    return bool(_POSSIBLE_SECRET.search(text)) and (
        "@" in text or "#" in text or may_be_signed(text) or _may_have_token(text)
    )


def _may_have_token(text: str) -> bool:
    return "eyJ" in text or "asic " in text or "earer " in text


def without_control_characters(text: str) -> str:
    """Returns the text as one line, without characters that a terminal could execute.

    A line break becomes ⏎, other white space a blank, and any other control character �.
    """
    if text.isprintable():
        return text
    line = _LINE_BREAK.sub("⏎", text)
    return "".join(map(_printable, line))


def _printable(character: str) -> str:
    if character.isprintable():
        return character
    return " " if character.isspace() else "\N{REPLACEMENT CHARACTER}"


def is_masked(url: str) -> bool:
    """Whether a URL was masked and therefore no longer works."""
    parts = parse(url)
    if MASK not in url or parts is None:
        return False
    values = [part.partition("=")[2] or part for part in split_query(parts.query)[0]]
    return MASK in (parts.user, *parts.path.split("/"), *values)


def _mask_text(text: str, depth: int) -> str:
    if _may_have_token(text):
        text = _AUTHORIZATION_HEADER.sub(_mask_header, _JSON_WEB_TOKEN.sub(MASK, text))
    return _WORD.sub(lambda word: _mask_word(word[0], depth), text)


def _mask_header(match: re.Match[str]) -> str:
    return f"{match[1]}{match[2]}{MASK}" if is_opaque(match[3], SHORT_TOKEN_LENGTH) else match[0]


def _mask_word(word: str, depth: int) -> str:
    if "@" in word and "://" in word:
        word = _mask_passwords(word)
    url = word.rstrip(_TRAILING_PUNCTUATION)
    if not may_be_signed(url) and "#" not in url:
        return word
    return _mask_url(url, depth) + word[len(url) :]


def _mask_url(word: str, depth: int) -> str:
    sections = _QUERY_START.split(word)
    address = sections[0]
    if "=" in address and "/" not in address:
        sections[0] = _mask_query(address, "", depth)
    for index in range(2, len(sections), 2):
        section = sections[index]
        sections[index] = _mask_query(section, address, depth)
        address = section.partition("=")[2] if "://" in section else address
    masked = "".join(
        _mask_path_tokens(section) if "/" in section else section for section in sections
    )
    return CHANGING_HOST.sub(MASK, masked) if "usercontent." in masked else masked


def _mask_path_tokens(path: str) -> str:
    for start, end in reversed(path_tokens(path, frozenset(_user_names))):
        path = path[:start] + MASK + path[end:]
    return path


def _mask_query(query: str, address: str, depth: int) -> str:
    parts, separators = split_query(query)
    secret_names = signing_names(parts, address, frozenset(_user_names))
    masked = [_mask_parameter(part, secret_names, depth) for part in parts]
    return "".join(map("".join, zip(["", *separators], masked, strict=True)))


def _mask_parameter(part: str, secret_names: frozenset[str], depth: int) -> str:
    name, equals, value = part.partition("=")
    if name in secret_names:
        return f"{name}={MASK}" if equals else MASK
    plain, encoding_count = fully_decoded(value)
    if not encoding_count or depth == MAX_NESTING:
        return part
    masked = _mask_text(plain, depth + 1)
    if masked == plain:
        return part
    for _ in range(encoding_count):
        masked = quote(masked, safe="*")
    return f"{name}={masked}"


def _mask_passwords(word: str) -> str:
    """Mask user name and password, which precede the last `@` of the authority.

    An unencoded password may contain `/`, `?` and `#`. If a colon is not followed by a port,
    everything up to the last `@` of the word is taken for the password.
    """
    pieces = []
    index = 0
    last_at_sign = word.rfind("@")
    while (authority_start := word.find("://", index)) >= 0:
        authority_start += 3
        authority_end = _authority_end(word, authority_start)
        if last_at_sign > authority_end and _has_password(word, authority_start, authority_end):
            authority_end = last_at_sign + 1
        password_end = word.rfind("@", authority_start, authority_end)
        pieces.append(word[index:authority_start] + (MASK + "@" if password_end >= 0 else ""))
        index = password_end + 1 if password_end >= 0 else authority_start
    return "".join(pieces) + word[index:]


def _authority_end(word: str, start: int) -> int:
    end = start
    while end < len(word) and word[end] not in "/?#\\":
        end += 1
    return end


def _has_password(word: str, start: int, end: int) -> bool:
    ipv6_host = _IPV6.match(word, start)
    colon = word.find(":", ipv6_host.end() if ipv6_host else start, end)
    return colon >= 0 and not _PORT_AND_PATH.match(word, colon)
