"""A stable referenceId for a row that has none. Pure: text in, text out.

This file must not know rows, columns or what else the manifest holds.
"""

import hashlib

from batch_import.masking import parameter_name, signing_parameters

_PREFIX = "bi-"
_DIGITS = 20


def unsigned(url: str) -> str:
    """Take the signature out of a URL's query; keep all else, to the letter.

    Storage signs a URL anew at each export: a new date, a new signature, the same video. If the
    signature counted, a manifest exported again would be full of new rows, and every video
    would be imported twice.
    """
    main, hash_mark, fragment = url.partition("#")
    address, _, query = main.partition("?")
    parts = query.split("&")
    signing = signing_parameters(map(parameter_name, parts))
    kept = [part for part in parts if parameter_name(part) not in signing]
    if len(kept) == len(parts):
        return url
    question = "?" + "&".join(kept) if kept else ""
    return address + question + hash_mark + fragment


def made_reference(url: str, nth: int = 1) -> str:
    """Make the referenceId of the nth row (from 1) that has this URL.

    It is the same in every run and on every machine, so that a run after a crash, or a later
    edition of the manifest, finds the videos of the first one.
    """
    # A lone surrogate cannot come out of UTF-8, but another format may hold one.
    content = unsigned(url).encode("utf-8", "surrogatepass")
    base = _PREFIX + hashlib.sha256(content).hexdigest()[:_DIGITS]
    return base if nth == 1 else f"{base}-{nth}"
