"""Decides from the response of a host whether a source is a video, and of which format. No I/O."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from batch_import.manifest.rules.violation import Violation, warning

#: Number of bytes of a file that are read. The signature of a format is in the first few bytes,
#: and this is enough to recognize a web page.
FIRST_BYTES: Final = 4096

#: Groups of extensions whose files begin alike. Within a group, a wrong extension does no harm.
_FAMILIES: Final = (
    frozenset({"mp4", "mov", "3gp"}),
    frozenset({"mkv", "webm"}),
    frozenset({"avi"}),
    frozenset({"wmv"}),
)
#: Types of the first atom of an MP4 or QuickTime file (ISO 14496-12; older types of QuickTime).
_ISOBMFF_ATOMS: Final = (b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot")
_ASF_MAGIC: Final = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
_EBML_MAGIC: Final = b"\x1a\x45\xdf\xa3"
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

_OK_STATUSES: Final = (200, 206)
_DENIED_STATUSES: Final = (401, 403, 407)
_GONE_STATUSES: Final = (404, 410)
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
        range_total = self.headers.get("content-range", "").rpartition("/")[2].strip()
        length = (
            self.headers.get("content-length", "").strip()
            if self.status == _OK_STATUSES[0]
            else range_total
        )
        return int(length) if re.fullmatch(r"[0-9]{1,18}", length) else None

    @property
    def kind(self) -> str:
        """Media type in lower case; empty if there is none."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


def violation_of(reply: SourceResponse, extension: str) -> Violation | None:
    """Returns what is wrong with a source; None if nothing is.

    Args:
        reply: response of the host, not a redirect.
        extension: file extension without a dot, as it is sent to the platform.
    """
    if reply.status not in _OK_STATUSES:
        return _violation_of_status(reply)
    if not reply.start:
        return _EMPTY_FILE if reply.size == 0 else _INCOMPLETE
    if reply.kind in _HTML_TYPES or _HTML_START.match(reply.start):
        page = "a login page" if _LOGIN_FORM.search(reply.start) else "a web page"
        return Violation("source-page", f"the host sends {page}, not a video", _SHARE_HINT)
    if reply.size is not None and len(reply.start) < min(FIRST_BYTES, reply.size):
        return _INCOMPLETE
    if reply.headers.get("content-encoding", "identity") != "identity":
        return None  # compressed although the request excludes it, so the start is unknown
    return _violation_of_start(reply.start, extension)


def _violation_of_status(reply: SourceResponse) -> Violation:
    status = reply.status
    if status == _RANGE_NOT_SATISFIABLE and reply.size == 0:
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
    family = family_of(start)
    if extension in family:
        return None
    if family:
        extensions = " or ".join(sorted(family))
        return warning(
            "source-format",
            f"the file is {extensions}, the extension is {extension}",
            "Correct the extension.",
        )
    text = start.lstrip()
    name = next(
        (name for magic, name in _OTHER_FORMATS if text.startswith(magic)), "something else"
    )
    reason = f"the host sends {name}, not a video of a known format"
    return Violation("source-not-video", reason, "Use the URL of the video file.")


def family_of(start: bytes) -> frozenset[str]:
    """Returns the extensions that a file with this start may have; empty if it is no video."""
    isobmff, matroska, avi, asf = _FAMILIES
    if start[4:8] in _ISOBMFF_ATOMS:
        return isobmff
    if start.startswith(_EBML_MAGIC):
        return matroska
    if start.startswith(b"RIFF") and start[8:12] == b"AVI ":
        return avi
    return asf if start.startswith(_ASF_MAGIC) else frozenset()
