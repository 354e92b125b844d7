"""Command lines for users to copy, quoted for the shell of the operating system."""

import os
from collections.abc import Sequence


def command_line(parts: Sequence[str], *, windows: bool = os.name == "nt") -> str:
    """Returns a command with its arguments, each quoted if necessary.

    The shells of Windows know only double quotes, and do not treat a backslash as special.
    """
    if windows:
        import subprocess

        return subprocess.list2cmdline(parts)
    import shlex

    return shlex.join(parts)
