"""Text that was read in a wrong encoding before it came here: “CafÃ©” for “Café”. Pure.

Such text is UTF-8 whose bytes somebody took for Windows-1252 or MacRoman. That it is so can be
proven: written in that encoding again, it is UTF-8, which other text hardly ever is.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Final

_RUN = re.compile(r"[^\x00-\x7f]{2,}")
#: What UTF-8's first bytes look like in the two encodings.
_SUSPICIOUS = re.compile("[Â-ßâ-ïð-ô√¬‚”“‘’„∆Œ–—]")
#: Windows-1252 as programs decode it: its five free bytes are control characters.
_FREE: Final = {chr(byte): byte for byte in (0x81, 0x8D, 0x8F, 0x90, 0x9D)}
#: Such a run of characters is no accident, whatever it becomes.
_SURE_LENGTH: Final = 4
#: Letters of Latin script, and punctuation: what titles in Western languages have.
_LATIN_END: Final = 0x24F
_PUNCTUATION: Final = (0x2010, 0x2122)


def ungarbled(text: str) -> str:
    """What the text most likely was; empty where nothing speaks for its being garbled."""
    if text.isascii() or not _SUSPICIOUS.search(text):
        return ""
    for encoding in ("cp1252", "mac_roman"):
        fixed = _RUN.sub(partial(_original, encoding), text)
        if fixed != text:
            return fixed
    return ""


def garbled(column: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Yield the index of each garbled cell, and what it most likely was."""
    if "".join(column).isascii():
        return
    for at, cell in enumerate(column):
        if fixed := ungarbled(cell):
            yield at, fixed


def _original(encoding: str, found: re.Match[str]) -> str:
    run = found[0]
    try:
        fixed = b"".join(_bytes(character, encoding) for character in run).decode()
    except UnicodeError:
        return run
    return fixed if len(run) >= _SURE_LENGTH or all(map(_is_usual, fixed)) else run


def _bytes(character: str, encoding: str) -> bytes:
    if encoding == "cp1252" and character in _FREE:
        return bytes([_FREE[character]])
    return character.encode(encoding)


def _is_usual(character: str) -> bool:
    first, last = _PUNCTUATION
    point = ord(character)
    latin = point <= _LATIN_END and unicodedata.category(character) in ("Ll", "Lu", "So", "Po")
    return latin or character == "\N{NO-BREAK SPACE}" or first <= point <= last
