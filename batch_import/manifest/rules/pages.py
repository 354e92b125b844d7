"""Find URLs of web pages about a video, which people copy instead of the video's URL. No I/O.

If the URL of the file can be derived from the URL of the page, the hint names the URL of the file.
This module must not know cells or rows.
"""

import re
from typing import Final

from batch_import.addresses.urls import Url, ascii_host
from batch_import.manifest.rules.page_hosts import SITES_BY_DOMAIN, SITES_BY_HOST, Site
from batch_import.manifest.rules.violation import Violation

_COMMON_SUBDOMAIN = re.compile(r"(?:www|m|mobile)\.")
#: Start of a path in lower case → name of the system, for lecture systems that universities host
#: themselves, under any host.
SELF_HOSTED_PATHS: Final = {
    "/mediasite/play/": "Mediasite",
    "/panopto/pages/": "Panopto",
    "/media/t/": "Kaltura",
}
_DOWNLOAD_HINT: Final = (
    "Download it there, put the file where the platform can fetch it, and give that URL."
)
#: Maximum number of labels of a domain that is looked up in `SITES_BY_DOMAIN`.
_MAX_DOMAIN_LABELS: Final = max(domain.count(".") + 1 for domain in SITES_BY_DOMAIN)


def has_pages(host: str) -> bool:
    """Whether a host belongs to a known site; then `violation_of` must check its URLs."""
    return _site_of(host) is not None


def violation_of(url: Url) -> Violation | None:
    """Return the violation of a URL that is a web page; None if it may be a file."""
    site = _site_of(url.host)
    path_and_query = url.rest.partition("#")[0]
    if site is None:
        for start, system in SELF_HOSTED_PATHS.items():
            if path_and_query.lower().startswith(start):
                return _page_violation(system)
        return None
    if site.file_pattern and site.file_pattern.match(path_and_query):
        return None
    return _page_violation(site.name, site.file_url_of(url))


def _page_violation(site_name: str, file_url: str = "") -> Violation:
    hint = f"If the video is public, its file is at {file_url}" if file_url else _DOWNLOAD_HINT
    reason = f"the source URL is a page of {site_name}, not a video file"
    return Violation("url-page", reason, hint, fix=file_url)


def _site_of(host: str) -> Site | None:
    name = ascii_host(host).removesuffix(".")
    site = SITES_BY_HOST.get(_COMMON_SUBDOMAIN.sub("", name, count=1))
    if site:
        return site
    labels = name.split(".")
    most_labels = min(len(labels), _MAX_DOMAIN_LABELS)
    for label_count in range(most_labels, 1, -1):
        domain = ".".join(labels[-label_count:])
        if domain in SITES_BY_DOMAIN:
            return SITES_BY_DOMAIN[domain]
    return None
