"""Validate settings of how a manifest is read. No I/O.

A value that is not valid raises a `ValueError`, as in `value_types.py`.
"""

import codecs
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from batch_import.addresses.urls import parse
from batch_import.configuration import value_types
from batch_import.configuration.value_types import ValueType, shortened
from batch_import.errors import find_similar


def checked_encoding(text: str) -> str:
    """Validate the name of a text encoding, and return Python's name for this encoding."""
    try:
        codec = codecs.lookup(text)
        "".encode(codec.name)  # raises LookupError if the codec is not for texts
    except (LookupError, ValueError):
        raise ValueError(f"{shortened(text)} is not an encoding, such as cp1251") from None
    return codec.name


def checked_folder_url(text: str) -> str:
    """Validate the URL of a folder, and return it with a final `/`."""
    url = parse(text)
    if url is None or url.query or "#" in text:
        raise ValueError(f"{shortened(text)} is not of the form https://host/folder/")
    return text if text.endswith("/") else f"{text}/"


@dataclass(eq=False, repr=False)
class ProblemCodesType(ValueType):
    """A list of problem codes that the user turns off, separated by commas.

    Only the codes in `OVERRULABLE` can be turned off.
    """

    metavar: str = "CODE,…"

    def parse(self, text: str) -> Any:
        """As in `ValueType`."""
        return self.check(value_types.split_line_at_commas(value_types.checked_text(text)))

    def check(self, value: Any) -> Any:
        """As in `ValueType`."""
        from batch_import.problem_codes import CODES, OVERRULABLE

        if isinstance(value, str) or not isinstance(value, Sequence):
            raise ValueError(f"{shortened(value)} is not a sequence of codes")  # noqa: TRY004
        for name in map(value_types.checked_text, value):
            if name not in CODES:
                similar = find_similar(name, OVERRULABLE)
                suggestion = f"; did you mean {similar}?" if similar else ""
                raise ValueError(f"{shortened(name)} is not the code of a problem{suggestion}")
            if name not in OVERRULABLE:
                overrulable = ", ".join(sorted(OVERRULABLE))
                raise ValueError(
                    f"{shortened(name)} cannot be turned off; these codes can: {overrulable}"
                )
        return tuple(value)
