"""Find text that another program decoded with a wrong encoding: “CafÃ©” for “Café”. No I/O.

Garbled text is UTF-8 that was decoded as Windows-1252 or MacRoman. To find such text, the decoding
is undone: the text is encoded in that encoding, and the bytes are decoded as UTF-8. The bytes of
other text are very rarely valid UTF-8.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Final

#: A sequence of non-ASCII characters.
_NON_ASCII = re.compile(r"[^\x00-\x7f]{2,}")
#: The characters to which the two encodings decode the first byte of a character in UTF-8. For
#: example, the first byte of “é” is 0xC3, which is “Ã” in Windows-1252 and “√” in MacRoman. A text
#: without any of these characters is not garbled.
_FIRST_BYTES = re.compile("[Â-ßâ-ïð-ô√¬‚”“‘’„∆Œ–—]")
#: The five bytes that Windows-1252 does not define. Programs decode such a byte to the control
#: character with the same number: 0x81 to U+0081. The keys are the characters, the values the
#: bytes.
_UNDEFINED_BYTES: Final = {chr(byte): byte for byte in (0x81, 0x8D, 0x8F, 0x90, 0x9D)}
#: A non-ASCII sequence of at least this many characters is garbled if its bytes are valid UTF-8. A
#: shorter sequence may be valid by chance. For example, “Ã©” is garbled, because its original “é”
#: is a usual character.
_MIN_CERTAIN_LENGTH: Final = 4
#: Code points of usual characters in titles of Western languages: the last Latin letter, and the
#: first and the last punctuation mark.
_LAST_LATIN_LETTER: Final = 0x24F
_PUNCTUATION: Final = (0x2010, 0x2122)


def restore_garbled_text(text: str) -> str:
    """Return the likely original of a garbled text; empty if the text is not garbled."""
    if text.isascii() or not _FIRST_BYTES.search(text):
        return ""
    for encoding in ("cp1252", "mac_roman"):
        restored = _NON_ASCII.sub(partial(_restore, encoding), text)
        if restored != text:
            return restored
    return ""


def find_garbled_cells(column: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Yield the index of each garbled cell, and its likely original."""
    if "".join(column).isascii():
        return
    for index, cell in enumerate(column):
        restored = restore_garbled_text(cell)
        if restored:
            yield index, restored


def _restore(encoding: str, match: re.Match[str]) -> str:
    """Return the original of a non-ASCII sequence; the sequence itself if it is not garbled."""
    sequence = match[0]
    try:
        restored = b"".join(_encode(character, encoding) for character in sequence).decode()
    except UnicodeError:
        return sequence
    is_garbled = len(sequence) >= _MIN_CERTAIN_LENGTH or all(map(_is_usual, restored))
    return restored if is_garbled else sequence


def _encode(character: str, encoding: str) -> bytes:
    if encoding == "cp1252" and character in _UNDEFINED_BYTES:
        return bytes([_UNDEFINED_BYTES[character]])
    return character.encode(encoding)


def _is_usual(character: str) -> bool:
    """Whether a character is usual in titles of Western languages."""
    code_point = ord(character)
    category = unicodedata.category(character)
    is_latin = code_point <= _LAST_LATIN_LETTER and category in ("Ll", "Lu", "So", "Po")
    first, last = _PUNCTUATION
    return is_latin or character == "\N{NO-BREAK SPACE}" or first <= code_point <= last
