"""Comma-separated text in UTF-8 → records. The only file that knows CSV and its encodings.

It must not know what a column means, how wide a row should be, or what a DataFrame is.

`csv` is used rather than pandas, because pandas drops or shifts cells of over-wide rows without
a word, and cannot tell on which line a row stands.
"""

import codecs
import csv
import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from batch_import.errors import ManifestError
from batch_import.guard import unguarded
from batch_import.manifest.record import Fault, Record

_BLOCK = 1 << 20
#: The largest that a C long holds on every system, Windows included.
_LONGEST_CELL = 2**31 - 1
_LONGEST_VALUE = 200
_LINE_END = re.compile(r"\r\n|\r|\n")

_SAVE_AS_UTF8 = "Save it as UTF-8 (in Excel: “CSV UTF-8 (comma delimited)”) and try again."
_SAVE_AS_CSV = "Save its sheet as CSV (in Excel: “CSV UTF-8 (comma delimited)”) and try again."
_SPREADSHEET_STARTS = (b"PK\x03\x04", b"PK\x05\x06", b"\xd0\xcf\x11\xe0")
_UTF16_STARTS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "vertical bars"}


def digest_of(path: Path) -> str:
    """Read the whole file once: is it text in UTF-8, and what is its SHA-256 in hex?

    Raises:
        ManifestError: it is empty, a spreadsheet, or not UTF-8.
        OSError: it cannot be read.
    """
    digest = hashlib.sha256()
    decoder = codecs.getincrementaldecoder("utf-8")()
    offset = 0
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            if offset == 0:
                _refuse_other_formats(path, block)
            digest.update(block)
            pending = len(decoder.getstate()[0])
            _decode(path, stream, decoder, block, offset - pending)
            offset += len(block)
        if offset == 0:
            raise ManifestError(f"The manifest {path} is empty.", "Put a header line and rows in.")
        pending = len(decoder.getstate()[0])
        _decode(path, stream, decoder, b"", offset - pending)
    return digest.hexdigest()


def records(path: Path) -> Iterator[Record]:
    """Yield every record that is not blank, the header first.

    A record that breaks the rules of quoting gets a `Fault` and its cells as well as they can
    be told; reading goes on behind it.

    Raises:
        ManifestError: a quote is not closed before the file ends.
        OSError: the file cannot be read.
    """
    csv.field_size_limit(_LONGEST_CELL)
    kept: list[str] = []
    with path.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.reader(_keep(stream, kept), strict=True)
        while True:
            kept.clear()
            line = reader.line_num + 1
            fault = None
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                cells, fault = _broken(path, line, kept, error)
            except UnicodeDecodeError as error:
                # `digest_of` has seen it whole before.
                raise ManifestError(f"The manifest {path} changed while it was read.") from error
            if not _is_blank(cells):
                yield line, [unguarded(cell) for cell in cells], fault


def refuse_other_separator(path: Path, header: list[str]) -> None:
    """Tell a file whose cells are parted by something else than commas.

    Raises:
        ManifestError: the header is one cell, with such a separator in it.
    """
    if len(header) != 1:
        return
    for separator, name in _SEPARATORS.items():
        if separator in header[0]:
            raise ManifestError(
                f"The manifest {path} seems to be separated by {name}.",
                "Save it separated by commas and try again.",
            )


def _keep(stream: Iterator[str], kept: list[str]) -> Iterator[str]:
    """Note the physical lines of a record, in case it must be read once more."""
    for line in stream:
        kept.append(line)
        yield line


def _is_blank(cells: list[str]) -> bool:
    """Most rows are settled by their first cell."""
    return not cells or (not cells[0].strip() and not any(map(str.strip, cells)))


def _broken(
    path: Path, line: int, physical: list[str], error: csv.Error
) -> tuple[list[str], Fault]:
    """Read a refused record once more, leniently.

    The strict and the lenient reader agree up to the character that was refused, so the lenient
    one finds exactly one record in these lines.
    """
    cells = next(csv.reader(physical))
    text = "".join(physical)
    if "end of data" in str(error):
        # The cell that was never closed is the last one; lines before it belong to other cells.
        opened = line + _line_ends(text) - _line_ends(cells[-1])
        raise ManifestError(
            f"The manifest {path} ends inside quotes that were opened on line {opened}.",
            'Close them; a quote inside of quotes is written twice ("").',
        )
    last = line + len(physical) - 1
    span = f"; lines {line} to {last} were taken for one row" if last > line else ""
    fault = Fault(
        "quoting",
        f"the quotes of this row are broken{span}",
        text.rstrip("\r\n")[:_LONGEST_VALUE],
        'Put the cell in quotes and write every quote inside of it twice ("").',
    )
    return cells, fault


def _line_ends(text: str) -> int:
    return sum(1 for _ in _LINE_END.finditer(text))


def _refuse_other_formats(path: Path, start: bytes) -> None:
    if start.startswith(_SPREADSHEET_STARTS):
        raise ManifestError(
            f"The manifest {path} is a spreadsheet or an archive, not a CSV file.", _SAVE_AS_CSV
        )
    if start.startswith(_UTF16_STARTS):
        raise ManifestError(f"The manifest {path} is text in UTF-16.", _SAVE_AS_UTF8)


def _decode(
    path: Path,
    stream: BinaryIO,
    decoder: codecs.IncrementalDecoder,
    block: bytes,
    offset: int,
) -> None:
    """Check one block; `offset` is where the bytes that the decoder will look at begin."""
    try:
        text = decoder.decode(block, final=not block)
    except UnicodeDecodeError as error:
        raise _bad_byte(path, stream, offset + error.start, "is not UTF-8") from error
    if "\0" in text:
        before = text[: text.index("\0")]
        raise _bad_byte(path, stream, offset + len(before.encode()), "is no plain text")


def _bad_byte(path: Path, stream: BinaryIO, offset: int, what: str) -> ManifestError:
    stream.seek(0)
    before = stream.read(offset)
    byte = stream.read(1)
    line = 1 + before.count(b"\n") + before.count(b"\r") - before.count(b"\r\n")
    return ManifestError(
        f"The manifest {path} {what}: line {line} has the byte 0x{byte.hex().upper()}"
        f" at byte offset {offset}.",
        _SAVE_AS_UTF8,
    )
