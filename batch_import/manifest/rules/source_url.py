"""The rules for `sourceUrl`. This file must not know other fields, nor whether a host answers."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from batch_import.addresses.masking import MASK, is_masked
from batch_import.addresses.objects import ObjectReference, has_valid_place, parse_reference
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

#: Nothing can be wrong with such a URL but its host, and its ending.
# Not `\w`: a set with a class in it is searched one by one, and takes twice as long.
_WORD: Final = "0-9A-Za-z_"
_PATH: Final = rf"\-{_WORD}/.~%+@$*()!,"
_PLAIN: Final = (
    r"https?://([A-Za-z0-9.-]+)(?::[1-9][0-9]{1,3})?/"
    rf"(?:[{_PATH}=&']*[{_WORD}/~%=&+-])?(?:\?[{_PATH}]+=[{_PATH}?&=]*[{_WORD}/~%=&+-])?"
)
_PLAIN_LINE = re.compile(f"^{_PLAIN}$", re.MULTILINE)
_PLAIN_URL = re.compile(_PLAIN)
#: What in a path may be wrong whatever the host is.
_TELLING: Final = (".m3u8", ".mpd", *pages.SELF_HOSTED_PATHS)
_PLAYLIST = re.compile(r".*\.(?:m3u8|mpd)", re.IGNORECASE | re.DOTALL)
_SCHEME = re.compile(r"https?:", re.IGNORECASE)
_DISK = re.compile(r"[a-z]:[\\/]|\\\\|[/~]|\.{1,2}[\\/]|file:", re.IGNORECASE)
_OTHER_SCHEME = re.compile(r"[a-z][a-z0-9+.-]+:", re.IGNORECASE)
_HOST = re.compile(r"(?:[\w-]+\.)+[a-z]{2,}(?:[:/?#]|\Z)", re.IGNORECASE)
_BARE = re.compile(r"(?:[^/\\:?]+[/\\])*[^/\\:?]+\.[a-z0-9]{2,5}", re.IGNORECASE)
_MOST_PORTS = 65535
#: Characters. No server is known to take a longer one.
_LONGEST = 16_384

MISSING_URL = Violation(
    "url-missing", "the source URL is missing", "Give the URL of the video file."
)
_LONG = Violation(
    "url-length",
    f"the source URL is longer than {_LONGEST} characters",
    "Put nothing but one URL in the cell.",
)
_CHARACTERS = Violation(
    "url-characters",
    "the source URL has line breaks, tabs, or invisible characters inside",
    "Copy it again, without the text around it.",
)
_NO_SCHEME: Final = "the source URL does not begin with http:// or https://"
_SEVERAL = Violation(
    "url-several", "there is more than one URL in the cell", "Make a row for each video."
)
_MASKED = Violation(
    "url-masked",
    f"the source URL has {MASK} for a secret: it comes from a table of results",
    "Take the rows from failed.csv, which holds the working addresses, or from the manifest.",
)
_NO_HOST = Violation(
    "url-host", "the source URL names no host", "Write it like https://host/video.mp4."
)
_PORT = Violation(
    "url-host", "the port of the source URL is no port", "Leave it out, or correct it."
)
_CREDENTIALS = warning(
    "url-credentials",
    "the source URL holds a user name or password, which the platform may not use",
    "Give a signed URL, or one that needs no login.",
)
_STREAM = Violation(
    "url-playlist",
    "the source URL is a streaming playlist, not a video file",
    "Give the address of the file that the stream was made from.",
)  # fmt: skip
_NO_FILE = Violation(
    "url-reference",
    "the source URL names no file in the storage",
    "Write it like s3://bucket/folder/video.mp4, or az://account/container/video.mp4.",
)
_BAD_PLACE = Violation(
    "url-reference",
    "no bucket or storage account can have the name in the source URL",
    "Write it like s3://bucket/folder/video.mp4, or az://account/container/video.mp4.",
)


def has_no_signer(_scheme: str) -> bool:
    """Returns False for every scheme: only web URLs are valid, and no references."""
    return False


def violations(
    urls: Sequence[str],
    own_host: str = "",
    is_signed_scheme: Callable[[str], bool] = has_no_signer,
) -> Iterator[tuple[int, Violation]]:
    """Judge a column.

    Args:
        urls: without white space around them.
        own_host: `host:port` that may be asked although it is private: the sandbox's own.
        is_signed_scheme: whether references with a scheme can be signed, such as `s3`.

    Yields:
        Index and violation, for every violation of every cell.
    """
    for at in _suspects(urls):
        reference = parse_reference(urls[at])
        if reference and is_signed_scheme(reference.scheme):
            found = _violations_of_reference(urls[at], reference)
        else:
            found = _violations(urls[at], own_host)
        for violation in found:
            yield at, violation


def _names_file(reference: ObjectReference) -> bool:
    path = reference.path
    # The path of Azure begins with the container.
    name = path.partition("/")[2] if reference.scheme == "az" else path
    return bool(reference.place and name) and not path.endswith("/")


def _violations_of_reference(url: str, reference: ObjectReference) -> Iterator[Violation]:
    if len(url) > _LONGEST:
        yield _LONG
    elif UNREADABLE.search(url):
        yield _CHARACTERS
    elif not _names_file(reference):
        yield _NO_FILE
    elif not has_valid_place(reference):
        yield _BAD_PLACE
    elif _PLAYLIST.fullmatch(reference.path):
        yield _STREAM


def _suspects(urls: Sequence[str]) -> Iterable[int]:
    """Rule out quickly what most URLs are: plain ones, of hosts with nothing about them."""
    if not urls:
        return []
    # Query strings are removed: they may be long, and no page or playlist is recognized by one.
    paths = "".join([url.partition("?")[0] for url in urls]).lower()
    joined = "\n".join(urls)
    if ("*" in joined and MASK in joined) or any(telling in paths for telling in _TELLING):
        return range(len(urls))
    if max(map(len, urls)) > _LONGEST:
        return range(len(urls))
    named: list[str] = _PLAIN_LINE.findall(joined) if _PLAIN_URL.fullmatch(urls[0]) else []
    if not len(named) == len(urls) == joined.count("\n") + 1:
        named = [found[1] if (found := _PLAIN_URL.fullmatch(url)) else "" for url in urls]
    plain = {host for host in set(named) if _is_plain_host(host)}
    return [at for at, host in enumerate(named) if host not in plain]


def _is_plain_host(host: str) -> bool:
    return bool(host) and hosts.violation_of(host) is None and not pages.has_pages(host)


def _violations(url: str, own_host: str) -> Iterator[Violation]:
    if not url:
        yield MISSING_URL
    elif len(url) > _LONGEST:
        yield _LONG
    elif has_several_urls(url):
        yield _SEVERAL
    elif is_masked(url):
        yield _MASKED
        yield from _violations_of_address(url, own_host)
    elif repair := repair_url(url):
        yield from _damage(repair)
        yield from _violations_of_address(repair.address, own_host)
    else:
        yield from _violations_of_address(url, own_host)


def _damage(repair: Repair) -> Iterator[Violation]:
    """What is wrong with an address that can be put right: the hint is the right one."""
    for step in repair.steps:
        make = Violation if step.sure else warning
        yield make(step.code, step.reason, repair.address, fix=repair.address)


def _violations_of_address(url: str, own_host: str) -> Iterator[Violation]:
    if UNREADABLE.search(url):
        yield _CHARACTERS
    parts = parse(url)
    if parts is None:
        yield _NO_HOST if _SCHEME.match(url) else Violation("url-scheme", _NO_SCHEME, _hint(url))
    else:
        yield from _violations_of_parts(parts, own_host)


def _violations_of_parts(url: Url, own_host: str) -> Iterator[Violation]:
    if url.user and url.user != MASK:
        yield _CREDENTIALS
    if url.port and not 0 < int(url.port[:6]) <= _MOST_PORTS:
        yield _PORT
    bad_host = hosts.violation_of(url.host)
    if bad_host and own_host != url.origin:
        yield bad_host
    elif page := pages.violation_of(url):
        yield page
    elif _PLAYLIST.fullmatch(url.path):
        yield _STREAM


def _hint(text: str) -> str:
    """How to fix what is no web address, by what it looks like."""
    if _DISK.match(text):
        return "A file on a disk must be put on the web first; give its address there."
    ending = text.rpartition(".")[2].lower()
    if _BARE.fullmatch(text) and is_file_extension(ending):
        kind = describe_file_type(ending)
        whole = "Give the whole address, or the URL of its folder with the setting base-url."
        return f"{kind} {whole}".strip()
    if _HOST.match(text):
        return "Write https:// in front of it."
    if _OTHER_SCHEME.match(text):
        return "The platform fetches over http and https; put the file where these reach it."
    return "Give the whole URL of the video file, with https:// in front."
