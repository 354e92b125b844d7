"""Command lines for users to copy, quoted for the shell of the operating system."""

import os
from collections.abc import Sequence


def command_line(parts: Sequence[str], *, windows: bool = os.name == "nt") -> str:
    """Join a command and its arguments, each quoted if necessary.

    Args:
        windows: whether to quote for the shells of Windows: they know only double quotes, and a
            backslash is not special for them.
    """
    if windows:
        import subprocess

        return subprocess.list2cmdline(parts)
    import shlex

    return shlex.join(parts)
