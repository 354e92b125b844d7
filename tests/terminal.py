"""A person at a terminal: what a command asks is read from it, and answered."""

import os
import select
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

#: Seconds in which a command must say something: generous, for a busy machine.
_PATIENCE = 60


@dataclass(frozen=True)
class Dialog:
    """What was on the screen, and how the command ended."""

    screen: str
    code: int


def dialog(
    arguments: Sequence[str],
    answers: Sequence[tuple[str, str]],
    folder: Path,
    environ: Mapping[str, str],
) -> Dialog:
    """Run a program on a terminal of its own.

    Args:
        answers: in their order: the end of a question, and what is typed.
    """
    import pty  # noqa: PLC0415  (Windows has none)

    pid, screen = pty.fork()
    if pid == 0:
        os.chdir(folder)
        os.execvpe(arguments[0], list(arguments), dict(environ))
    text, left = "", list(answers)
    while piece := _read(screen, text):
        text += piece
        if left and left[0][0] in text.splitlines()[-1]:
            os.write(screen, f"{left.pop(0)[1]}\n".encode())
            text += "\n"
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    os.close(screen)
    assert not left, f"not asked: {left[0][0]}\n{text}"
    return Dialog(text, code)


def _read(screen: int, text: str) -> str:
    """What comes next; empty at the end."""
    ready, _, _ = select.select([screen], [], [], _PATIENCE)
    assert ready, f"the command waits for an answer that the test does not give:\n{text}"
    try:
        return os.read(screen, 65_536).decode()
    except OSError:  # Linux: the other end is closed
        return ""
