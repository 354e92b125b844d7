"""The rules for `extension`, which is given in the manifest or taken from the URL.

This module must not know other fields.
"""

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

_ACCEPTED_NAMES: Final = ", ".join(sorted(ACCEPTED_EXTENSIONS))
#: Text that people write in the column → the extension that they mean.
_OTHER_NAMES: Final = {
    "m4v": "mp4", "mpeg4": "mp4", "mpeg-4": "mp4", "h264": "mp4", "video/mp4": "mp4",
    "video/x-m4v": "mp4", "qt": "mov", "quicktime": "mov", "video/quicktime": "mov",
    "matroska": "mkv", "video/x-matroska": "mkv", "video/webm": "webm", "asf": "wmv",
    "video/x-ms-wmv": "wmv", "video/x-msvideo": "avi", "video/avi": "avi", "3gpp": "3gp",
    "video/3gpp": "3gp",
}  # fmt: skip
#: Suffix of a URL → the extension that has the same file format, and does not contradict it.
_SAME_FORMAT: Final = {"m4v": "mp4", "qt": "mov", "3gpp": "3gp", "asf": "wmv"}
_MISSING = Violation(
    "extension-missing",
    "there is no extension, and the source URL does not end in an accepted extension",
    f"Give the row one of {_ACCEPTED_NAMES}.",
)
_FOLDER = _MISSING._replace(
    reason="the source URL ends in “/”, as the URL of a folder does",
    hint="Give the URL of a video file, and each file of the folder a row of its own. Only if this"
    " URL downloads a video, give the row its extension.",
)
#: A text in which no URL ends.
_NEVER_AT_END: Final = "\0"


def find_extensions(
    cells: Sequence[str], urls: Sequence[str], rows_without_url: Collection[int], default: str = ""
) -> tuple[list[str], list[tuple[int, Violation]]]:
    """Find the extension of each row: its cell, or else the end of its URL, or else the default.

    Args:
        cells: the cells of the column, without surrounding white space.
        urls: the source URLs of the same rows.
        rows_without_url: indexes of rows whose URL must be corrected. A missing extension is no
            violation there, because the corrected URL may have an extension.
        default: extension of a row that has none in its cell and its URL; empty if there is none.

    Returns:
        The extension of each row, without a dot and in lower case, empty if it has none; and pairs
        of row index and violation.
    """
    normalized = {cell: cell.lstrip(".").lower() for cell in set(cells)}
    extensions = [normalized[cell] for cell in cells]
    # Most URLs end in the extension of their cell. Only the other rows are checked one by one.
    expected_ends = {
        cell: f".{extension}" if extension in ACCEPTED_EXTENSIONS else _NEVER_AT_END
        for cell, extension in normalized.items()
    }
    paths = [url.partition("#")[0].partition("?")[0] for url in urls]
    pairs = enumerate(zip(cells, paths, strict=True))
    suspects = [index for index, (cell, path) in pairs if not path.endswith(expected_ends[cell])]
    violations = []
    for index in suspects:
        cell, url = cells[index], urls[index]
        if not cell:
            extensions[index] = extension_of(url) or default.strip().lstrip(".").lower()
        if cell or default:
            violation = _violation_of(extensions[index], url)
        else:
            violation = None if extensions[index] else _missing_extension(url)
        is_missing = violation is not None and violation.code == _MISSING.code
        if violation and not (is_missing and index in rows_without_url):
            violations.append((index, violation))
    return extensions, violations


def _missing_extension(url: str) -> Violation:
    """Return the violation of a row without an extension. It is about the end of the URL."""
    suffix = suffix_of(url)
    description = describe_file_type(suffix)
    if description:
        reason = f"the source URL ends in .{suffix}, which the platform does not accept"
        return _MISSING._replace(reason=reason, hint=description)
    is_folder = url.partition("#")[0].partition("?")[0].endswith("/")
    return _FOLDER if is_folder else _MISSING


def _violation_of(extension: str, url: str) -> Violation | None:
    if extension not in ACCEPTED_EXTENSIONS:
        return _unknown_extension(extension)
    suffix = suffix_of(url)
    is_file_suffix = suffix in ACCEPTED_EXTENSIONS or suffix in OTHER_EXTENSIONS
    if not is_file_suffix or _SAME_FORMAT.get(suffix, suffix) == extension:
        return None
    return warning(
        "extension-contradiction",
        f"the extension is {extension}, but the source URL ends in .{suffix}",
        f"{describe_file_type(suffix) or 'Correct whichever is wrong.'} It is sent as {extension}.",
    )


def _unknown_extension(extension: str) -> Violation:
    usual_name = _OTHER_NAMES.get(extension, "")
    if usual_name:
        hint = f"Write {usual_name}."
    else:
        hint = describe_file_type(extension) or f"Known are {_ACCEPTED_NAMES}."
    reason = "the extension is not one of a known video format"
    return Violation("extension-unknown", reason, hint, fix=usual_name)
