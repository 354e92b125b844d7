"""Find URLs of web pages about a video, which people mistake for the video. No I/O.

If the URL of the file can be derived from the URL of the page, the hint names it. This module must
not know cells or rows.
"""

import re
from typing import Final

from batch_import.addresses.urls import Url, ascii_host
from batch_import.manifest.rules.page_hosts import SITES_BY_DOMAIN, SITES_BY_HOST, Site
from batch_import.manifest.rules.violation import Violation

_ASIDE = re.compile(r"(?:www|m|mobile)\.")
#: Lecture systems that universities host themselves, recognized by a part of the path.
SELF_HOSTED_PATHS: Final = {
    "/mediasite/play/": "Mediasite",
    "/panopto/pages/": "Panopto",
    "/media/t/": "Kaltura",
}
_ELSEWHERE: Final = "Download it there, put the file where the platform can fetch it, and give"


def has_pages(host: str) -> bool:
    """Whether URLs of this host may be web pages and must be checked."""
    return _site(host) is not None


def violation_of(url: Url) -> Violation | None:
    """The violation of a URL that is a web page; None if it may be a file."""
    site = _site(url.host)
    path = url.rest.partition("#")[0]
    if site is None:
        start = path.lower()
        name = next(
            (name for part, name in SELF_HOSTED_PATHS.items() if start.startswith(part)), ""
        )
        return _page(name) if name else None
    if site.files and site.files.match(path):
        return None
    return _page(site.name, site.direct(url))


def _page(name: str, direct: str = "") -> Violation:
    hint = (
        f"Where everybody may see it, the file itself is at {direct}"
        if direct
        else f"{_ELSEWHERE} that address."
    )
    reason = f"the source URL is a page of {name}, not a video file"
    return Violation("url-page", reason, hint, fix=direct)


def _site(host: str) -> Site | None:
    name = ascii_host(host).removesuffix(".")
    if site := SITES_BY_HOST.get(_ASIDE.sub("", name, count=1)):
        return site
    labels = name.split(".")
    ends = (".".join(labels[at:]) for at in range(max(0, len(labels) - 3), len(labels) - 1))
    return next((SITES_BY_DOMAIN[end] for end in ends if end in SITES_BY_DOMAIN), None)
