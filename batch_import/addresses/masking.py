"""Masks secrets in texts: signatures, tokens and passwords in URLs are replaced by `***`.

Every text for people or logs must be passed through `mask`. Only the job database and `failed.csv`
have the URLs with their secrets, because they are needed for downloads.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Final
from urllib.parse import quote

from batch_import.addresses.decoding import may_be_encoded, unescape_markup
from batch_import.addresses.opaque import SHORT_TOKEN_LENGTH, looks_random
from batch_import.addresses.query_strings import (
    MAX_NESTING,
    fully_decoded,
    normalised_name,
    split_query,
)
from batch_import.addresses.signatures import (
    CHANGING_HOST,
    may_be_signed,
    path_tokens,
    signing_names,
)
from batch_import.addresses.urls import parse

#: Replaces a secret.
MASK: Final = "***"

_LINE_BREAK = re.compile("\r\n|[\n\r\v\f\x85\u2028\u2029]")
#: A part of a text that may be a URL: it ends at white space, a quotation mark or a bracket of
#: HTML.
_WORD = re.compile(r"[^\s\"'<>]+")
_JSON_WEB_TOKEN = re.compile(r"(?<![\w-])eyJ[\w-]{8,}\.[\w-]+\.[\w.-]*", re.ASCII)
_AUTHORIZATION_HEADER = re.compile(r"\b([Bb]asic|[Bb]earer)( +)([\w+/=.~-]{8,})", re.ASCII)
#: Punctuation that may follow a URL in a sentence.
_TRAILING_PUNCTUATION: Final = ").,;:!]}"
_QUERY_START = re.compile("([?#])")
#: A part of a word without the separators of URL parameters. It may be an encoded URL.
_PIECE = re.compile(r"[^?#&=;]+")
_PORT_AND_PATH = re.compile(r":\d{0,5}(?:[/?#]|$)")
_IPV6 = re.compile(r"\[[0-9A-Fa-f:.]{2,45}\]")

#: A fast check: a text without a match has no secret. It finds the separators of URLs, the start of
#: JSON web tokens, and `Basic` or `Bearer` in any letter case of the first letter.
_POSSIBLE_SECRET = re.compile(r"[@#?=/]|eyJ|asic |earer ")

#: An escaped separator of a URL: `= ? # @ : &` or a backslash, percent-encoded once or several
#: times, as an HTML character reference, or as in JSON.
_ENCODED_SEPARATOR = re.compile(
    r"%(?:25)*(?:3[DdFfAa]|2[36]|40|5[Cc]|u00)|&(?:#|amp|equals|quest|num|commat|colon|sol)|\\[ux/]"
)

#: Additional names of URL parameters to mask, from the setting of the user.
_extra_names: set[str] = set()


def add_masked_names(names: Iterable[str]) -> None:
    """Mask URL parameters with these names in all texts from now on.

    The names apply to the whole process, because a secret can occur in any text. They cannot be
    removed.
    """
    _extra_names.update(map(normalised_name, names))


def added_masked_names() -> frozenset[str]:
    """Returns all names given to `add_masked_names`, so that another process can mask them, too."""
    return frozenset(_extra_names)


def mask(text: str) -> str:
    """Returns a text with every secret in its URLs and every token replaced by `***`."""
    return _mask_text(text, 0) if _may_have_secret(text) else text


def mask_all(texts: Sequence[str]) -> Sequence[str]:
    """Returns each text as `mask` returns it. It is fast if no text can have a secret."""
    if not _may_have_secret("\n".join(texts)):
        return texts
    return [mask(text) for text in texts]


def _may_have_secret(text: str) -> bool:
    """Whether a text may have a secret. It is fast, also for all cells of a column in one text."""
    if _POSSIBLE_SECRET.search(text) and (
        "@" in text or "#" in text or may_be_signed(text) or _may_have_token(text)
    ):
        return True
    return _may_have_encoded_url(text)


def _may_have_encoded_url(text: str) -> bool:
    return may_be_encoded(text) and _ENCODED_SEPARATOR.search(text) is not None


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
    """Whether a URL was masked by this module, and therefore cannot be downloaded."""
    parts = parse(url)
    if MASK not in url or parts is None:
        return False
    values = [part.partition("=")[2] or part for part in split_query(parts.query)[0]]
    return MASK in (parts.user, *parts.path.split("/"), *values)


def _mask_text(text: str, depth: int) -> str:
    """Returns a text with its secrets masked.

    Args:
        text: the text.
        depth: number of URLs around the text: 0, or more for a URL in a parameter of another URL.
    """
    if _may_have_token(text):
        text = _AUTHORIZATION_HEADER.sub(_mask_header, _JSON_WEB_TOKEN.sub(MASK, text))
    return _WORD.sub(lambda word: _mask_escaped_word(word[0], depth), text)


def _mask_header(match: re.Match[str]) -> str:
    return f"{match[1]}{match[2]}{MASK}" if looks_random(match[3], SHORT_TOKEN_LENGTH) else match[0]


def _mask_escaped_word(word: str, depth: int) -> str:
    """Returns a word with its secrets masked, also if the word contains an encoded URL.

    If a secret is found only without the escapes of HTML and JSON, the result has no such escapes.
    """
    if not _may_have_encoded_url(word):
        return _mask_word(word, depth)
    masked = _mask_encoded_word(word, depth)
    unescaped = unescape_markup(word)
    if unescaped == word:
        return masked
    masked_unescaped = _mask_encoded_word(unescaped, depth)
    return masked if masked_unescaped == unescape_markup(masked) else masked_unescaped


def _mask_encoded_word(word: str, depth: int) -> str:
    """Returns a word with its secrets masked, also those in percent-encoded parts of the word."""
    url = word.rstrip(_TRAILING_PUNCTUATION)
    # The encoded parts first, because masking the word may remove the host that a scheme needs.
    masked = _PIECE.sub(lambda piece: _mask_piece(piece[0], depth), url)
    return _mask_word(masked + word[len(url) :], depth)


def _mask_piece(piece: str, depth: int) -> str:
    return _mask_encoded(piece, depth) if _may_have_encoded_url(piece) else piece


def _mask_encoded(text: str, depth: int) -> str:
    """Returns a text that may be percent-encoded with its secrets masked, encoded as before."""
    decoded_text, decode_count = fully_decoded(text)
    if not decode_count or depth == MAX_NESTING:
        return text
    masked = _mask_text(decoded_text, depth + 1)
    if masked == decoded_text:
        return text
    for _ in range(decode_count):
        masked = quote(masked, safe="*/:@" if "/" in text else "*")
    return masked


def _mask_word(word: str, depth: int) -> str:
    if "@" in word and "://" in word:
        word = _mask_passwords(word)
    url = word.rstrip(_TRAILING_PUNCTUATION)
    if not may_be_signed(url) and "#" not in url:
        return word
    return _mask_url(url, depth) + word[len(url) :]


def _mask_url(word: str, depth: int) -> str:
    """Returns a word with its secrets masked. It may be a URL, or parameters without a URL."""
    # The address, then the characters `?` or `#` and the texts behind them, in turn.
    sections = _QUERY_START.split(word)
    address = sections[0]
    if "=" in address and "/" not in address:
        sections[0] = _mask_query(address, "", depth)
    for index in range(2, len(sections), 2):
        section = sections[index]
        sections[index] = _mask_query(section, address, depth)
        # A parameter may be an unencoded URL; what follows its `?` is the query of this URL.
        address = section.partition("=")[2] if "://" in section else address
    masked = "".join(
        _mask_path_tokens(section) if "/" in section else section for section in sections
    )
    return CHANGING_HOST.sub(MASK, masked) if "usercontent." in masked else masked


def _mask_path_tokens(path: str) -> str:
    for start, end in reversed(path_tokens(path, frozenset(_extra_names))):
        path = path[:start] + MASK + path[end:]
    return path


def _mask_query(query: str, address: str, depth: int) -> str:
    parts, separators = split_query(query)
    secret_names = signing_names(parts, address, frozenset(_extra_names))
    masked = [_mask_parameter(part, secret_names, depth) for part in parts]
    return "".join(map("".join, zip(["", *separators], masked, strict=True)))


def _mask_parameter(part: str, secret_names: frozenset[str], depth: int) -> str:
    """Returns a parameter, `name=value`, with its value masked, or with secrets in it masked."""
    name, equals, value = part.partition("=")
    if name in secret_names:
        return f"{name}={MASK}" if equals else MASK
    return f"{name}{equals}{_mask_encoded(value, depth)}"


def _mask_passwords(word: str) -> str:
    """Mask user name and password in each URL of a word.

    They are before the last `@` of the authority, which is the part of a URL from `://` to the
    path. An unencoded password may contain `/`, `?` and `#`, at which the authority seems to end.
    Therefore, if no port follows a colon, everything up to the last `@` of the word is masked.
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
    """Returns the index of the first character after the authority that begins at `start`."""
    end = start
    while end < len(word) and word[end] not in "/?#\\":
        end += 1
    return end


def _has_password(word: str, start: int, end: int) -> bool:
    """Whether an authority has a colon with something else than a port behind it."""
    ipv6_host = _IPV6.match(word, start)
    colon = word.find(":", ipv6_host.end() if ipv6_host else start, end)
    return colon >= 0 and not _PORT_AND_PATH.match(word, colon)
