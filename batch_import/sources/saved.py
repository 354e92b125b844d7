"""The source `saved:FILE`: API responses of a video platform that the user saved in a file.

The file has JSON, or the XML of a bucket list from S3.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from batch_import.errors import UsageError
from batch_import.sources.response_kinds import RECORD_KINDS
from batch_import.sources.response_videos import members_with_urls, videos_in
from batch_import.sources.source import ListedVideo, ListingOptions, SkippedItem, SourceUnreadable

#: Maximum size of a file in bytes: ten times the size of a page with a thousand large records. A
#: file of this size takes some gigabytes of memory when it is decoded.
_MAX_BYTES: Final = 200_000_000
#: Maximum number of members with URLs in a message.
_MAX_LISTED_MEMBERS: Final = 8
_WHITE_SPACE: Final = re.compile(r"\s*")


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
        has_items = False
        members: list[str] = []
        for response in _responses(content, name):
            for item in videos_in(response, saved_at):
                has_items = True
                yield item
            if not has_items:
                members += members_with_urls(response)
        if not has_items:
            vendors = ", ".join(dict.fromkeys(kind.vendor for kind in RECORD_KINDS))
            raise SourceUnreadable(
                f"{name} is not a saved answer of a known platform, or has no videos. Known"
                f" platforms: {vendors}.",
                _other_way(members),
            )


def _other_way(members: list[str]) -> str:
    """Returns what to do with a file of an unknown platform.

    Args:
        members: names of its members with URLs.
    """
    if not members:
        return "It has no URLs. Save the answer that has the URLs of the files."
    listed = ", ".join(members[:_MAX_LISTED_MEMBERS])
    more = ", …" if len(members) > _MAX_LISTED_MEMBERS else ""
    return (
        f"It has URLs in {listed}{more}. If these are URLs of videos, use the file itself as the"
        " manifest."
    )


def _read(name: str) -> tuple[bytes, float]:
    """Returns the content of a file, and when the file was last changed, in epoch seconds."""
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


def _responses(content: bytes, name: str) -> Iterator[Any]:
    """Yield the decoded responses of a file: one XML response, or one or more JSON values."""
    if content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        yield _xml_response(content, name)
        return
    decoder = json.JSONDecoder()
    try:
        text = content.decode(json.detect_encoding(content)).removeprefix("\ufeff")
        position = _skip_white_space(text, 0)
        while position < len(text):
            response, position = decoder.raw_decode(text, position)
            yield response
            position = _skip_white_space(text, position)
    except (ValueError, RecursionError) as error:
        where = f"line {error.lineno}" if isinstance(error, json.JSONDecodeError) else "its text"
        raise SourceUnreadable(
            f"{name} is not valid JSON ({where}).", "Save the whole answer of the platform again."
        ) from None


def _skip_white_space(text: str, position: int) -> int:
    """Returns the position of the next character that is not white space."""
    match = _WHITE_SPACE.match(text, position)
    return match.end() if match else position


def _xml_response(content: bytes, name: str) -> dict[str, Any]:
    """Returns an XML response of S3 with the structure of the same response in JSON."""
    try:
        root = fromstring(content)
    except (ParseError, DefusedXmlException):
        raise SourceUnreadable(
            f"{name} is not valid XML.", f"If it is a feed, list feed:{name}."
        ) from None
    response: dict[str, Any] = {"Contents": []}
    for element in root:
        member = element.tag.rpartition("}")[2]
        if member == "Contents":
            record = {child.tag.rpartition("}")[2]: child.text or "" for child in element}
            response["Contents"].append(record)
        elif member in ("Name", "IsTruncated"):
            # Not the text "false", which would count as true.
            response[member] = (element.text or "").replace("false", "")
    return response
