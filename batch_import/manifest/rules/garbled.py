"""Find text that another program decoded with a wrong encoding: “CafÃ©” for “Café”. No I/O.

Such text is UTF-8 that was decoded as Windows-1252 or MacRoman. It can be proven: if it is encoded
in that encoding again, the result is valid UTF-8, which is very rare for other text.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Final

_RUN = re.compile(r"[^\x00-\x7f]{2,}")
#: Lead bytes of UTF-8, as the two encodings decode them.
_SUSPICIOUS = re.compile("[Â-ßâ-ïð-ô√¬‚”“‘’„∆Œ–—]")
#: Windows-1252 as programs decode it: its five unassigned bytes become control characters.
_FREE: Final = {chr(byte): byte for byte in (0x81, 0x8D, 0x8F, 0x90, 0x9D)}
#: Sequences that are certainly garbled text.
_SURE_LENGTH: Final = 4
#: Latin letters and punctuation, as in titles of Western languages.
_LATIN_END: Final = 0x24F
_PUNCTUATION: Final = (0x2010, 0x2122)


def restore_garbled_text(text: str) -> str:
    """The likely original of a garbled text; empty if the text is not garbled."""
    if text.isascii() or not _SUSPICIOUS.search(text):
        return ""
    for encoding in ("cp1252", "mac_roman"):
        fixed = _RUN.sub(partial(_original, encoding), text)
        if fixed != text:
            return fixed
    return ""


def find_garbled_cells(column: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Yield the index of each garbled cell, and its likely original."""
    if "".join(column).isascii():
        return
    for at, cell in enumerate(column):
        if fixed := restore_garbled_text(cell):
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
