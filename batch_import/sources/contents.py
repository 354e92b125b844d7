"""Decides from the response of a source's host whether the file is a video. No I/O.

Preflight requests the first bytes of each source, which is the video file of a row.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from batch_import.manifest.rules.violation import Violation, warning

#: Number of bytes of a file that are requested. The format of a video can be recognized from the
#: first few bytes; a login page is recognized from its title or form, which come later.
FIRST_BYTES: Final = 4096

#: Groups of extensions whose files begin with the same bytes, and that the platform treats alike.
#: Within a group, a wrong extension does no harm.
_FAMILIES: Final = (
    frozenset({"mp4", "mov", "3gp"}),
    frozenset({"mkv", "webm"}),
    frozenset({"avi"}),
    frozenset({"wmv"}),
)
#: Types of the first atom of an MP4 or QuickTime file (ISO 14496-12, and QuickTime's older types).
_ISOBMFF_ATOMS: Final = (b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot")
_ASF_MAGIC: Final = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
_EBML_MAGIC: Final = b"\x1a\x45\xdf\xa3"
#: First bytes → what the file is, for files that the platform does not accept.
_OTHER_FORMATS: Final = (
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive or an office document"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"ID3", "a sound file"),
    (b"#EXTM3U", "a streaming playlist"),
    (b"<?xml", "XML text"),
    (b"{", "JSON text"),
    (b"FLV\x01", "a Flash video"),
    (b"\x00\x00\x01\xba", "an MPEG program stream"),
    (b"\x00\x00\x01\xb3", "an MPEG video stream"),
    (b"OggS", "an Ogg file"),
)
_HTML_START = re.compile(
    rb"(?>\s*<!--.*?-->)*+\s*<(?:!doctype\s+html|html|head|body|script)\b",
    re.IGNORECASE | re.DOTALL,
)
_LOGIN_FORM = re.compile(
    rb"type=[\"']?password|<title>[^<]*\b(?:log|sign)[ -]?(?:in|on)\b", re.IGNORECASE
)
_HTML_TYPES: Final = ("text/html", "application/xhtml+xml")

#: A host that does not support range requests sends the whole file.
_WHOLE_FILE_STATUS: Final = 200
_PART_OF_FILE_STATUS: Final = 206
_DENIED_STATUSES: Final = (401, 403, 407)
_GONE_STATUSES: Final = (404, 410)
#: An empty file has no first bytes; the host answers with this status.
_RANGE_NOT_SATISFIABLE: Final = 416
_BUSY_STATUSES: Final = (408, 425, 429)
_MIN_SERVER_ERROR: Final = 500

_EMPTY_FILE = Violation(
    "source-empty",
    "the host sends an empty file",
    "Upload the file again, and check its size.",
)
_INCOMPLETE = warning(
    "source-cut",
    "the host sends nothing, or only a part of the file",
    "Try again later. If it happens again, check the file on the host.",
)
_SHARE_HINT: Final = "Share the file so that anybody can download it, or use a signed URL."


@dataclass(frozen=True, slots=True)
class SourceResponse:
    """The response of a host to a request for the first bytes of a file.

    Attributes:
        status: HTTP status.
        headers: headers by lower-case name.
        start: the first bytes of the body, at most `FIRST_BYTES`.
    """

    status: int
    headers: Mapping[str, str]
    start: bytes

    @property
    def size(self) -> int | None:
        """Size of the whole file in bytes; None if the host does not report it."""
        if self.status == _WHOLE_FILE_STATUS:
            size = self.headers.get("content-length", "")
        else:  # Content-Range: bytes 0-4095/123456
            size = self.headers.get("content-range", "").rpartition("/")[2]
        return int(size) if re.fullmatch(r"\s*[0-9]{1,18}\s*", size) else None

    @property
    def media_type(self) -> str:
        """Media type in lower case; empty if the host does not report it."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


def violation_of(response: SourceResponse, extension: str) -> Violation | None:
    """Returns what is wrong with the file of a response; None if nothing is.

    Args:
        response: response of the host, not a redirect.
        extension: extension of the file without a dot, as it is sent to the platform.
    """
    if response.status not in (_WHOLE_FILE_STATUS, _PART_OF_FILE_STATUS):
        return _violation_of_status(response)
    if not response.start:
        return _EMPTY_FILE if response.size == 0 else _INCOMPLETE
    if response.media_type in _HTML_TYPES or _HTML_START.match(response.start):
        page = "a login page" if _LOGIN_FORM.search(response.start) else "a web page"
        return Violation("source-page", f"the host sends {page}, not a video", _SHARE_HINT)
    if response.size is not None and len(response.start) < min(FIRST_BYTES, response.size):
        return _INCOMPLETE
    if response.headers.get("content-encoding", "identity") != "identity":
        # The body is compressed, although the request excludes this: its format is unknown.
        return None
    return _violation_of_start(response.start, extension)


def _violation_of_status(response: SourceResponse) -> Violation:
    status = response.status
    if status == _RANGE_NOT_SATISFIABLE and response.size == 0:
        return _EMPTY_FILE
    if status in _DENIED_STATUSES:
        reason = f"the host does not let everybody download the file (HTTP {status})"
        return Violation("source-forbidden", reason, _SHARE_HINT)
    if status in _GONE_STATUSES:
        reason = f"the host has no such file (HTTP {status})"
        return Violation("source-missing", reason, "Correct the URL, or upload the file.")
    if status in _BUSY_STATUSES or status >= _MIN_SERVER_ERROR:
        return warning(
            "source-busy",
            f"the host cannot say at present whether it has the file (HTTP {status})",
            "Try again later.",
        )
    reason = f"the host refuses to send the file (HTTP {status})"
    return Violation("source-refused", reason, "Open the URL in a private window of a browser.")


def _violation_of_start(start: bytes, extension: str) -> Violation | None:
    possible_extensions = extensions_of(start)
    if extension in possible_extensions:
        return None
    if possible_extensions:
        extensions = " or ".join(sorted(possible_extensions))
        return warning(
            "source-format",
            f"the file is {extensions}, the extension is {extension}",
            "Correct the extension.",
        )
    reason = f"the host sends {_other_format(start)}, not a video of a known format"
    return Violation("source-not-video", reason, "Use the URL of the video file.")


def _other_format(start: bytes) -> str:
    for magic, name in _OTHER_FORMATS:
        if start.lstrip().startswith(magic):
            return name
    return "something else"


def extensions_of(start: bytes) -> frozenset[str]:
    """Returns the extensions that a video file with these first bytes may have.

    The result is empty if the bytes are not the start of a video that the platform accepts.
    """
    isobmff, matroska, avi, asf = _FAMILIES
    if start[4:8] in _ISOBMFF_ATOMS:
        return isobmff
    if start.startswith(_EBML_MAGIC):
        return matroska
    if start.startswith(b"RIFF") and start[8:12] == b"AVI ":
        return avi
    return asf if start.startswith(_ASF_MAGIC) else frozenset()
