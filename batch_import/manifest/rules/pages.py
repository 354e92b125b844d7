"""Links to a page about a video, which people take for the video. Pure.

Where a site gives the file itself under an address that follows from the page's, the hint
names it. This file must not know cells or rows.
"""

import re
from collections.abc import Callable
from typing import Final, NamedTuple
from urllib.parse import parse_qs, quote

from batch_import.addresses.urls import Url, ascii_host
from batch_import.manifest.rules.flaw import Flaw

_ASIDE = re.compile(r"(?:www|m|mobile)\.")
_DRIVE_FILE = re.compile(r"/(?:file|video)/(?:u/\d+/)?d/([\w-]+)")


class _Site(NamedTuple):
    """A site that has pages about videos.

    Attributes:
        files: matches what of the site is a file, at the start of path and query.
        direct: a page's URL → the file's; empty where that does not follow.
    """

    name: str
    files: re.Pattern[str] | None = None
    direct: Callable[[Url], str] = lambda _: ""


def _with_query(url: Url, name: str, value: str) -> str:
    """The URL with one parameter set; the others stay, for they may be what grants access."""
    parts = [part for part in url.query.split("&") if part and part.partition("=")[0] != name]
    return f"{url.scheme}://{url.host}{url.path}?{'&'.join([*parts, f'{name}={value}'])}"


def _dropbox(url: Url) -> str:
    return _with_query(url, "dl", "1") if url.path.startswith(("/s/", "/scl/fi/")) else ""


def _sharepoint(url: Url) -> str:
    return _with_query(url, "download", "1") if url.path.startswith("/:v:/") else ""


def _onedrive(url: Url) -> str:
    known = url.path in ("/embed", "/redir")
    return f"https://onedrive.live.com/download?{url.query}" if known else ""


def _drive(url: Url) -> str:
    found = _DRIVE_FILE.match(url.path)
    name = found[1] if found else parse_qs(url.query).get("id", [""])[0]
    if not name or url.path.startswith("/drive/"):
        return ""
    address = "https://drive.usercontent.google.com/download"
    return f"{address}?id={quote(name, safe='')}&export=download&confirm=t"


def _github(url: Url) -> str:
    owner, repository, _, rest = url.path.strip("/").split("/", 3)
    return f"https://raw.githubusercontent.com/{owner}/{repository}/{rest}"


def _storage(url: Url) -> str:
    return f"https://storage.googleapis.com{url.path}"


def _commons(url: Url) -> str:
    file = url.path.partition("/File:")[2]
    return f"https://commons.wikimedia.org/wiki/Special:FilePath/{file}" if file else ""


def _files(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


_GOOGLE_DRIVE: Final = _Site("Google Drive", _files(r"/(?:u/\d+/)?uc\b"), _drive)
_ONEDRIVE: Final = _Site("OneDrive", _files("/download"), _onedrive)
_NEVER = _files(r"(?!)")

#: By host, without `www.` or `m.`.
_HOSTS: Final = {
    "youtu.be": _Site("YouTube"),
    "vimeo.com": _Site("Vimeo"),
    "player.vimeo.com": _Site("Vimeo", _files("/(?:external|play|progressive_redirect)/")),
    "drive.google.com": _GOOGLE_DRIVE,
    "docs.google.com": _GOOGLE_DRIVE,
    "photos.google.com": _Site("Google Photos"),
    "photos.app.goo.gl": _Site("Google Photos"),
    "storage.cloud.google.com": _Site("the Google Cloud console", _NEVER, _storage),
    "console.cloud.google.com": _Site("the Google Cloud console"),
    "dropbox.com": _Site("Dropbox", _files(r".*[?&](?:dl|raw)=1(?:&|$)"), _dropbox),
    "onedrive.live.com": _ONEDRIVE,
    "1drv.ms": _ONEDRIVE,
    "app.box.com": _Site("Box", _files("/shared/static/|/index.php")),
    "we.tl": _Site("WeTransfer"),
    "wetransfer.com": _Site("WeTransfer"),
    "mega.nz": _Site("MEGA"),
    "icloud.com": _Site("iCloud"),
    "loom.com": _Site("Loom"),
    "fb.watch": _Site("Facebook"),
    "instagram.com": _Site("Instagram"),
    "x.com": _Site("X"),
    "twitter.com": _Site("X"),
    "linkedin.com": _Site("LinkedIn"),
    "dailymotion.com": _Site("Dailymotion"),
    "dai.ly": _Site("Dailymotion"),
    "streamable.com": _Site("Streamable"),
    "rumble.com": _Site("Rumble"),
    "bilibili.com": _Site("Bilibili"),
    "frame.io": _Site("Frame.io"),
    "archive.org": _Site("the Internet Archive", _files("/(?!details/|embed/)")),
    "commons.wikimedia.org": _Site(
        "Wikimedia Commons", _files("/(?!wiki/File:)"), _commons
    ),
    "github.com": _Site("GitHub", _files("(?!/[^/]+/[^/]+/blob/.)"), _github),
}  # fmt: skip
#: By the end of the host.
_DOMAINS: Final = {
    "youtube.com": _Site("YouTube"),
    "youtube-nocookie.com": _Site("YouTube"),
    "facebook.com": _Site("Facebook"),
    "tiktok.com": _Site("TikTok"),
    "twitch.tv": _Site("Twitch"),
    "sharepoint.com": _Site(
        "SharePoint", _files(r".*[?&]download=1(?:&|$)|.*/download\.aspx"), _sharepoint
    ),
    "microsoftstream.com": _Site("Microsoft Stream"),
    "wistia.com": _Site("Wistia", _files("/deliveries/")),
    "wistia.net": _Site("Wistia", _files("/deliveries/")),
    "vidyard.com": _Site("Vidyard", _files("(?!/watch/)")),
    "zoom.us": _Site("Zoom", _files("(?!/rec/)")),
    "panopto.com": _Site("Panopto", _files("(?!/Panopto/Pages/)")),
    "panopto.eu": _Site("Panopto", _files("(?!/Panopto/Pages/)")),
    "console.aws.amazon.com": _Site("the AWS console"),
}

_ELSEWHERE = "Download it there, put the file where the platform can fetch it, and give"


def has_pages(host: str) -> bool:
    """Whether a URL of this host may be a page link, so that it is worth a closer look."""
    return _site(host) is not None


def flaw_of(url: Url) -> Flaw | None:
    """Tell a link to a page about a video from one to a file."""
    site = _site(url.host)
    path = url.rest.partition("#")[0]
    if site is None or (site.files and site.files.match(path)):
        return None
    direct = site.direct(url)
    hint = (
        f"Where everybody may see it, the file itself is at {direct}"
        if direct
        else f"{_ELSEWHERE} that address."
    )
    return Flaw("url-page", f"the source URL is a page of {site.name}, not a video file", hint)


def _site(host: str) -> _Site | None:
    name = ascii_host(host).removesuffix(".")
    domain = ".".join(name.rsplit(".", 2)[-2:])
    return (
        _HOSTS.get(_ASIDE.sub("", name, count=1))
        or _DOMAINS.get(domain)
        or _DOMAINS.get(name.partition(".")[2])
    )
