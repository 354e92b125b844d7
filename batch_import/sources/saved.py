"""The source `saved:FILE`: a saved API response of a video platform: JSON, or XML from S3."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from batch_import.errors import UsageError
from batch_import.sources.answer_kinds import KINDS
from batch_import.sources.answers import videos_in
from batch_import.sources.source import ListedVideo, ListingOptions, SkippedItem, SourceUnreadable

#: Maximum size of a file in bytes. It is ten times a page of a thousand large records, and takes
#: some gigabytes of memory when it is decoded.
_MAX_BYTES: Final = 200_000_000
_SPACE: Final = re.compile(r"\s*")


class SavedSource:
    """Lists the videos of the saved API responses that a file contains: one or more."""

    def videos(self, location: str, options: ListingOptions) -> Iterator[ListedVideo | SkippedItem]:
        """As in `Source`.

        Raises:
            UsageError: the file cannot be read.
            SourceUnreadable: the file is not a saved API response of a known platform.
        """
        del options
        name = location.partition(":")[2]
        content, saved_at = _read(name)
        is_known = False
        for answer in _answers(content, name):
            for item in videos_in(answer, saved_at):
                is_known = True
                yield item
        if not is_known:
            vendors = ", ".join(dict.fromkeys(kind.vendor for kind in KINDS))
            raise SourceUnreadable(
                f"{name} is no answer that is known, or has no videos. Known are: {vendors}.",
                "If it has URLs of videos, use the file itself as the manifest.",
            )


def _read(name: str) -> tuple[bytes, float]:
    """Returns the content of a file, and when it was saved in epoch seconds."""
    path = Path(name).expanduser()
    try:
        status = path.stat()
        if status.st_size > _MAX_BYTES:
            raise SourceUnreadable(
                f"{name} is larger than {_MAX_BYTES / 1e6:.0f} MB.", "Save each page as a file."
            )
        return path.read_bytes(), status.st_mtime
    except OSError as error:
        raise UsageError(
            f"{name} cannot be read: {error.strerror or error}.", "Correct the path."
        ) from None


def _answers(content: bytes, name: str) -> Iterator[Any]:
    """Yield the JSON values of a file: one, or several after each other."""
    if content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        yield _xml_answer(content, name)
        return
    decoder = json.JSONDecoder()
    try:
        text = content.decode(json.detect_encoding(content)).removeprefix("\ufeff")
        at = _space_end(text, 0)
        while at < len(text):
            answer, at = decoder.raw_decode(text, at)
            yield answer
            at = _space_end(text, at)
    except (ValueError, RecursionError) as error:
        where = f"line {error.lineno}" if isinstance(error, json.JSONDecodeError) else "its text"
        raise SourceUnreadable(
            f"{name} is not valid JSON ({where}).", "Save the whole answer of the platform again."
        ) from None


def _space_end(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _xml_answer(content: bytes, name: str) -> dict[str, Any]:
    """Returns an XML response of S3 in the structure of its JSON response."""
    try:
        root = fromstring(content)
    except (ParseError, DefusedXmlException):
        raise SourceUnreadable(
            f"{name} is no XML that can be read.", f"If it is a feed, list feed:{name}."
        ) from None
    answer: dict[str, Any] = {"Contents": []}
    for element in root:
        member = element.tag.rpartition("}")[2]
        if member == "Contents":
            record = {each.tag.rpartition("}")[2]: each.text or "" for each in element}
            answer["Contents"].append(record)
        elif member in ("Name", "IsTruncated"):
            answer[member] = (element.text or "").replace("false", "")
    return answer
