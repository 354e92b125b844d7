"""What a browser sees of the stand-in: player, clips, thumbnails, and a page about itself.

All text from outside is escaped, and the pages may load nothing but the clips. This
file must not know of sockets, threads or the clock.
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

_HTML = "text/html; charset=utf-8"
#: Two colours for each clip's thumbnail: those of the clip.
_COLOURS = (("#0b3d91", "#35c4b5"), ("#7a1f3d", "#ffb347"), ("#14361f", "#9be564"))


@dataclass(frozen=True, slots=True)
class Page:
    """A whole HTTP answer for a browser."""

    status: int
    kind: str
    content: bytes
    headers: dict[str, str] = field(default_factory=dict)


def player(media: SandboxMedia) -> Page:
    """Show a video that is online."""
    label = html.escape(media.title)
    source = f"/clips/{media.clip + 1}.mp4"
    video = (
        f'<video controls playsinline preload="auto" width="320" height="180" '
        f'aria-label="{label}"><source src="{source}" type="video/mp4"></video>'
    )
    return _page(200, media.title, video)


def not_online(media: SandboxMedia, status: str) -> Page:
    """Tell that a video cannot be played now: being processed, failed, or not reviewed."""
    text = f"{status}: {media.error}" if status == "Failed" else f"Its status is {status}."
    return message(404, "This video cannot be played now", f"{media.title}. {text}")


def message(status: int, heading: str, text: str) -> Page:
    """Show a page of text."""
    body = f"<main><h1>{html.escape(heading)}</h1><p>{html.escape(text)}</p></main>"
    return _page(status, heading, body)


def about(counts: Counter[str], calls: Counter[str]) -> Page:
    """Tell whoever opens the stand-in's address what it is, and how much it holds."""
    videos = ", ".join(f"{count} {status}" for status, count in sorted(counts.items())) or "none"
    body = (
        "<main><h1>Viostream sandbox</h1>"
        "<p>A stand-in for the Viostream platform. It runs on this computer alone, takes the "
        "calls of the import API, and plays a bundled clip for every video.</p>"
        f"<p>Videos: <code>{html.escape(videos)}</code></p>"
        f"<p>Calls so far: <code>{calls.total()}</code></p></main>"
    )
    return _page(200, "Viostream sandbox", body)


def thumbnail(media: SandboxMedia) -> Page:
    """Draw a video's thumbnail."""
    back, front = _COLOURS[media.clip]
    label = html.escape(_printable(media.title))
    drawing = (
        '<svg xmlns="http://www.w3.org/2000/svg" width="320" height="180" viewBox="0 0 320 180" '
        f'role="img"><title>{label}</title><rect width="320" height="180" fill="{back}"/>'
        f'<circle cx="160" cy="90" r="40" fill="{front}"/>'
        f'<path d="M148 68l36 22-36 22z" fill="{back}"/></svg>'
    )
    return Page(200, "image/svg+xml", _bytes(drawing), _safe("default-src 'none'"))


def clip(name: str, wanted: str) -> Page:
    """Give a clip, or the part of it that a `Range` header asks for.

    Browsers move within a video by ranges, and some play none that comes without them.
    """
    content = _clips().get(name)
    if content is None:
        return message(404, "No such clip", "The sandbox has no clip of this name.")
    headers = {"Accept-Ranges": "bytes", "Cache-Control": "max-age=3600"}
    span = _span(wanted, len(content))
    if span is None:
        return Page(200, "video/mp4", content, headers)
    first, last = span
    if first > last:
        headers["Content-Range"] = f"bytes */{len(content)}"
        return Page(416, "video/mp4", b"", headers)
    headers["Content-Range"] = f"bytes {first}-{last}/{len(content)}"
    return Page(206, "video/mp4", content[first : last + 1], headers)


def _span(wanted: str, size: int) -> tuple[int, int] | None:
    """Read a `Range` header: first and last byte; None for the whole (RFC 9110, 14.2).

    A first behind the last means that there is nothing to give.
    """
    # Several ranges at once may be answered with the whole, and so may what cannot be read.
    match = re.fullmatch(r"bytes=([0-9]{0,18})-([0-9]{0,18})", wanted.strip())
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
    return Page(status, _HTML, _bytes(text), _safe(policy))


def _safe(policy: str) -> dict[str, str]:
    return {
        "Content-Security-Policy": policy,
        "X-Content-Type-ReadingOptions": "nosniff",
        "Cache-Control": "no-store",
    }


def _bytes(text: str) -> bytes:
    # A title may hold half of a surrogate pair: JSON can write it, UTF-8 can not.
    return text.encode("utf-8", "replace")


def _printable(text: str) -> str:
    # Control characters make XML unreadable, even escaped.
    return "".join(character for character in text if character.isprintable())


@cache
def _player_html() -> tuple[Template, str]:
    """Give the template and the hash by which the policy knows its style."""
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
