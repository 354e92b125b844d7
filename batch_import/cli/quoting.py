"""Command lines to be copied, as the system's shell takes them."""

import os
from collections.abc import Sequence


def command_line(parts: Sequence[str], *, windows: bool = os.name == "nt") -> str:
    """A command with its arguments, each quoted where it has to be.

    Windows' shells know double quotes alone, and take a backslash for what it is.
    """
    if windows:
        import subprocess

        return subprocess.list2cmdline(parts)
    import shlex

    return shlex.join(parts)
