"""Runs a command on a pseudo-terminal, and answers its questions as a user would."""

import os
import select
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

#: Seconds within which a command must print something; long, because the machine may be busy.
_MAX_SILENCE_SECONDS = 60


@dataclass(frozen=True)
class Dialog:
    """The text on the screen, and the exit code of the command."""

    screen: str
    code: int


def dialog(
    arguments: Sequence[str],
    answers: Sequence[tuple[str, str]],
    folder: Path,
    environ: Mapping[str, str],
) -> Dialog:
    """Run a program on a new terminal until it ends.

    Args:
        answers: pairs of the last words of a question, and the text that is typed as its answer,
            in the order of the questions.
    """
    import pty  # noqa: PLC0415  (Windows has none)

    pid, screen = pty.fork()
    if pid == 0:
        # A shell that starts the tests in the background lets them ignore Ctrl-C.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.chdir(folder)
        os.execvpe(arguments[0], list(arguments), dict(environ))
    text, remaining_answers = "", list(answers)
    while new_text := _read(screen, text):
        text += new_text
        if remaining_answers and remaining_answers[0][0] in text.splitlines()[-1]:
            _, answer = remaining_answers.pop(0)
            os.write(screen, f"{answer}\n".encode())
            text += "\n"
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    os.close(screen)
    assert not remaining_answers, f"not asked: {remaining_answers[0][0]}\n{text}"
    return Dialog(text, code)


def _read(screen: int, text: str) -> str:
    """Return the next text that the command prints; empty after its end."""
    ready, _, _ = select.select([screen], [], [], _MAX_SILENCE_SECONDS)
    assert ready, f"the command waits for an answer that the test does not give:\n{text}"
    try:
        return os.read(screen, 65_536).decode()
    except OSError:  # Linux: the other end is closed
        return ""
