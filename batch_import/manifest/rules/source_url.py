"""The rules for the source URL: a web URL, or a reference to a file in cloud storage.

A reference, such as `s3://bucket/folder/video.mp4`, is signed by this program before it is sent.
This module must not know other fields, nor whether a host answers.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from batch_import.addresses.masking import MASK, is_masked
from batch_import.addresses.objects import ObjectReference, has_valid_bucket, parse_reference
from batch_import.addresses.urls import Url, parse
from batch_import.manifest.rules import hosts, pages
from batch_import.manifest.rules.address_repair import (
    UNREADABLE,
    Repair,
    has_several_urls,
    repair_url,
)
from batch_import.manifest.rules.file_kinds import describe_file_type, is_file_extension
from batch_import.manifest.rules.violation import Violation, warning

# Not `\w`: a set with a class in it is searched one by one, and takes twice as long.
_WORD: Final = "0-9A-Za-z_"
_PATH: Final = rf"\-{_WORD}/.~%+@$*()!,"
#: Pattern of an ordinary URL. The rules need not be applied to such a URL, except the rules for
#: hosts, web pages and playlists. The group is the host.
_ORDINARY: Final = (
    r"https?://([A-Za-z0-9.-]+)(?::[1-9][0-9]{1,3})?/"
    rf"(?:[{_PATH}=&']*[{_WORD}/~%=&+-])?(?:\?[{_PATH}]+=[{_PATH}?&=]*[{_WORD}/~%=&+-])?"
)
_ORDINARY_LINE = re.compile(f"^{_ORDINARY}$", re.MULTILINE)
_ORDINARY_URL = re.compile(_ORDINARY)
#: Parts of paths that may be of a playlist or a web page on any host.
_SUSPICIOUS_PATH_PARTS: Final = (".m3u8", ".mpd", *pages.SELF_HOSTED_PATHS)
_PLAYLIST = re.compile(r".*\.(?:m3u8|mpd)", re.IGNORECASE | re.DOTALL)
_WEB_SCHEME = re.compile(r"https?:", re.IGNORECASE)
#: The start of a path on a computer or in a local network, such as `C:\`, `\\server`, `/` or `~`.
_LOCAL_PATH = re.compile(r"[a-z]:[\\/]|\\\\|[/~]|\.{1,2}[\\/]|file:", re.IGNORECASE)
_ANY_SCHEME = re.compile(r"[a-z][a-z0-9+.-]+:", re.IGNORECASE)
_HOST_NAME = re.compile(r"(?:[\w-]+\.)+[a-z]{2,}(?:[:/?#]|\Z)", re.IGNORECASE)
#: The name of a file, optionally with folders before it: `videos/intro.mp4`.
_FILE_NAME = re.compile(r"(?:[^/\\:?]+[/\\])*[^/\\:?]+\.[a-z0-9]{2,5}", re.IGNORECASE)
_MAX_PORT = 65535
#: Maximum length of a URL, in characters. No server is known that accepts a longer URL.
_MAX_LENGTH = 16_384

MISSING_URL = Violation(
    "url-missing", "the source URL is missing", "Give the URL of the video file."
)
_LONG = Violation(
    "url-length",
    f"the source URL is longer than {_MAX_LENGTH} characters",
    "Put nothing but one URL in the cell.",
)
_CHARACTERS = Violation(
    "url-characters",
    "the source URL has line breaks, tabs, or invisible characters inside",
    "Copy it again, without the text around it.",
)
_NO_SCHEME_REASON: Final = "the source URL does not begin with http:// or https://"
_SEVERAL = Violation(
    "url-several", "there is more than one URL in the cell", "Make a row for each video."
)
_MASKED = Violation(
    "url-masked",
    f"the source URL has {MASK} for a secret: it comes from a table of results",
    "Take the rows from failed.csv, which has the complete URLs, or from the manifest.",
)
_NO_HOST = Violation(
    "url-host", "the source URL names no host", "Write it like https://host/video.mp4."
)
_INVALID_PORT = Violation(
    "url-host", "the port of the source URL is not valid", "Leave it out, or correct it."
)
_CREDENTIALS = warning(
    "url-credentials",
    "the source URL has a user name or password, which the platform may ignore",
    "Give a signed URL, or one that needs no login.",
)
_STREAM = Violation(
    "url-playlist",
    "the source URL is a streaming playlist, not a video file",
    "Give the URL of the file that the stream was made from.",
)
_REFERENCE_HINT: Final = (
    "Write it like s3://bucket/folder/video.mp4, or az://account/container/video.mp4."
)
_NO_FILE = Violation(
    "url-reference", "the source URL names no file in the storage", _REFERENCE_HINT
)
_INVALID_BUCKET = Violation(
    "url-reference",
    "the name of the bucket or storage account in the source URL is not valid",
    _REFERENCE_HINT,
)


def sign_no_scheme(_scheme: str) -> bool:
    """Return False for every scheme: no references can be signed, and only web URLs are valid."""
    return False


def violations(
    urls: Sequence[str],
    own_host: str = "",
    is_signed_scheme: Callable[[str], bool] = sign_no_scheme,
) -> Iterator[tuple[int, Violation]]:
    """Validate a column of source URLs.

    Args:
        urls: the cells without surrounding white space.
        own_host: `host:port` of the sandbox, which is allowed although it is private.
        is_signed_scheme: whether references with a scheme, such as `s3`, can be signed.

    Yields:
        Row index and violation. A cell may have several violations.
    """
    for index in _suspects(urls):
        reference = parse_reference(urls[index])
        if reference and is_signed_scheme(reference.scheme):
            found = _violations_of_reference(urls[index], reference)
        else:
            found = _violations_of_cell(urls[index], own_host)
        for violation in found:
            yield index, violation


def _names_file(reference: ObjectReference) -> bool:
    """Whether a reference has a bucket or storage account, and a file in it."""
    path = reference.path
    # The path of an Azure reference begins with the container.
    file_name = path.partition("/")[2] if reference.scheme == "az" else path
    return bool(reference.bucket and file_name) and not path.endswith("/")


def _violations_of_reference(url: str, reference: ObjectReference) -> Iterator[Violation]:
    if len(url) > _MAX_LENGTH:
        yield _LONG
    elif UNREADABLE.search(url):
        yield _CHARACTERS
    elif not _names_file(reference):
        yield _NO_FILE
    elif not has_valid_bucket(reference):
        yield _INVALID_BUCKET
    elif _PLAYLIST.fullmatch(reference.path):
        yield _STREAM


def _suspects(urls: Sequence[str]) -> Iterable[int]:
    """Return the indexes of the URLs that must be checked one by one.

    Most columns have only ordinary URLs of a few ordinary hosts. They are recognized together,
    which is much faster.
    """
    if not urls:
        return []
    # Query strings are removed: they may be long, and no page or playlist is recognized by them.
    paths = "".join([url.partition("?")[0] for url in urls]).lower()
    joined = "\n".join(urls)
    has_mask = "*" in joined and MASK in joined
    if has_mask or any(part in paths for part in _SUSPICIOUS_PATH_PARTS):
        return range(len(urls))
    if max(map(len, urls)) > _MAX_LENGTH:
        return range(len(urls))
    host_names: list[str] = []
    if _ORDINARY_URL.fullmatch(urls[0]):
        host_names = _ORDINARY_LINE.findall(joined)
    are_all_ordinary = len(host_names) == len(urls)
    has_line_feed = joined.count("\n") + 1 != len(urls)
    if not are_all_ordinary or has_line_feed:
        # The URLs are matched one by one. URLs that are not ordinary get an empty host.
        matches = map(_ORDINARY_URL.fullmatch, urls)
        host_names = [match[1] if match else "" for match in matches]
    ordinary_hosts = {host for host in set(host_names) if _is_ordinary_host(host)}
    return [index for index, host in enumerate(host_names) if host not in ordinary_hosts]


def _is_ordinary_host(host: str) -> bool:
    return bool(host) and hosts.violation_of(host) is None and not pages.has_pages(host)


def _violations_of_cell(url: str, own_host: str) -> Iterator[Violation]:
    """Yield the violations of a cell that should have a web URL."""
    if not url:
        yield MISSING_URL
    elif len(url) > _MAX_LENGTH:
        yield _LONG
    elif has_several_urls(url):
        yield _SEVERAL
    elif is_masked(url):
        yield _MASKED
        yield from _violations_of_url(url, own_host)
    elif repair := repair_url(url):
        yield from _damage(repair)
        yield from _violations_of_url(repair.url, own_host)
    else:
        yield from _violations_of_url(url, own_host)


def _damage(repair: Repair) -> Iterator[Violation]:
    """Yield a violation for each kind of damage of a URL. The hint is the repaired URL."""
    for rule in repair.rules:
        create = Violation if rule.is_certain else warning
        yield create(rule.code, rule.reason, repair.url, fix=repair.url)


def _violations_of_url(url: str, own_host: str) -> Iterator[Violation]:
    """Yield the violations of a URL without damage."""
    if UNREADABLE.search(url):
        yield _CHARACTERS
    parts = parse(url)
    if parts:
        yield from _violations_of_parts(parts, own_host)
    elif _WEB_SCHEME.match(url):
        yield _NO_HOST
    else:
        yield Violation("url-scheme", _NO_SCHEME_REASON, _hint_for_other_text(url))


def _violations_of_parts(url: Url, own_host: str) -> Iterator[Violation]:
    if url.user and url.user != MASK:
        yield _CREDENTIALS
    # The port may have any number of digits; six are enough to see that it is too large.
    if url.port and not 0 < int(url.port[:6]) <= _MAX_PORT:
        yield _INVALID_PORT
    bad_host = hosts.violation_of(url.host)
    if bad_host and own_host != url.origin:
        yield bad_host
    elif page := pages.violation_of(url):
        yield page
    elif _PLAYLIST.fullmatch(url.path):
        yield _STREAM


def _hint_for_other_text(text: str) -> str:
    """Return how to fix a cell that is no web URL but a path, a file name or another text."""
    if _LOCAL_PATH.match(text):
        return "A file on a disk must be put on the web first; give its URL there."
    suffix = text.rpartition(".")[2].lower()
    if _FILE_NAME.fullmatch(text) and is_file_extension(suffix):
        file_type = describe_file_type(suffix)
        url_hint = "Give the whole URL, or the URL of its folder with the setting base-url."
        return f"{file_type} {url_hint}".strip()
    if _HOST_NAME.match(text):
        return "Write https:// in front of it."
    if _ANY_SCHEME.match(text):
        return "The platform fetches over http and https; put the file where these reach it."
    return "Give the whole URL of the video file, with https:// in front."
