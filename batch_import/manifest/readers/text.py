"""Detect the encoding of a text file.

The order is: the user's option, a byte order mark, UTF-8 (stray bytes are problems of their rows
only), UTF-16, and then other encodings whose text is plausible. If none is, the file is refused
until the user names the encoding. This module must not know any format.
"""

import codecs
import io
import re
from dataclasses import dataclass, replace
from itertools import islice
from typing import TextIO

from batch_import.errors import ManifestError, setting_ref
from batch_import.manifest.readers.manifest_file import BLOCK_BYTES, ManifestFile
from batch_import.manifest.readers.plausibility import choose_encoding

#: Maximum length of a line, and of a record of JSON or YAML, in characters. A compressed file of
#: one endless line must not fill the memory.
MAX_CHARACTERS = 1 << 24

_UTF8, _USUAL = "utf-8", "cp1252"
_MARKS = (
    (codecs.BOM_UTF8, _UTF8),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_SPOKEN = {_UTF8: "UTF-8", "utf-16-le": "UTF-16", "utf-16-be": "UTF-16"}
#: How many bytes of lines with non-ASCII characters are used to detect the encoding.
_SAMPLE = 1 << 16
_LINE_ENDS = re.compile(rb"[\r\n]+")
_STRAY = re.compile("[\udc80-\udcff]")
_PIECES = re.compile(r"[,;\t|\"\r\n]+")
#: How many decoded texts an error message shows, and their maximum length in characters.
_SHOWN, _LONGEST_SHOWN = 3, 60
_SAY_ENCODING = (
    f"Say which encoding it is with {setting_ref('encoding', 'NAME')} (cp1252, cp1250, cp1251, gbk,"
    " big5, euc_kr…), or save it as UTF-8."
)
_SAVE_AS_UTF8 = "Save it as UTF-8 (in Excel: “CSV UTF-8 (comma delimited)”) and try again."


@dataclass(frozen=True, slots=True)
class DecodedFile:
    """A text file whose encoding was detected. All of it was decoded once.

    Attributes:
        encoding: Python's name of the encoding.
        mark: length of the byte order mark, in bytes.
        longest_line: length of the longest line in characters; up to one block less.
        note: the encoding for the user; empty if it is UTF-8.
        errors: Python's error handler for undecodable bytes.
    """

    source: ManifestFile
    encoding: str
    mark: int
    longest_line: int
    note: str = ""
    errors: str = "strict"

    def open(self, newline: str | None = None) -> TextIO:
        """Open the file after its byte order mark.

        Args:
            newline: `""` keeps line ends; `None` turns each of them into a line feed.
        """
        stream = self.source.open()
        stream.read(self.mark)
        return io.TextIOWrapper(stream, self.encoding, self.errors, newline=newline)

    def open_lines(self, newline: str | None = None) -> TextIO:
        """Open the file for reading line by line.

        Raises:
            ManifestError: a line is too long.
        """
        if self.longest_line > MAX_CHARACTERS:
            raise ManifestError(
                f"The manifest {self.source.name} has a line of more than {MAX_CHARACTERS}"
                " characters.",
                "It is no list of videos; check that it is the right file.",
            )
        return self.open(newline)

    def start(self, size: int) -> str:
        """The first characters."""
        with self.open() as stream:
            return stream.read(size)


@dataclass(frozen=True, slots=True)
class _Misfit:
    """The first byte that is not valid in an encoding. `line` is from 1, `offset` from 0."""

    line: int
    offset: int
    byte: int

    def __str__(self) -> str:
        return f"line {self.line} has the byte 0x{self.byte:02X} at byte offset {self.offset}"


def detect_encoding(source: ManifestFile, encoding: str | None = None) -> DecodedFile:
    """Detect the encoding, by reading the file once or twice.

    Args:
        encoding: the encoding that the user named; None to detect it.

    Raises:
        ManifestError: the file is empty, or its text is not plausible in any encoding.
    """
    if not source.start(1):
        raise ManifestError(
            f"The manifest {source.name} is empty.", "Put a header line and rows in."
        )
    if encoding:
        return _as_asked(source, encoding)
    for mark, marked in _MARKS:
        if source.start(len(mark)) == mark:
            return _marked(source, marked, len(mark))
    text = _read(source, _UTF8)
    if isinstance(text, DecodedFile):
        return text
    if text.byte == 0:
        return _wide(source, text)
    return _mostly_utf8(source, text) or _guessed(source, text)


def _as_asked(source: ManifestFile, encoding: str) -> DecodedFile:
    """Read the file with the encoding that the user named."""
    mark = codecs.BOM_UTF8 if encoding == _UTF8 else b""
    before = len(mark) if mark and source.start(len(mark)) == mark else 0
    text = _read(source, encoding, before)
    if isinstance(text, _Misfit):
        stray = _mostly_utf8(source, text, before, sure=True) if encoding == _UTF8 else None
        if stray is None:
            raise ManifestError(
                f"The manifest {source.name} is not all {encoding}: {text}.",
                f"Say another one with {setting_ref('encoding', 'NAME')}, or save it as UTF-8.",
            )
        return stray
    return replace(text, note="" if encoding == _UTF8 else _SPOKEN.get(encoding, encoding))


def _marked(source: ManifestFile, encoding: str, mark: int) -> DecodedFile:
    text = _read(source, encoding, mark)
    if isinstance(text, _Misfit):
        stray = (
            _mostly_utf8(source, text, mark, sure=True) if encoding == _UTF8 and text.byte else None
        )
        if stray:
            return stray
        raise ManifestError(
            f"The manifest {source.name} begins with the mark of {_SPOKEN[encoding]} and is not:"
            f" {text}.",
            _SAVE_AS_UTF8,
        )
    return replace(text, note="" if encoding == _UTF8 else _SPOKEN[encoding])


def _mostly_utf8(
    source: ManifestFile, misfit: _Misfit, mark: int = 0, *, sure: bool = False
) -> DecodedFile | None:
    """Detect UTF-8 with stray bytes: valid UTF-8 characters hardly occur in other encodings.

    Args:
        sure: the file is known to be UTF-8, regardless of the number of stray bytes.
    """
    text = _read(source, _UTF8, mark, "surrogateescape")
    if isinstance(text, _Misfit):
        return None
    good = stray = 0
    with text.open() as stream:
        while block := stream.read(BLOCK_BYTES):
            if not block.isascii():
                lost = len(_STRAY.findall(block))
                stray += lost
                good += sum(1 for c in block if c > "\x7f") - lost
    if sure or good >= stray:
        count = f"{stray} byte{'' if stray == 1 else 's'}"
        return replace(text, note=f"UTF-8 but for {count}: {misfit}")
    return None


def _guessed(source: ManifestFile, misfit: _Misfit) -> DecodedFile:
    """Choose another encoding whose text is plausible."""
    verdict = choose_encoding(_telling_lines(source))
    shown = ", ".join(f"“{piece}”" for piece in _telling_pieces(verdict.text))
    text = _read(source, verdict.best.name) if verdict.proven else misfit
    if isinstance(text, _Misfit):
        raise ManifestError(
            f"The manifest {source.name} is not UTF-8 ({misfit}), and no other encoding is certain."
            f" As {verdict.best.label} it reads: {shown}.",
            _SAY_ENCODING,
        )
    sample = f", as in {shown}" if verdict.close or verdict.best.name != _USUAL else ""
    return replace(text, note=f"{verdict.best.label} ({misfit}, which is not UTF-8){sample}")


def _telling_lines(source: ManifestFile) -> bytes:
    """The first lines with non-ASCII characters."""
    found = bytearray()
    tail = b""
    with source.open() as stream:
        while len(found) < _SAMPLE and (block := stream.read(BLOCK_BYTES)):
            *lines, tail = _LINE_ENDS.split(tail + block)
            for line in lines:
                if not line.isascii() and len(found) < _SAMPLE:
                    found += line + b"\n"
    return bytes(found) if found or tail.isascii() else tail[:_SAMPLE]


def _telling_pieces(text: str) -> list[str]:
    pieces = (piece.strip() for piece in _PIECES.split(text) if not piece.isascii())
    return [piece[:_LONGEST_SHOWN] for piece in islice(dict.fromkeys(pieces), _SHOWN)]


def _wide(source: ManifestFile, misfit: _Misfit) -> DecodedFile:
    """Detect UTF-16 by its zero bytes, which no other text has."""
    encoding = "utf-16-le" if misfit.offset else "utf-16-be"
    text = _read(source, encoding) if misfit.offset <= 1 else misfit
    if isinstance(text, _Misfit):
        raise ManifestError(f"The manifest {source.name} is no text: {misfit}.", _SAVE_AS_UTF8)
    return replace(text, note=_SPOKEN[encoding])


def _read(
    source: ManifestFile, encoding: str, mark: int = 0, errors: str = "strict"
) -> DecodedFile | _Misfit:
    """Decode the file, up to the first byte that is not valid, or is a NUL character."""
    decoder = codecs.getincrementaldecoder(encoding)(errors)
    offset, line, longest = mark, 0, 0
    with source.open() as stream:
        stream.read(mark)
        while True:
            block = stream.read(BLOCK_BYTES)
            at = offset - len(decoder.getstate()[0])
            text, fits = _decoded(decoder, block, encoding)
            if "\0" in text or not fits:
                before = text.partition("\0")[0].encode(encoding, errors)
                return _described(source, encoding, mark, at + len(before))
            line = _behind_last_line_end(text, line)
            longest = max(longest, line)
            if not block:
                return DecodedFile(source, encoding, mark, longest, errors=errors)
            offset += len(block)


def _decoded(decoder: codecs.IncrementalDecoder, block: bytes, encoding: str) -> tuple[str, bool]:
    """Decode the bytes before the first invalid one, and say whether that is all of them."""
    try:
        return decoder.decode(block, final=not block), True
    except UnicodeDecodeError as error:
        return error.object[: error.start].decode(encoding), False


def _behind_last_line_end(text: str, before: int) -> int:
    """The length of the unfinished line after a block; `before` is its length so far."""
    last = max(text.rfind("\n"), text.rfind("\r"))
    return before + len(text) if last < 0 else len(text) - last - 1


def _described(source: ManifestFile, encoding: str, mark: int, offset: int) -> _Misfit:
    """Find the line of an invalid byte by reading again: counting always would be slow."""
    characters = codecs.getincrementaldecoder(encoding)()
    decoder = io.IncrementalNewlineDecoder(characters, translate=True)
    line = 1
    with source.open() as stream:
        stream.read(mark)
        for at in range(mark, offset, BLOCK_BYTES):
            line += decoder.decode(stream.read(min(BLOCK_BYTES, offset - at))).count("\n")
        line += decoder.decode(b"", final=True).count("\n")
        return _Misfit(line, offset, stream.read(1)[0])
