"""Bytes → text: which encoding they are in, or where they fit none.

Tried in this order, without guessing from what the text looks like: byte order mark, UTF-8,
UTF-16, Windows-1252. Detectors call Western text in one byte a character by many wrong names.
This file must not know any format.
"""

import codecs
import io
from dataclasses import dataclass, replace
from typing import TextIO

from batch_import.errors import ManifestError
from batch_import.manifest.readers.manifest_file import BLOCK, Source

#: Of a line, and of a record of JSON or YAML: a file that unpacks to one endless line must not
#: fill the memory.
MOST_CHARACTERS = 1 << 24

_UTF8, _WINDOWS = "utf-8", "cp1252"
_MARKS = (
    (codecs.BOM_UTF8, _UTF8),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_SPOKEN = {_UTF8: "UTF-8", "utf-16-le": "UTF-16", "utf-16-be": "UTF-16"}
_SAVE_AS_UTF8 = "Save it as UTF-8 (in Excel: “CSV UTF-8 (comma delimited)”) and try again."


@dataclass(frozen=True, slots=True)
class Text:
    """A source that was found to be text from its first to its last byte.

    Attributes:
        encoding: as Python calls it.
        mark: how many bytes of a byte order mark stand before the text.
        longest_line: its characters, up to a block too few.
        note: the encoding in words, where a person should know of it; else empty.
    """

    source: Source
    encoding: str
    mark: int
    longest_line: int
    note: str = ""

    def open(self, newline: str | None = None) -> TextIO:
        """Open it at its first character.

        Args:
            newline: `""` keeps line ends as they are; `None` makes each of them a line feed.
        """
        stream = self.source.open()
        stream.read(self.mark)
        return io.TextIOWrapper(stream, self.encoding, newline=newline)

    def open_lines(self, newline: str | None = None) -> TextIO:
        """The same, for whoever reads it line by line.

        Raises:
            ManifestError: a line is too long to be kept.
        """
        if self.longest_line > MOST_CHARACTERS:
            raise ManifestError(
                f"The manifest {self.source.name} has a line of more than {MOST_CHARACTERS}"
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
    """The first byte that is not in an encoding; `line` from 1, `offset` from 0."""

    line: int
    offset: int
    byte: int

    def __str__(self) -> str:
        return f"line {self.line} has the byte 0x{self.byte:02X} at byte offset {self.offset}"


def decode(source: Source) -> Text:
    """Read all of it once, to find the encoding.

    Raises:
        ManifestError: it is empty, or fits no encoding.
    """
    if not source.start(1):
        raise ManifestError(
            f"The manifest {source.name} is empty.", "Put a header line and rows in."
        )
    for mark, encoding in _MARKS:
        if source.start(len(mark)) == mark:
            return _marked(source, encoding, len(mark))
    text = _read(source, _UTF8)
    if isinstance(text, Text):
        return text
    if text.byte == 0:
        return _wide(source, text)
    other = _read(source, _WINDOWS)
    if isinstance(other, Text):
        return replace(other, note=f"Windows-1252 ({text}, which is not UTF-8)")
    raise ManifestError(
        f"The manifest {source.name} is neither UTF-8 ({text}) nor Windows-1252 ({other}).",
        _SAVE_AS_UTF8,
    )


def _marked(source: Source, encoding: str, mark: int) -> Text:
    text = _read(source, encoding, mark)
    if isinstance(text, _Misfit):
        raise ManifestError(
            f"The manifest {source.name} begins with the mark of {_SPOKEN[encoding]} and is not:"
            f" {text}.",
            _SAVE_AS_UTF8,
        )
    return replace(text, note="" if encoding == _UTF8 else _SPOKEN[encoding])


def _wide(source: Source, misfit: _Misfit) -> Text:
    """No text but UTF-16 has a zero byte: half of a character of ASCII, as most begin with."""
    encoding = "utf-16-le" if misfit.offset else "utf-16-be"
    text = _read(source, encoding) if misfit.offset <= 1 else misfit
    if isinstance(text, _Misfit):
        raise ManifestError(f"The manifest {source.name} is no text: {misfit}.", _SAVE_AS_UTF8)
    return replace(text, note=_SPOKEN[encoding])


def _read(source: Source, encoding: str, mark: int = 0) -> Text | _Misfit:
    """Read all of it, up to the first byte that is not in the encoding, or is a zero character."""
    decoder = codecs.getincrementaldecoder(encoding)()
    offset, line, longest = mark, 0, 0
    with source.open() as stream:
        stream.read(mark)
        while True:
            block = stream.read(BLOCK)
            at = offset - len(decoder.getstate()[0])
            text, fits = _decoded(decoder, block, encoding)
            if "\0" in text or not fits:
                before = text.partition("\0")[0].encode(encoding)
                return _described(source, encoding, mark, at + len(before))
            line = _behind_last_line_end(text, line)
            longest = max(longest, line)
            if not block:
                return Text(source, encoding, mark, longest)
            offset += len(block)


def _decoded(decoder: codecs.IncrementalDecoder, block: bytes, encoding: str) -> tuple[str, bool]:
    """Decode as much as there is before the first bad byte, and say whether that is all."""
    try:
        return decoder.decode(block, final=not block), True
    except UnicodeDecodeError as error:
        return error.object[: error.start].decode(encoding), False


def _behind_last_line_end(text: str, before: int) -> int:
    """How many characters stand behind the last line end; `before` are there already."""
    last = max(text.rfind("\n"), text.rfind("\r"))
    return before + len(text) if last < 0 else len(text) - last - 1


def _described(source: Source, encoding: str, mark: int, offset: int) -> _Misfit:
    """Go there once more, to count the lines: that would slow the search down."""
    characters = codecs.getincrementaldecoder(encoding)()
    decoder = io.IncrementalNewlineDecoder(characters, translate=True)
    line = 1
    with source.open() as stream:
        stream.read(mark)
        for at in range(mark, offset, BLOCK):
            line += decoder.decode(stream.read(min(BLOCK, offset - at))).count("\n")
        line += decoder.decode(b"", final=True).count("\n")
        return _Misfit(line, offset, stream.read(1)[0])
