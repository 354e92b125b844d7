"""What the first bytes of a file say that it is, and whether a host's answer is a video. Pure.

This file must not know how the bytes were come by.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from batch_import.manifest.rules.violation import Violation, warning

#: Bytes of a file that are looked at: signatures stand in the first ones, and a page that is no
#: video shows itself as one soon.
START: Final = 4096

#: Extensions whose files look alike at their start: a wrong one among them does no harm.
_FAMILIES: Final = (
    frozenset({"mp4", "mov", "3gp"}),
    frozenset({"mkv", "webm"}),
    frozenset({"avi"}),
    frozenset({"wmv"}),
)
#: The atoms that an MP4 or QuickTime file begins with (ISO 14496-12; QuickTime's older ones).
_ATOMS: Final = (b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot")
_ASF: Final = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
_EBML: Final = b"\x1a\x45\xdf\xa3"
_OTHERS: Final = (
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
_PAGE = re.compile(
    rb"(?>\s*<!--.*?-->)*+\s*<(?:!doctype\s+html|html|head|body|script)\b",
    re.IGNORECASE | re.DOTALL,
)
_LOGIN = re.compile(
    rb"type=[\"']?password|<title>[^<]*\b(?:log|sign)[ -]?(?:in|on)\b", re.IGNORECASE
)
_HTML: Final = ("text/html", "application/xhtml+xml")

_OK: Final = (200, 206)
_DENIED: Final = (401, 403, 407)
_GONE: Final = (404, 410)
_NO_RANGE: Final = 416
_BUSY: Final = (408, 425, 429)
_SERVER_FAULT: Final = 500

_EMPTY = Violation(
    "source-empty",
    "the host sends an empty file",
    "Upload the file once more, and look at its size.",
)
_CUT = warning(
    "source-cut",
    "the host sends nothing, or breaks off",
    "Try again later; if it happens again, look at the file on the host.",
)
_SHARE = "Share the file so that anybody may fetch it, or give a signed URL."


@dataclass(frozen=True, slots=True)
class SourceResponse:
    """What a host answered when it was asked for the first bytes of a file.

    Attributes:
        headers: by their names in lower case.
        start: the first bytes of the body, at most `START`.
    """

    status: int
    headers: Mapping[str, str]
    start: bytes

    @property
    def size(self) -> int | None:
        """Bytes of the whole file, where the host tells."""
        ranged = self.headers.get("content-range", "").rpartition("/")[2].strip()
        length = self.headers.get("content-length", "").strip() if self.status == _OK[0] else ranged
        return int(length) if re.fullmatch(r"[0-9]{1,18}", length) else None

    @property
    def kind(self) -> str:
        """The media type, in lower case; empty where none is given."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


def violation_of(reply: SourceResponse, extension: str) -> Violation | None:
    """Judge a host's answer that is no redirect; `extension` is bare, as it is sent."""
    if reply.status not in _OK:
        return _violation_of_status(reply)
    if not reply.start:
        return _EMPTY if reply.size == 0 else _CUT
    if reply.kind in _HTML or _PAGE.match(reply.start):
        page = "a login page" if _LOGIN.search(reply.start) else "a web page"
        return Violation("source-page", f"the host sends {page}, not a video", _SHARE)
    if reply.size is not None and len(reply.start) < min(START, reply.size):
        return _CUT
    if reply.headers.get("content-encoding", "identity") != "identity":
        return None  # compressed although that was not asked for: its start says nothing
    return _violation_of_start(reply.start, extension)


def _violation_of_status(reply: SourceResponse) -> Violation:
    status = reply.status
    if status == _NO_RANGE and reply.size == 0:
        return _EMPTY
    if status in _DENIED:
        reason = f"the host does not let everybody fetch the file (HTTP {status})"
        return Violation("source-forbidden", reason, _SHARE)
    if status in _GONE:
        reason = f"the host has no such file (HTTP {status})"
        return Violation("source-missing", reason, "Correct the URL, or upload the file.")
    if status in _BUSY or status >= _SERVER_FAULT:
        return warning(
            "source-busy",
            f"the host cannot say now whether it has the file (HTTP {status})",
            "Try again later.",
        )
    reason = f"the host refuses to send the file (HTTP {status})"
    return Violation("source-refused", reason, "Open the URL in a private window of a browser.")


def _violation_of_start(start: bytes, extension: str) -> Violation | None:
    family = family_of(start)
    if extension in family:
        return None
    if family:
        found = " or ".join(sorted(family))
        return warning(
            "source-format",
            f"the file is {found}, the extension is {extension}",
            "Correct the extension.",
        )
    text = start.lstrip()
    what = next((name for magic, name in _OTHERS if text.startswith(magic)), "something else")
    reason = f"the host sends {what}, not a video of a known format"
    return Violation("source-not-video", reason, "Give the address of the video file.")


def family_of(start: bytes) -> frozenset[str]:
    """Which extensions a file may have that begins like this; none where it is no known video."""
    isobmff, matroska, avi, asf = _FAMILIES
    if start[4:8] in _ATOMS:
        return isobmff
    if start.startswith(_EBML):
        return matroska
    if start.startswith(b"RIFF") and start[8:12] == b"AVI ":
        return avi
    return asf if start.startswith(_ASF) else frozenset()
