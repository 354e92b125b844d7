"""The table of sites with web pages about videos, by host. No I/O.

People copy the URL of such a page instead of the URL of the video file. For some sites, the URL of
the file can be derived from the URL of the page. This module must not know cells or rows.
"""

import re
from collections.abc import Callable
from typing import Final, NamedTuple
from urllib.parse import parse_qs, quote

from batch_import.addresses.urls import Url

_DRIVE_FILE = re.compile(r"/(?:file|video)/(?:u/\d+/)?d/([\w-]+)")
_GIPHY = re.compile(r"/(?:gifs|clips|embed)/(?:[\w-]*-)?([A-Za-z0-9]{8,})/?\Z")
_IMGUR = re.compile(r"/([A-Za-z0-9]{5,10})/?\Z")


class Site(NamedTuple):
    """A site with web pages about videos.

    Attributes:
        name: the site's name for the user.
        file_pattern: matches the path and query of the site's URLs that are files, not pages; None
            if all URLs of the site are pages.
        file_url_of: derives the URL of the file from the URL of its page; returns an empty text if
            that is not possible.
    """

    name: str
    file_pattern: re.Pattern[str] | None = None
    file_url_of: Callable[[Url], str] = lambda _: ""


# The functions with the name of a site derive the URL of the file; see `Site.file_url_of`.


def _with_query(url: Url, name: str, value: str) -> str:
    """Set one query parameter of a URL. The others are kept, because they may grant access."""
    parts = [part for part in url.query.split("&") if part and part.partition("=")[0] != name]
    return f"{url.scheme}://{url.host}{url.path}?{'&'.join([*parts, f'{name}={value}'])}"


def _dropbox(url: Url) -> str:
    return _with_query(url, "dl", "1") if url.path.startswith(("/s/", "/scl/fi/")) else ""


def _sharepoint(url: Url) -> str:
    return _with_query(url, "download", "1") if url.path.startswith("/:v:/") else ""


def _onedrive(url: Url) -> str:
    is_page = url.path in ("/embed", "/redir")
    return f"https://onedrive.live.com/download?{url.query}" if is_page else ""


def _google_drive(url: Url) -> str:
    match = _DRIVE_FILE.match(url.path)
    file_id = match[1] if match else parse_qs(url.query).get("id", [""])[0]
    if not file_id or url.path.startswith("/drive/"):
        return ""
    endpoint = "https://drive.usercontent.google.com/download"
    return f"{endpoint}?id={quote(file_id, safe='')}&export=download&confirm=t"


def _github(url: Url) -> str:
    # `Site.file_pattern` of this site ensures that a page has these parts.
    owner, repository, _, rest = url.path.strip("/").split("/", 3)
    return f"https://raw.githubusercontent.com/{owner}/{repository}/{rest}"


def _with_path(old: str, new: str) -> Callable[[Url], str]:
    """Return a function for sites whose file URLs differ from page URLs in one part of the path."""

    def file_url_of(url: Url) -> str:
        before, separator, after = url.path.partition(old)
        return f"{url.scheme}://{url.host}{before}{new}{after}" if separator else ""

    return file_url_of


def _google_storage(url: Url) -> str:
    return f"https://storage.googleapis.com{url.path}"


def _wikimedia(url: Url) -> str:
    file_name = url.path.partition("/File:")[2]
    return f"https://commons.wikimedia.org/wiki/Special:FilePath/{file_name}" if file_name else ""


def _giphy(url: Url) -> str:
    match = _GIPHY.match(url.path)
    return f"https://media.giphy.com/media/{match[1]}/giphy.mp4" if match else ""


def _imgur(url: Url) -> str:
    match = _IMGUR.match(url.path)
    return f"https://i.imgur.com/{match[1]}.mp4" if match else ""


def _redirect_target(*names: str) -> Callable[[Url], str]:
    """Return a function for pages that redirect to a URL in one of these query parameters."""

    def file_url_of(url: Url) -> str:
        query = parse_qs(url.query)
        targets = [query[name][0] for name in names if name in query]
        return targets[0] if targets and targets[0].startswith(("https://", "http://")) else ""

    return file_url_of


def _files(pattern: str) -> re.Pattern[str]:
    """Compile a `Site.file_pattern`. Case is ignored.

    A pattern like `(?!/watch/)` matches all URLs whose path does not start with `/watch/`.
    """
    return re.compile(pattern, re.IGNORECASE)


#: A pattern that never matches: all URLs are pages.
_NO_FILES = _files(r"(?!)")
#: Matches a URL of SharePoint with a token that grants access to the file.
_SIGNED = r".*[?&](?:tempauth|access_token)=."
_GOOGLE_DRIVE: Final = Site("Google Drive", _files(r"/(?:u/\d+/)?uc\b"), _google_drive)
_ONEDRIVE: Final = Site("OneDrive", _files("/download"), _onedrive)
_ZOOM: Final = Site("Zoom", _files("(?!/rec/(?!(?:webhook_)?download/))"))
_PANOPTO: Final = Site("Panopto", _files("(?!/Panopto/Pages/)"))
_WISTIA: Final = Site("Wistia", _files("/deliveries/"))
_VK: Final = Site("VK", _files("(?!/(?:video|clip|wall))"))

#: Host without `www.`, `m.` or `mobile.` → site.
SITES_BY_HOST: Final = {
    "youtu.be": Site("YouTube"),
    "vimeo.com": Site("Vimeo", _files(r"/\d+/download|/external/|/progressive_redirect/")),
    "player.vimeo.com": Site("Vimeo", _files("/(?:external|play|progressive_redirect)/")),
    "drive.google.com": _GOOGLE_DRIVE,
    "docs.google.com": _GOOGLE_DRIVE,
    "photos.google.com": Site("Google Photos"),
    "photos.app.goo.gl": Site("Google Photos"),
    "google.com": Site("Google", _files("(?!/url\\b)"), _redirect_target("q", "url")),
    "storage.cloud.google.com": Site("the Google Cloud console", _NO_FILES, _google_storage),
    "console.cloud.google.com": Site("the Google Cloud console"),
    "dropbox.com": Site("Dropbox", _files(r".*[?&](?:dl|raw)=1(?:&|$)"), _dropbox),
    "onedrive.live.com": _ONEDRIVE,
    "1drv.ms": _ONEDRIVE,
    "app.box.com": Site("Box", _files("/shared/static/|/index.php")),
    "we.tl": Site("WeTransfer"),
    "wetransfer.com": Site("WeTransfer"),
    "swisstransfer.com": Site("SwissTransfer", _files("/api/download")),
    "fromsmash.com": Site("Smash"),
    "mega.nz": Site("MEGA"),
    "u.pcloud.link": Site("pCloud"),
    "mediafire.com": Site("MediaFire", _files("(?!/file/)")),
    "icloud.com": Site("iCloud"),
    "loom.com": Site("Loom"),
    "fb.watch": Site("Facebook"),
    "instagram.com": Site("Instagram"),
    "threads.net": Site("Threads"),
    "threads.com": Site("Threads"),
    "x.com": Site("X"),
    "t.co": Site("X"),
    "twitter.com": Site("X"),
    "linkedin.com": Site("LinkedIn"),
    "lnkd.in": Site("LinkedIn"),
    "reddit.com": Site("Reddit"),
    "old.reddit.com": Site("Reddit"),
    "redd.it": Site("Reddit"),
    "v.redd.it": Site("Reddit", _files(r"/[^/]+/[^/?]+\.mp4")),
    "pinterest.com": Site("Pinterest"),
    "tumblr.com": Site("Tumblr"),
    "snapchat.com": Site("Snapchat"),
    "9gag.com": Site("9GAG"),
    "imgur.com": Site("Imgur", _files(r"/[^/?]+\.mp4"), _imgur),
    "giphy.com": Site("GIPHY", _files("/media/"), _giphy),
    "dailymotion.com": Site("Dailymotion"),
    "geo.dailymotion.com": Site("Dailymotion"),
    "dai.ly": Site("Dailymotion"),
    "streamable.com": Site("Streamable"),
    "rumble.com": Site("Rumble"),
    "odysee.com": Site("Odysee"),
    "bitchute.com": Site("BitChute"),
    "veoh.com": Site("Veoh"),
    "b23.tv": Site("Bilibili"),
    "nico.ms": Site("Niconico"),
    "ted.com": Site("TED"),
    "embed.ted.com": Site("TED"),
    "iq.com": Site("iQIYI"),
    "ok.ru": Site("OK", _files("(?!/(?:video|live))")),
    "vk.com": _VK,
    "vk.ru": _VK,
    "vkvideo.ru": Site("VK"),
    "rutube.ru": Site("RuTube"),
    "frame.io": Site("Frame.io"),
    "f.io": Site("Frame.io"),
    "canva.com": Site("Canva"),
    "kick.com": Site("Kick"),
    "tv.naver.com": Site("Naver TV"),
    "archive.org": Site("the Internet Archive", _files("/(?!details/|embed/)")),
    "commons.wikimedia.org": Site("Wikimedia Commons", _files("/(?!wiki/File:)"), _wikimedia),
    "github.com": Site("GitHub", _files("(?!/[^/]+/[^/]+/blob/.)"), _github),
    "gitlab.com": Site("GitLab", _files("(?!/.+/-/blob/.)"), _with_path("/-/blob/", "/-/raw/")),
    "bitbucket.org": Site(
        "Bitbucket", _files("(?!/[^/]+/[^/]+/src/.)"), _with_path("/src/", "/raw/")
    ),
    "huggingface.co": Site(
        "Hugging Face", _files("(?!/.+/blob/.)"), _with_path("/blob/", "/resolve/")
    ),
    "players.brightcove.net": Site("Brightcove"),
    "web.microsoftstream.com": Site("Microsoft Stream"),
    "teams.microsoft.com": Site("Microsoft Teams"),
    "cdn.jwplayer.com": Site("JW Player", _files("(?!/(?:previews|players)/)")),
    "mediaspace.kaltura.com": Site("Kaltura"),
    "l.facebook.com": Site("Facebook", _NO_FILES, _redirect_target("u")),
}  # fmt: skip
#: Domain → site. Every host that ends in the domain belongs to the site.
SITES_BY_DOMAIN: Final = {
    "youtube.com": Site("YouTube", _NO_FILES, _redirect_target("q")),
    "youtube-nocookie.com": Site("YouTube"),
    "facebook.com": Site("Facebook"),
    "tiktok.com": Site("TikTok"),
    "twitch.tv": Site("Twitch"),
    "bilibili.com": Site("Bilibili"),
    "bilibili.tv": Site("Bilibili"),
    "nicovideo.jp": Site("Niconico"),
    "youku.com": Site("Youku"),
    "iqiyi.com": Site("iQIYI"),
    "douyin.com": Site("Douyin"),
    "weibo.com": Site("Weibo"),
    "kuaishou.com": Site("Kuaishou"),
    "sharepoint.com": Site(
        "SharePoint",
        _files(rf".*[?&]download=1(?:&|$)|.*/download\.aspx|.*/_api/|{_SIGNED}"),
        _sharepoint,
    ),
    "microsoftstream.com": Site("Microsoft Stream"),
    "protection.outlook.com": Site("Outlook Safe Links", _NO_FILES, _redirect_target("url")),
    "wistia.com": _WISTIA,
    "wistia.net": _WISTIA,
    "vidyard.com": Site("Vidyard", _files("(?!/watch/)")),
    "zoom.us": _ZOOM,
    "zoom.com": _ZOOM,
    "webex.com": Site("Webex", _files("(?!/.*(?:/ldr\\.php|/recordingservice/|/playback/))")),
    "panopto.com": _PANOPTO,
    "panopto.eu": _PANOPTO,
    "echo360.org": Site("Echo360"),
    "yuja.com": Site("YuJa", _files("(?!/V/)")),
    "hightail.com": Site("Hightail"),
    "console.aws.amazon.com": Site("the AWS console"),
}
