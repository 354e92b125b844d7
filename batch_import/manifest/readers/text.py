"""Detect the encoding of a text file.

These are tried in order: the user's option, a byte order mark, UTF-8, UTF-16, and then older
encodings whose text is plausible. If none fits, the file is refused until the user names the
encoding. A file in UTF-8 may have a few stray bytes, which are not valid UTF-8; they are problems
of their rows only. This module must not know any format.
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

_UTF8 = "utf-8"
#: The most frequent of the older encodings. If another encoding was detected, the user sees an
#: example of the decoded text.
_USUAL_ENCODING = "cp1252"
#: Byte order mark → encoding.
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, _UTF8),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
#: Python's name of an encoding → name for the user.
_LABELS = {_UTF8: "UTF-8", "utf-16-le": "UTF-16", "utf-16-be": "UTF-16"}
#: Number of bytes, of lines with non-ASCII characters, that are used to detect the encoding.
_SAMPLE_BYTES = 1 << 16
_LINE_ENDS = re.compile(rb"[\r\n]+")
#: Matches a character that represents an undecodable byte (PEP 383).
_STRAY_BYTE = re.compile("[\udc80-\udcff]")
_CELL_SEPARATORS = re.compile(r"[,;\t|\"\r\n]+")
#: Maximum number of decoded texts in an error message, and their maximum length in characters.
_MAX_EXAMPLES, _MAX_EXAMPLE_LENGTH = 3, 60
_NAME_THE_ENCODING = (
    f"Say which encoding it is with {setting_ref('encoding', 'NAME')} (cp1252, cp1250, cp1251, gbk,"
    " big5, euc_kr…), or save it as UTF-8."
)
_SAVE_AS_UTF8 = "Save it as UTF-8 (in Excel: “CSV UTF-8 (comma delimited)”) and try again."


@dataclass(frozen=True, slots=True)
class DecodedFile:
    """A text file whose encoding was detected, and which was decoded once without errors.

    Attributes:
        source: the file.
        encoding: Python's name of the encoding.
        mark_length: length of the byte order mark in bytes; 0 if there is none.
        longest_line: length of the longest line in characters. The true length may be greater, by
            less than `BLOCK_BYTES`.
        note: description of the encoding for the user; empty if it is UTF-8.
        errors: Python's error handler for undecodable bytes.
    """

    source: ManifestFile
    encoding: str
    mark_length: int
    longest_line: int
    note: str = ""
    errors: str = "strict"

    def open(self, newline: str | None = None) -> TextIO:
        """Open the file after its byte order mark.

        Args:
            newline: `""` keeps line ends; `None` turns each line end into a line feed.
        """
        stream = self.source.open()
        stream.read(self.mark_length)
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
        """Return up to `size` characters from the start of the text."""
        with self.open() as stream:
            return stream.read(size)


@dataclass(frozen=True, slots=True)
class _InvalidByte:
    """The first byte of a file that is not valid in an encoding, or is the character NUL.

    Attributes:
        line: line number, from 1.
        offset: position in the file, from 0.
        byte: the value of the byte.
    """

    line: int
    offset: int
    byte: int

    def __str__(self) -> str:
        return f"line {self.line} has the byte 0x{self.byte:02X} at byte offset {self.offset}"


def detect_encoding(source: ManifestFile, encoding: str | None = None) -> DecodedFile:
    """Detect the encoding, by decoding the file, with one encoding after another.

    Args:
        source: the file.
        encoding: the encoding that the user named; None to detect it.

    Raises:
        ManifestError: the file is empty, or its text is not plausible in any encoding.
    """
    if not source.start(1):
        raise ManifestError(
            f"The manifest {source.name} is empty.", "Put a header line and rows in."
        )
    if encoding:
        return _decode_as_requested(source, encoding)
    for mark, marked_encoding in _BYTE_ORDER_MARKS:
        if source.start(len(mark)) == mark:
            return _decode_after_mark(source, marked_encoding, len(mark))
    text = _decode(source, _UTF8)
    if isinstance(text, DecodedFile):
        return text
    if text.byte == 0:
        return _decode_utf16(source, text)
    return _decode_mostly_utf8(source, text) or _decode_as_older_encoding(source, text)


def _decode_as_requested(source: ManifestFile, encoding: str) -> DecodedFile:
    """Decode the file with the encoding that the user named."""
    mark_length = 0
    if encoding == _UTF8 and source.start(len(codecs.BOM_UTF8)) == codecs.BOM_UTF8:
        mark_length = len(codecs.BOM_UTF8)
    text = _decode(source, encoding, mark_length)
    if isinstance(text, DecodedFile):
        return replace(text, note="" if encoding == _UTF8 else _LABELS.get(encoding, encoding))
    if encoding == _UTF8:
        mostly_utf8 = _decode_mostly_utf8(source, text, mark_length, is_certain=True)
        if mostly_utf8:
            return mostly_utf8
    raise ManifestError(
        f"The manifest {source.name} is not all {encoding}: {text}.",
        f"Name another encoding with {setting_ref('encoding', 'NAME')}, or save it as UTF-8.",
    )


def _decode_after_mark(source: ManifestFile, encoding: str, mark_length: int) -> DecodedFile:
    """Decode a file that starts with a byte order mark."""
    text = _decode(source, encoding, mark_length)
    if isinstance(text, DecodedFile):
        return replace(text, note="" if encoding == _UTF8 else _LABELS[encoding])
    if encoding == _UTF8 and text.byte:
        mostly_utf8 = _decode_mostly_utf8(source, text, mark_length, is_certain=True)
        if mostly_utf8:
            return mostly_utf8
    raise ManifestError(
        f"The manifest {source.name} begins with the byte order mark of {_LABELS[encoding]} and is"
        f" not {_LABELS[encoding]}: {text}.",
        _SAVE_AS_UTF8,
    )


def _decode_mostly_utf8(
    source: ManifestFile,
    invalid_byte: _InvalidByte,
    mark_length: int = 0,
    *,
    is_certain: bool = False,
) -> DecodedFile | None:
    """Decode UTF-8 with stray bytes; None if the file is probably not UTF-8.

    A file with as many valid UTF-8 characters as stray bytes is UTF-8, because valid characters
    hardly occur in other encodings.

    Args:
        source: the file.
        invalid_byte: the first stray byte.
        mark_length: length of the byte order mark in bytes.
        is_certain: whether the file is known to be UTF-8; then it may have any number of stray
            bytes.
    """
    text = _decode(source, _UTF8, mark_length, "surrogateescape")
    if isinstance(text, _InvalidByte):
        return None
    valid_count = stray_count = 0
    with text.open() as stream:
        while block := stream.read(BLOCK_BYTES):
            if not block.isascii():
                stray_in_block = len(_STRAY_BYTE.findall(block))
                stray_count += stray_in_block
                valid_count += sum(1 for c in block if c > "\x7f") - stray_in_block
    if not is_certain and valid_count < stray_count:
        return None
    count = f"{stray_count} byte{'' if stray_count == 1 else 's'}"
    return replace(text, note=f"UTF-8 but for {count}: {invalid_byte}")


def _decode_as_older_encoding(source: ManifestFile, invalid_byte: _InvalidByte) -> DecodedFile:
    """Choose an encoding whose text is plausible.

    Args:
        source: the file.
        invalid_byte: the first byte that is not UTF-8.
    """
    choice = choose_encoding(_non_ascii_lines(source))
    examples = ", ".join(f"“{example}”" for example in _non_ascii_examples(choice.text))
    text = _decode(source, choice.best.name) if choice.is_certain else invalid_byte
    if isinstance(text, _InvalidByte):
        raise ManifestError(
            f"The manifest {source.name} is not UTF-8 ({invalid_byte}), and no other encoding is"
            f" certain. As {choice.best.label} it reads: {examples}.",
            _NAME_THE_ENCODING,
        )
    shows_examples = choice.has_rival or choice.best.name != _USUAL_ENCODING
    suffix = f", as in {examples}" if shows_examples else ""
    return replace(text, note=f"{choice.best.label} ({invalid_byte}, which is not UTF-8){suffix}")


def _non_ascii_lines(source: ManifestFile) -> bytes:
    """Return the first lines with non-ASCII characters, each with a line feed."""
    sample = bytearray()
    unfinished_line = b""
    with source.open() as stream:
        while len(sample) < _SAMPLE_BYTES and (block := stream.read(BLOCK_BYTES)):
            *lines, unfinished_line = _LINE_ENDS.split(unfinished_line + block)
            for line in lines:
                if not line.isascii() and len(sample) < _SAMPLE_BYTES:
                    sample += line + b"\n"
    if sample or unfinished_line.isascii():
        return bytes(sample)
    return unfinished_line[:_SAMPLE_BYTES]


def _non_ascii_examples(text: str) -> list[str]:
    """Return the first different cells with non-ASCII characters, shortened."""
    cells = (cell.strip() for cell in _CELL_SEPARATORS.split(text) if not cell.isascii())
    return [cell[:_MAX_EXAMPLE_LENGTH] for cell in islice(dict.fromkeys(cells), _MAX_EXAMPLES)]


def _decode_utf16(source: ManifestFile, zero_byte: _InvalidByte) -> DecodedFile:
    """Decode UTF-16 without a byte order mark, which is recognized by its first zero byte.

    The first character of a manifest is an ASCII character. Its zero byte is the second byte of the
    file in UTF-16-LE, and the first in UTF-16-BE. No other text has zero bytes.
    """
    encoding = "utf-16-le" if zero_byte.offset else "utf-16-be"
    text = _decode(source, encoding) if zero_byte.offset <= 1 else zero_byte
    if isinstance(text, _InvalidByte):
        raise ManifestError(f"The manifest {source.name} is no text: {zero_byte}.", _SAVE_AS_UTF8)
    return replace(text, note=_LABELS[encoding])


def _decode(
    source: ManifestFile, encoding: str, mark_length: int = 0, errors: str = "strict"
) -> DecodedFile | _InvalidByte:
    """Decode the whole file, and return the first invalid byte if there is one."""
    decoder = codecs.getincrementaldecoder(encoding)(errors)
    offset, unfinished_line, longest_line = mark_length, 0, 0
    with source.open() as stream:
        stream.read(mark_length)
        while True:
            block = stream.read(BLOCK_BYTES)
            # The decoder still has the first bytes of an unfinished character.
            text_offset = offset - len(decoder.getstate()[0])
            text, is_valid = _decode_block(decoder, block, encoding)
            if "\0" in text or not is_valid:
                valid_bytes = text.partition("\0")[0].encode(encoding, errors)
                return _describe_byte(source, encoding, mark_length, text_offset + len(valid_bytes))
            unfinished_line = _unfinished_line_length(text, unfinished_line)
            longest_line = max(longest_line, unfinished_line)
            if not block:
                return DecodedFile(source, encoding, mark_length, longest_line, errors=errors)
            offset += len(block)


def _decode_block(
    decoder: codecs.IncrementalDecoder, block: bytes, encoding: str
) -> tuple[str, bool]:
    """Return the text before the first invalid byte, and whether all bytes are valid."""
    try:
        return decoder.decode(block, final=not block), True
    except UnicodeDecodeError as error:
        return error.object[: error.start].decode(encoding), False


def _unfinished_line_length(text: str, length_before: int) -> int:
    """Return the length of the unfinished line at the end of a block, in characters.

    Args:
        text: the text of the block.
        length_before: length of the unfinished line before the block.
    """
    last_line_end = max(text.rfind("\n"), text.rfind("\r"))
    return length_before + len(text) if last_line_end < 0 else len(text) - last_line_end - 1


def _describe_byte(
    source: ManifestFile, encoding: str, mark_length: int, offset: int
) -> _InvalidByte:
    """Find the line number of an invalid byte.

    The file is read again, because to count the lines of every file would be slow.
    """
    decoder = codecs.getincrementaldecoder(encoding)()
    newline_decoder = io.IncrementalNewlineDecoder(decoder, translate=True)
    line = 1
    with source.open() as stream:
        stream.read(mark_length)
        for position in range(mark_length, offset, BLOCK_BYTES):
            block = stream.read(min(BLOCK_BYTES, offset - position))
            line += newline_decoder.decode(block).count("\n")
        line += newline_decoder.decode(b"", final=True).count("\n")
        return _InvalidByte(line, offset, stream.read(1)[0])
