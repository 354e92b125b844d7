"""Validate the settings that say how a manifest is read. No I/O.

A value that is not valid raises a `ValueError`, as in `kinds.py`.
"""

import codecs
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from batch_import.addresses.urls import parse
from batch_import.configuration import kinds
from batch_import.configuration.kinds import ValueType, shortened
from batch_import.errors import find_similar


def encoding(text: str) -> str:
    """Validate the name of a text encoding, and return Python's name for this encoding."""
    try:
        found = codecs.lookup(text)
        "".encode(found.name)
    except (LookupError, ValueError):
        raise ValueError(f"{shortened(text)} is not an encoding, such as cp1251") from None
    return found.name


def folder_url(text: str) -> str:
    """Validate the URL of a folder, and make it end in `/`."""
    url = parse(text)
    if url is None or url.query or "#" in text:
        raise ValueError(f"{shortened(text)} is not of the form https://host/folder/")
    return text if text.endswith("/") else f"{text}/"


@dataclass(eq=False, repr=False)
class OverrulableCodes(ValueType):
    """A list of problem codes that the user may turn off, separated by commas."""

    metavar: str = "CODE,…"

    def parse(self, text: str) -> Any:
        """As in `ValueType`."""
        return self.check(kinds.parts_of_line(kinds.clean(text)))

    def check(self, value: Any) -> Any:
        """As in `ValueType`."""
        from batch_import.problem_codes import CODES, OVERRULABLE

        if isinstance(value, str) or not isinstance(value, Sequence):
            raise ValueError(f"{shortened(value)} is not a sequence of codes")  # noqa: TRY004
        for name in map(kinds.clean, value):
            if name not in CODES:
                near = find_similar(name, OVERRULABLE)
                meant = f"; did you mean {near}?" if near else ""
                raise ValueError(f"{shortened(name)} is not the code of a problem{meant}")
            if name not in OVERRULABLE:
                allowed = ", ".join(sorted(OVERRULABLE))
                raise ValueError(f"{shortened(name)} cannot be allowed; these can: {allowed}")
        return tuple(value)
