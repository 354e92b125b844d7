"""The rules for `sourceUrl`. This file must not know other fields, nor whether a host answers."""

import re
from collections.abc import Iterable, Iterator, Sequence

from batch_import.addresses.masking import MASK, is_masked
from batch_import.addresses.urls import Url, parse
from batch_import.manifest.rules import hosts, pages
from batch_import.manifest.rules.characters import CONTROL, INVISIBLE
from batch_import.manifest.rules.flaw import Flaw, warning

#: Nothing can be wrong with such a URL but its host, and its ending.
_PLAIN = re.compile(r"https?://([A-Za-z0-9.-]+)(?::[1-9][0-9]{1,3})?/[!-~]*")
_PLAYLIST = re.compile(r".*\.(?:m3u8|mpd)", re.IGNORECASE | re.DOTALL)
_SCHEME = re.compile(r"https?:", re.IGNORECASE)
#: Spaces are percent-encoded for the request; of other white space nobody can say what is meant.
_BAD = re.compile(f"[{CONTROL}{INVISIBLE}]|[^\\S ]")
_WEB_ADDRESS = re.compile(r"https?://", re.IGNORECASE)
_STARTS_ADDRESS = re.compile(r"\W*https?://", re.IGNORECASE)
_LETTER = re.compile(r"\w")
_INSIDE = re.compile(r".*\bhttps?://", re.IGNORECASE | re.DOTALL)
_BUCKET = re.compile(r"(s3|gs)://([a-z0-9][a-z0-9._-]+)/(.+)", re.IGNORECASE | re.DOTALL)
_STORAGE = {"s3": "https://{}.s3.amazonaws.com/{}", "gs": "https://storage.googleapis.com/{}/{}"}
#: How to mend what is no web address, by what it looks like; the first that fits.
_LOOKS_LIKE = (
    (re.compile("//"), "Write https: in front of it."),
    (_INSIDE, "Leave nothing but the URL in the cell."),
    (
        re.compile(r"[a-z]:[\\/]|[\\/~.]|file:", re.IGNORECASE),
        "A file on a disk must be put on the web first; give its address there.",
    ),
    (
        re.compile(r"[a-z][a-z0-9+.-]+:", re.IGNORECASE),
        "The platform fetches over http and https; put the file where these reach it.",
    ),
    (
        re.compile(r"(?:[\w-]+\.)+[a-z]{2,}(?:[:/?#]|\Z)", re.IGNORECASE),
        "Write https:// in front of it.",
    ),
)
_MOST_PORTS = 65535
#: Characters. No server is known to take a longer one.
_LONGEST = 16_384

_MISSING = Flaw("url-missing", "the source URL is missing", "Give the URL of the video file.")
_LONG = Flaw(
    "url-length",
    f"the source URL is longer than {_LONGEST} characters",
    "Put nothing but one URL in the cell.",
)
_CHARACTERS = Flaw(
    "url-characters",
    "the source URL has line breaks, tabs, or invisible characters inside",
    "Copy it once more, without what stands around it.",
)
_SEVERAL = Flaw(
    "url-several", "there is more than one URL in the cell", "Make a row for each video."
)
_MASKED = Flaw(
    "url-masked",
    f"the source URL has {MASK} for a secret: it comes from a table of results",
    "Take the rows from failed.csv, which holds the working addresses, or from the manifest.",
)
_NO_HOST = Flaw("url-host", "the source URL names no host", "Write it like https://host/video.mp4.")
_PORT = Flaw("url-host", "the port of the source URL is no port", "Leave it out, or correct it.")
_CREDENTIALS = warning(
    "url-credentials",
    "the source URL holds a user name or password, which the platform may not use",
    "Give a signed URL, or one that needs no login.",
)
_STREAM = Flaw(
    "url-playlist",
    "the source URL is a streaming playlist, not a video file",
    "Give the address of the file that the stream was made from.",
)  # fmt: skip


def flaws(urls: Sequence[str], own_host: str = "") -> Iterator[tuple[int, Flaw]]:
    """Judge a column.

    Args:
        urls: without white space around them.
        own_host: `host:port` that may be asked although it is private: the sandbox's own.

    Yields:
        Index and flaw, for every flaw of every cell.
    """
    for at in _suspects(urls):
        for flaw in _flaws(urls[at], own_host):
            yield at, flaw


def _suspects(urls: Sequence[str]) -> Iterable[int]:
    """Rule out quickly what most URLs are: plain ones, of hosts with nothing about them."""
    everything = "".join(urls).lower()
    if ".m3u8" in everything or ".mpd" in everything or MASK in everything:
        return range(len(urls))
    if max(map(len, urls), default=0) > _LONGEST:
        return range(len(urls))
    named = [found[1] if (found := _PLAIN.fullmatch(url)) else "" for url in urls]
    plain = {host for host in set(named) if _is_plain_host(host)}
    return [at for at, host in enumerate(named) if host not in plain]


def _is_plain_host(host: str) -> bool:
    return bool(host) and hosts.flaw_of(host) is None and not pages.has_pages(host)


def _flaws(url: str, own_host: str) -> Iterator[Flaw]:
    if not url:
        yield _MISSING
        return
    if len(url) > _LONGEST:
        yield _LONG
        return
    if _has_several(url):
        yield _SEVERAL
        return
    if _BAD.search(url):
        yield _CHARACTERS
    parts = parse(url)
    if is_masked(url):
        yield _MASKED
    if parts is None:
        yield _NO_HOST if _SCHEME.match(url) else _no_scheme(url)
    else:
        yield from _flaws_of_parts(parts, own_host)


def _has_several(text: str) -> bool:
    """Whether an address is followed by another one, with no more than punctuation in between."""
    is_behind_address = False
    for part in text.split():
        if is_behind_address and _STARTS_ADDRESS.match(part):
            return True
        if _LETTER.search(part):
            is_behind_address = _WEB_ADDRESS.search(part) is not None
    return False


def _flaws_of_parts(url: Url, own_host: str) -> Iterator[Flaw]:
    if url.user and url.user != MASK:
        yield _CREDENTIALS
    if url.port and not 0 < int(url.port[:6]) <= _MOST_PORTS:
        yield _PORT
    bad_host = hosts.flaw_of(url.host)
    if bad_host and own_host != url.origin:
        yield bad_host
    elif page := pages.flaw_of(url):
        yield page
    elif _PLAYLIST.fullmatch(url.path):
        yield _STREAM


def _no_scheme(text: str) -> Flaw:
    return Flaw("url-scheme", "the source URL does not begin with http:// or https://", _hint(text))


def _hint(text: str) -> str:
    """How to mend what is no web address."""
    bucket = _BUCKET.match(text)
    if bucket:
        address = _STORAGE[bucket[1].lower()].format(bucket[2], bucket[3])
        return f"If everybody may read it: {address}; else give a signed URL."
    fitting = (hint for pattern, hint in _LOOKS_LIKE if pattern.match(text))
    return next(fitting, "Give the whole URL of the video file, with https:// in front.")
