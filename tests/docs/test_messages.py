"""docs/troubleshooting.md explains all messages of errors, and only messages that exist.

A message is explained if a heading of the page quotes it. Some messages need no explanation.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from pages import ROOT, Page

from batch_import import errors
from batch_import.errors import Interrupted, ManifestError, RunFault, UsageError

PAGE = Page(ROOT / "docs/troubleshooting.md")
#: Messages of other programs: of the shell, and of SQLite after the name of the file.
OTHERS = {
    "batch-import: command not found",
    "…: database or disk is full.",
    "…: attempt to write a readonly database.",
    "…: database is locked.",
    "…: database disk image is malformed.",
}
#: Messages that, with their hints, need no explanation.
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
    "…: ….",  # any message of SQLite; the page has the usual ones
}
#: Minimum number of letters of an error's message. A shorter one, such as `…: ….`, would fit any
#: heading.
MIN_MESSAGE_LETTERS = 6
#: The same for other texts of the program; there are many more of these.
MIN_TEXT_LETTERS = 15


@dataclass(frozen=True)
class Message:
    """The message of an error, where `…` replaces each value.

    Attributes:
        fault: class of the error.
    """

    fault: type[RunFault]
    text: str
    has_hint: bool

    @property
    def is_self_explanatory(self) -> bool:
        """Whether the message names an option or a file with a hint, or needs no explanation."""
        is_about_usage = issubclass(self.fault, (UsageError, Interrupted))
        has_manifest_hint = issubclass(self.fault, ManifestError) and self.has_hint
        return is_about_usage or has_manifest_hint or self.text in SELF_EXPLANATORY


def quoted_texts() -> list[str]:
    """Return the texts in the headings of the page that are messages or names of statuses."""
    return [code for heading in PAGE.headings for code in re.findall(r"`([^`]+)`", heading)]


@cache
def syntax_nodes() -> list[ast.AST]:
    """Return the syntax nodes of the whole program."""
    paths = (ROOT / "batch_import").rglob("*.py")
    return [node for path in paths for node in ast.walk(ast.parse(path.read_text("utf-8")))]


def text_of(node: ast.AST) -> str:
    """Return the text of a string or f-string, with `…` for each value; empty for other nodes."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        parts = (part.value if isinstance(part, ast.Constant) else "…" for part in node.values)
        return "".join(map(str, parts))
    return ""


def messages() -> Iterator[Message]:
    """Yield the message of every error that the code can raise."""
    for node in syntax_nodes():
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            fault = getattr(errors, node.func.id, None)
            if isinstance(fault, type) and issubclass(fault, RunFault):
                has_hint = len(node.args) > 1 or bool(node.keywords)
                yield Message(fault, text_of(node.args[0]), has_hint)


def is_quoted_by(heading: str, text: str, min_letters: int) -> bool:
    """Whether a heading quotes a text exactly, with any values instead of `…`.

    False if the text has fewer letters than the minimum.
    """
    pattern = ".*".join(map(re.escape, text.split("…")))
    return len(re.findall(r"\w", text)) >= min_letters and bool(re.fullmatch(pattern, heading))


def exists(heading: str, texts: set[str]) -> bool:
    """Whether a heading quotes an error's message, another text, or another program's message."""
    return (
        heading in OTHERS | texts
        or any(is_quoted_by(heading, each.text, MIN_MESSAGE_LETTERS) for each in messages())
        or any(is_quoted_by(heading, text, MIN_TEXT_LETTERS) for text in texts)
    )


def test_every_message_that_is_explained_exists() -> None:
    texts = set(filter(None, map(text_of, syntax_nodes())))
    for heading in quoted_texts():
        assert exists(heading, texts), f"no text of the program reads: {heading}"


def test_every_error_is_explained_or_self_explanatory() -> None:
    headings = quoted_texts()
    unexplained = {
        message.text
        for message in messages()
        if not message.is_self_explanatory
        and not any(
            is_quoted_by(heading, message.text, MIN_MESSAGE_LETTERS) for heading in headings
        )
    }
    assert not unexplained, "neither in docs/troubleshooting.md nor in SELF_EXPLANATORY"


def test_self_explanatory_messages_exist_and_are_not_explained() -> None:
    assert {message.text for message in messages()} >= SELF_EXPLANATORY
    for heading in quoted_texts():
        assert heading not in SELF_EXPLANATORY


def test_every_error_has_a_message() -> None:
    assert all(message.text for message in messages())
