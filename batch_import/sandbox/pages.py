"""The HTML pages of the sandbox: player, clips, thumbnails, and a page about the sandbox.

All text from outside is escaped. The content security policy allows nothing but the clips.
"""

import base64
import hashlib
import html
import re
from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from string import Template

from batch_import.sandbox.media import SandboxMedia

_HTML_TYPE = "text/html; charset=utf-8"
#: Background and foreground colour of the thumbnail of each clip.
_CLIP_COLOURS = (("#0b3d91", "#35c4b5"), ("#7a1f3d", "#ffb347"), ("#14361f", "#9be564"))


@dataclass(frozen=True, slots=True)
class Page:
    """An HTTP response for a browser; `headers` are those besides Content-Type."""

    status: int
    content_type: str
    content: bytes
    headers: dict[str, str] = field(default_factory=dict)


def player(media: SandboxMedia) -> Page:
    """Returns the player page of a video that is online."""
    title = html.escape(media.title)
    source = f"/clips/{media.clip + 1}.mp4"
    video = (
        f'<video controls playsinline preload="auto" width="320" height="180" '
        f'aria-label="{title}"><source src="{source}" type="video/mp4"></video>'
    )
    return _page(200, media.title, video)


def not_online(media: SandboxMedia, status: str) -> Page:
    """Returns the page of a video that cannot be played, because its status is not Online."""
    text = f"{status}: {media.error}" if status == "Failed" else f"Its status is {status}."
    return message(404, "This video cannot be played now", f"{media.title}. {text}")


def message(status: int, heading: str, text: str) -> Page:
    """Returns a page with a heading and a text."""
    body = f"<main><h1>{html.escape(heading)}</h1><p>{html.escape(text)}</p></main>"
    return _page(status, heading, body)


def about(media_counts: Counter[str], request_counts: Counter[str]) -> Page:
    """Returns the start page of the server.

    Args:
        media_counts: number of media by status.
        request_counts: number of requests by kind.
    """
    counts = sorted(media_counts.items())
    videos = ", ".join(f"{count} {status}" for status, count in counts) or "none"
    body = (
        "<main><h1>Viostream sandbox</h1>"
        "<p>A simulated Viostream platform. It runs only on this computer, accepts the requests "
        "of the import API, and plays a bundled clip for every video.</p>"
        f"<p>Videos: <code>{html.escape(videos)}</code></p>"
        f"<p>Requests so far: <code>{request_counts.total()}</code></p></main>"
    )
    return _page(200, "Viostream sandbox", body)


def thumbnail(media: SandboxMedia) -> Page:
    """Returns the thumbnail of a video as SVG."""
    background, foreground = _CLIP_COLOURS[media.clip]
    title = html.escape(_printable(media.title))
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" width="320" height="180" viewBox="0 0 320 180" '
        f'role="img"><title>{title}</title><rect width="320" height="180" fill="{background}"/>'
        f'<circle cx="160" cy="90" r="40" fill="{foreground}"/>'
        f'<path d="M148 68l36 22-36 22z" fill="{background}"/></svg>'
    )
    return Page(200, "image/svg+xml", _bytes(svg), _security_headers("default-src 'none'"))


def clip(name: str, range_header: str) -> Page:
    """Returns a clip, or the part of it that a `Range` header selects.

    Browsers seek in a video by ranges, and some do not play a video without them.
    """
    content = _clips().get(name)
    if content is None:
        return message(404, "No such clip", "The sandbox has no clip of this name.")
    headers = {"Accept-Ranges": "bytes", "Cache-Control": "max-age=3600"}
    byte_range = _byte_range(range_header, len(content))
    if byte_range is None:
        return Page(200, "video/mp4", content, headers)
    first, last = byte_range
    if first > last:
        headers["Content-Range"] = f"bytes */{len(content)}"
        return Page(416, "video/mp4", b"", headers)
    headers["Content-Range"] = f"bytes {first}-{last}/{len(content)}"
    return Page(206, "video/mp4", content[first : last + 1], headers)


def _byte_range(range_header: str, size: int) -> tuple[int, int] | None:
    """Returns the first and last byte that a `Range` header selects (RFC 9110, 14.2).

    None for the whole file. If the first byte is greater than the last byte, no byte is selected.
    """
    # One range: `bytes=0-99`, `bytes=100-` (to the end) or `bytes=-50` (the last 50 bytes). RFC
    # 9110 allows the whole file as the response to several ranges and to an invalid header.
    match = re.fullmatch(r"bytes=([0-9]{0,18})-([0-9]{0,18})", range_header.strip())
    if match is None or match.group() == "bytes=-":
        return None
    first, last = match.groups()
    if not first:
        return max(0, size - int(last)), size - 1
    if last and int(last) < int(first):
        return None
    return int(first), min(int(last or size), size - 1)


def _page(status: int, title: str, body: str) -> Page:
    template, style = _player_html()
    text = template.substitute(title=html.escape(title), body=body)
    policy = (
        f"default-src 'none'; media-src 'self'; img-src data:; style-src '{style}'; "
        "base-uri 'none'; form-action 'none'"
    )
    return Page(status, _HTML_TYPE, _bytes(text), _security_headers(policy))


def _security_headers(policy: str) -> dict[str, str]:
    return {
        "Content-Security-Policy": policy,
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
    }


def _bytes(text: str) -> bytes:
    # A title may contain half of a surrogate pair: JSON can contain it, UTF-8 cannot.
    return text.encode("utf-8", "replace")


def _printable(text: str) -> str:
    # XML must not contain control characters, not even escaped ones.
    return "".join(character for character in text if character.isprintable())


@cache
def _player_html() -> tuple[Template, str]:
    """Returns the page template, and the hash of its style for the content security policy."""
    text = files(__package__).joinpath("player.html").read_text("utf-8")
    style = text.partition("<style>")[2].partition("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return Template(text), f"sha256-{digest}"


@cache
def _clips() -> dict[str, bytes]:
    folder = files(__package__).joinpath("clips")
    return {
        entry.name: entry.read_bytes() for entry in folder.iterdir() if entry.name.endswith(".mp4")
    }
