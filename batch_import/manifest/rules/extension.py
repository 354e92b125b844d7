"""The rules for `extension`: given, or taken from the URL. This file must not know other fields."""

from collections.abc import Collection, Sequence
from typing import Final

from batch_import.manifest.extensions import (
    ACCEPTED_EXTENSIONS,
    OTHER_EXTENSIONS,
    extension_of,
    suffix_of,
)
from batch_import.manifest.rules.file_kinds import describe_file_type
from batch_import.manifest.rules.violation import Violation, warning

_KNOWN: Final = ", ".join(sorted(ACCEPTED_EXTENSIONS))
#: What people write for a known one.
_MEANT: Final = {
    "m4v": "mp4", "mpeg4": "mp4", "mpeg-4": "mp4", "h264": "mp4", "video/mp4": "mp4",
    "video/x-m4v": "mp4", "qt": "mov", "quicktime": "mov", "video/quicktime": "mov",
    "matroska": "mkv", "video/x-matroska": "mkv", "video/webm": "webm", "asf": "wmv",
    "video/x-ms-wmv": "wmv", "video/x-msvideo": "avi", "video/avi": "avi", "3gpp": "3gp",
    "video/3gpp": "3gp",
}  # fmt: skip
#: Suffixes that contradict none of these.
_SAME: Final = {"m4v": "mp4", "qt": "mov", "3gpp": "3gp", "asf": "wmv"}
_NONE = Violation(
    "extension-missing",
    "there is no extension, and the source URL does not end in a known one",
    f"Give the row one of {_KNOWN}.",
)
_NO_SUFFIX: Final = "\0"


def find_extensions(
    given: Sequence[str], urls: Sequence[str], without_url: Collection[int], default: str = ""
) -> tuple[list[str], list[tuple[int, Violation]]]:
    """Find the extension of each row.

    Args:
        given: the column, without white space around its cells.
        urls: of the same rows: a blank cell takes the extension that its URL ends in.
        default: what a blank cell takes where its URL ends in none.
        without_url: indexes of rows whose URL must be corrected: the new URL may have an extension.

    Returns:
        Extensions, bare and in lower case; and index and violation, for every violation.
    """
    bare = {cell: cell.lstrip(".").lower() for cell in set(given)}
    extensions = [bare[cell] for cell in given]
    endings = {
        cell: f".{extension}" if extension in ACCEPTED_EXTENSIONS else _NO_SUFFIX
        for cell, extension in bare.items()
    }
    addresses = [url.partition("#")[0].partition("?")[0] for url in urls]
    pairs = enumerate(zip(given, addresses, strict=True))
    suspects = [at for at, (cell, address) in pairs if not address.endswith(endings[cell])]
    violations = []
    for at in suspects:
        cell, url = given[at], urls[at]
        if not cell:
            extensions[at] = extension_of(url) or default.strip().lstrip(".").lower()
        violation = (
            _violation(extensions[at], url) if cell or default else _lack(extensions[at], url)
        )
        if violation and not (violation.code == _NONE.code and at in without_url):
            violations.append((at, violation))
    return extensions, violations


def _lack(extension: str, url: str) -> Violation | None:
    if extension:
        return None
    kind = describe_file_type(suffix_of(url))
    return _NONE._replace(hint=kind) if kind else _NONE


def _violation(extension: str, url: str) -> Violation | None:
    if extension not in ACCEPTED_EXTENSIONS:
        return _unknown(extension)
    suffix = suffix_of(url)
    if (
        suffix not in ACCEPTED_EXTENSIONS | OTHER_EXTENSIONS
        or _SAME.get(suffix, suffix) == extension
    ):
        return None
    return warning(
        "extension-contradiction",
        f"the extension is {extension}, but the source URL ends in .{suffix}",
        f"{describe_file_type(suffix) or 'Correct whichever is wrong.'} It is sent as {extension}.",
    )


def _unknown(extension: str) -> Violation:
    meant = _MEANT.get(extension, "")
    return Violation(
        "extension-unknown",
        "the extension is not one of a known video format",
        f"Write {meant}." if meant else describe_file_type(extension) or f"Known are {_KNOWN}.",
        fix=meant,
    )
