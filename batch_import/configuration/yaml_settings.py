"""Read a small YAML file of settings: its entries with their line numbers.

Values stay texts; no dates, numbers or objects are created. Error messages show the line and never
the content, which may be a secret. This module must not know what the keys mean.
"""

import os
import shlex
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from batch_import.errors import UsageError

#: Maximum number of bytes of a settings file: far more than all settings with comments need.
_LARGEST: Final = 1_000_000
#: Exceptions of PyYAML for invalid YAML. A number in an escape or a directive may be too large for
#: Python, and brackets may be nested deeper than Python's stack.
_UNREADABLE: Final = (yaml.YAMLError, ValueError, OverflowError, RecursionError)
_FIX: Final = (
    "Indents are spaces, not tabs; brackets and quotes are closed; a text that holds “: ” or “ #”,"
    " or begins with one of *&!%@`[{>|, is quoted."
)


@dataclass(frozen=True, slots=True)
class Entry:
    """A key and its value.

    Attributes:
        line: line number of the key, from 1.
        value: node of the value, with its source text.
    """

    key: str
    line: int
    value: yaml.Node

    @property
    def scalar(self) -> str | None:
        """The text of a single value; None if the value is a list, a mapping, or empty."""
        return scalar(self.value)


def read_entries(name: str, content: bytes) -> list[Entry]:
    """Parse the entries of a file. An empty file has no entries.

    Args:
        name: name of the file, for messages.

    Raises:
        UsageError: it is not YAML, not a mapping, or has a key twice.
    """
    try:
        root = yaml.compose(content.decode("utf-8-sig"), Loader=yaml.SafeLoader)
    except UnicodeDecodeError:
        raise UsageError(f"{name} is not in UTF-8.", "Save it as UTF-8.") from None
    except _UNREADABLE as error:
        raise UsageError(f"{name} is not valid YAML{_place(error)}.", _FIX) from None
    return [] if root is None or is_null(root) else entries_of(name, root)


def entries_of(name: str, node: yaml.Node) -> list[Entry]:
    """The entries of a mapping node.

    Raises:
        UsageError: the node is not a mapping, or has a key twice.
    """
    if not isinstance(node, yaml.MappingNode):
        raise UsageError(
            f"{name}, line {_line(node)}: this is not a mapping.", "A line is KEY: VALUE"
        )
    entries: dict[str, Entry] = {}
    for key, value in node.value:
        text, line = scalar(key), _line(key)
        if text is None:
            raise UsageError(f"{name}, line {line}: a key must be a text.", "A line is KEY: VALUE")
        if text in entries:
            raise UsageError(
                f"{name}, line {line}: this key is already on line {entries[text].line}.",
                "Remove one of the two.",
            )
        entries[text] = Entry(text, line, value)
    return list(entries.values())


def scalar(node: yaml.Node) -> str | None:
    """The source text of a single value; None if the node is anything else, or empty."""
    if not isinstance(node, yaml.ScalarNode) or is_null(node):
        return None
    text: str = node.value
    return text


def is_null(node: yaml.Node) -> bool:
    """Whether a node is empty, `null` or `~`."""
    return bool(node.tag == "tag:yaml.org,2002:null")


def read_bytes(path: Path, *, private: bool = False) -> bytes:
    """Read a text file.

    Args:
        private: refuse a file that other users can read. Not checked on Windows.

    Raises:
        UsageError: the file does not exist, cannot be read, is too large, or is not private.
    """
    try:
        with path.open("rb") as file:
            if private and os.name == "posix":
                _refuse_open(path, os.fstat(file.fileno()).st_mode)
            content = file.read(_LARGEST + 1)
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} cannot be read: {_said(error)}.") from None
    if len(content) > _LARGEST:
        raise UsageError(f"{path} cannot be read: it is larger than {_LARGEST // 1_000_000} MB.")
    return content


def _refuse_open(path: Path, mode: int) -> None:
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise UsageError(
            f"{path} holds credentials, and others can reach it (mode {stat.S_IMODE(mode):o}).",
            f"Run: chmod 600 {shlex.quote(str(path))}",
        )


def _said(error: OSError | ValueError) -> str:
    return getattr(error, "strerror", None) or str(error)


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _place(error: Exception) -> str:
    mark: Any = getattr(error, "problem_mark", None)
    return f" on line {mark.line + 1}, column {mark.column + 1}" if mark else ""
