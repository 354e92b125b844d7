"""Command lines for users to copy, quoted for the shell of the operating system."""

import os
from collections.abc import Sequence
from typing import Final

#: Punctuation marks that may follow a command line in a sentence.
_PUNCTUATION: Final = (".", ",", ":", ";")


def command_line(parts: Sequence[str], *, windows: bool = os.name == "nt") -> str:
    """Join a command and its arguments, each quoted if necessary.

    An argument that ends in a punctuation mark is quoted, too, because the mark could be mistaken
    for a part of the sentence around it.

    Args:
        windows: whether to quote for the shells of Windows: they know only double quotes, and a
            backslash is not special for them.
    """
    if windows:
        import subprocess

        quoted = [(part, subprocess.list2cmdline([part])) for part in parts]
        quote = '"'
    else:
        import shlex

        quoted = [(part, shlex.quote(part)) for part in parts]
        quote = "'"
    return " ".join(
        f"{quote}{part}{quote}" if part == text and part.endswith(_PUNCTUATION) else text
        for part, text in quoted
    )
