"""The messages that the documentation explains are the program's, and none is left unexplained."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from pages import ROOT, Page

from batch_import import errors
from batch_import.errors import Interrupted, ManifestError, RunFault, UsageError

TROUBLES = Page(ROOT / "docs/troubleshooting.md")
#: Said by other programs: the shell, and SQLite behind the state file's name.
OTHERS = {
    "batch-import: command not found",
    "…: database or disk is full.",
    "…: attempt to write a readonly database.",
    "…: database is locked.",
    "…: database disk image is malformed.",
}
#: Messages that say all there is to say, together with their hints.
SELF_EXPLANATORY = {
    "Stopped at …, as requested.",
    "Cannot connect to the embed pages: ….",
    "… of the previous demo cannot be deleted: ….",
    "The platform does not list its videos: ….",
    "The manifest has … problem…, and … allows none. Nothing was sent.",
    "The sandbox's saved videos cannot be read.",
    "… cannot be read as a sandbox's videos: ….",
    "… cannot be read: ….",
    "… is not a state file of batch-import.",
    "… was written by an older batch-import.",
    "… was written by a newer batch-import.",
    "… was prepared by an older batch-import.",
    "… was prepared by a newer batch-import.",
    "… is not prepared for batch-import.",
    "… has no queue of jobs.",
    "No job … was submitted to ….",
    "The job … belongs to the account …, not to ….",
    "The job … is in the queue already, or is running.",
    "Another command has just put the job into the queue.",
    "There is a job at … already.",
    "The state of this job was moved to ….",
    "The state of … is a file.",
    "…: the sessions of its last run cannot be ended.",
    "…: ….",  # what SQLite says; the page has its usual words
}
#: A fault with fewer letters of its own fits anything, …
FEW = 6
#: … and so does any other text with fewer than these, of which there are many more.
MANY = 15


@dataclass(frozen=True)
class Message:
    """What a fault says; `…` stands for what varies."""

    fault: type[RunFault]
    words: str
    has_hint: bool

    @property
    def explains_itself(self) -> bool:
        """Whoever reads it asked for it, or is told what to do with flag or file."""
        asked = issubclass(self.fault, (UsageError, Interrupted))
        printed = issubclass(self.fault, ManifestError) and self.has_hint
        return asked or printed or self.words in SELF_EXPLANATORY


def quoted() -> list[str]:
    """The headings' words that are messages, or stand for statuses."""
    return [code for heading in TROUBLES.headings for code in re.findall(r"`([^`]+)`", heading)]


@cache
def nodes() -> list[ast.AST]:
    """The whole program."""
    paths = (ROOT / "batch_import").rglob("*.py")
    return [node for path in paths for node in ast.walk(ast.parse(path.read_text("utf-8")))]


def words_of(node: ast.AST) -> str:
    """A text of the code, `…` in the place of each value; empty for anything else."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        parts = (part.value if isinstance(part, ast.Constant) else "…" for part in node.values)
        return "".join(map(str, parts))
    return ""


def messages() -> Iterator[Message]:
    """Every fault that the code can raise."""
    for node in nodes():
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            fault = getattr(errors, node.func.id, None)
            if isinstance(fault, type) and issubclass(fault, RunFault):
                hinted = len(node.args) > 1 or bool(node.keywords)
                yield Message(fault, words_of(node.args[0]), hinted)


def fits(heading: str, words: str, letters: int) -> bool:
    """Whether a heading quotes a text: to the letter, but for what varies."""
    pattern = ".*".join(map(re.escape, words.split("…")))
    return len(re.findall(r"\w", words)) >= letters and bool(re.fullmatch(pattern, heading))


def test_every_message_that_is_explained_exists() -> None:
    texts = {words for node in nodes() if (words := words_of(node))}
    for heading in quoted():
        known = heading in OTHERS | texts
        known = known or any(fits(heading, message.words, FEW) for message in messages())
        known = known or any(fits(heading, text, MANY) for text in texts)
        assert known, f"no text of the program reads: {heading}"


def test_every_fault_is_explained_or_explains_itself() -> None:
    headings = quoted()
    left = {
        message.words
        for message in messages()
        if not message.explains_itself
        and not any(fits(heading, message.words, FEW) for heading in headings)
    }
    assert not left, "neither in docs/troubleshooting.md nor in SELF_EXPLANATORY"


def test_what_explains_itself_exists_and_is_not_explained_as_well() -> None:
    said = {message.words for message in messages()}
    assert said >= SELF_EXPLANATORY
    for heading in quoted():
        assert heading not in SELF_EXPLANATORY


def test_every_fault_says_something() -> None:
    assert all(message.words for message in messages())
