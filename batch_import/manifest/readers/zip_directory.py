"""Detect ZIP archives that two programs would read differently.

A ZIP archive is read from its end: the end record names the central directory, which lists the
parts. An archive can be made so that programs find two different directories. Then the workbook
that the user sees in a spreadsheet differs from the rows that are imported, and the limits on size
are checked on other parts than those that are loaded.
"""

import io
import struct
from typing import IO, Final

_END_RECORD: Final = struct.Struct("<4s4H2LH")
_END_SIGNATURE: Final = b"PK\x05\x06"
_DIRECTORY_SIGNATURE: Final = b"PK\x01\x02"
#: The ZIP64 end record contains sizes above 4 GB. Its locator precedes the end record. A workbook
#: of this size is refused anyway, but some programs write the record and its locator even in
#: small files.
_ZIP64_RECORD: Final = struct.Struct("<4sQ2H2L4Q")
_ZIP64_LOCATOR: Final = struct.Struct("<4sLQL")
_ZIP64_SIGNATURE: Final = b"PK\x06\x06"
_ZIP64_LOCATOR_SIGNATURE: Final = b"PK\x06\x07"
#: Maximum length of the comment that follows the end record.
_MAX_COMMENT: Final = 0xFFFF


def has_two_directories(stream: IO[bytes]) -> bool:
    """Whether programs may find two different directories in an archive.

    Nothing is known about a file without an end record; it cannot be read as an archive.
    """
    file_size = stream.seek(0, io.SEEK_END)
    tail_start = max(0, file_size - _END_RECORD.size - _MAX_COMMENT)
    tail = _read(stream, tail_start, file_size)
    # The last end record counts. Its whole fixed part must fit between its signature and the end of
    # the file.
    at = tail.rfind(_END_SIGNATURE, 0, len(tail) - _END_RECORD.size + len(_END_SIGNATURE))
    if at < 0:
        return False
    comment_length = _END_RECORD.unpack_from(tail, at)[-1]
    if at + _END_RECORD.size + comment_length > len(tail):
        return True  # a program that checks the length takes an earlier end record
    return _is_in_comment(tail, at) or len(_directory_starts(stream, tail_start + at)) > 1


def _is_in_comment(tail: bytes, at: int) -> bool:
    """Whether the end record is within the comment of an earlier one."""
    earlier = tail.find(_END_SIGNATURE, 0, at)
    while earlier >= 0:
        if earlier + _END_RECORD.size <= len(tail):
            comment_length = _END_RECORD.unpack_from(tail, earlier)[-1]
            if earlier + _END_RECORD.size + comment_length == len(tail):
                return True
        earlier = tail.find(_END_SIGNATURE, earlier + 1, at)
    return False


def _directory_starts(stream: IO[bytes], end_record_at: int) -> set[int]:
    """Returns where a directory may start: by its offset, or by its size before the end record."""
    record = _read(stream, end_record_at, end_record_at + _END_RECORD.size)
    *_, size, offset, _ = _END_RECORD.unpack(record)
    starts = {offset, end_record_at - size}
    locator_at = end_record_at - _ZIP64_LOCATOR.size
    locator = _read(stream, locator_at, end_record_at)
    if locator.startswith(_ZIP64_LOCATOR_SIGNATURE):
        _, _, record_offset, _ = _ZIP64_LOCATOR.unpack(locator)
        for record_at in {record_offset, locator_at - _ZIP64_RECORD.size}:
            record = _read(stream, record_at, record_at + _ZIP64_RECORD.size)
            if record.startswith(_ZIP64_SIGNATURE) and len(record) == _ZIP64_RECORD.size:
                *_, size, offset = _ZIP64_RECORD.unpack(record)
                starts |= {offset, record_at - size}
    return {
        start
        for start in starts
        if _read(stream, start, start + len(_DIRECTORY_SIGNATURE)) == _DIRECTORY_SIGNATURE
    }


def _read(stream: IO[bytes], start: int, end: int) -> bytes:
    """Returns the bytes of a range; fewer if the file ends before, none if `start` is negative."""
    if not 0 <= start < end:
        return b""
    stream.seek(start)
    return stream.read(end - start)
