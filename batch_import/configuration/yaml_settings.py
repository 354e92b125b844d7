"""Read a YAML file of settings: its entries with their line numbers.

An entry is one `KEY: VALUE` of a mapping. Values stay texts; no dates, numbers or objects are
created. Error messages show the line and never the content, because it may be a secret. This module
must not know what the keys mean.
"""

import os
import shlex
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from batch_import.errors import UsageError

#: Maximum size of a settings file, in bytes: far more than all settings with comments need.
_MAX_FILE_BYTES: Final = 1_000_000
#: Exceptions that PyYAML raises for invalid YAML. A number in an escape or a directive may be too
#: large for Python, and brackets may be nested deeper than Python's stack.
_YAML_ERRORS: Final = (yaml.YAMLError, ValueError, OverflowError, RecursionError)
_SYNTAX_HINT: Final = (
    "Indent with spaces, not tabs; close brackets and quotes; put a text into quotes if it contains"
    " “: ” or “ #”, or begins with one of *&!%@`[{>|."
)


_LINE_HINT: Final = "Each line must be KEY: VALUE"


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
        """The value as a text; None if the value is a list, a mapping, or empty."""
        return scalar_text(self.value)


def read_entries(name: str, content: bytes) -> list[Entry]:
    """Parse the entries of a file. An empty file has no entries.

    Args:
        name: name of the file, for messages.
        content: all bytes of the file.

    Raises:
        UsageError: the file is not YAML or not a mapping, or has a key twice.
    """
    try:
        root = yaml.compose(content.decode("utf-8-sig"), Loader=yaml.SafeLoader)
    except UnicodeDecodeError:
        raise UsageError(f"{name} is not in UTF-8.", "Save it as UTF-8.") from None
    except _YAML_ERRORS as error:
        raise UsageError(f"{name} is not valid YAML{_position(error)}.", _SYNTAX_HINT) from None
    return [] if root is None or is_null(root) else mapping_entries(name, root)


def mapping_entries(name: str, node: yaml.Node) -> list[Entry]:
    """Returns the entries of a mapping node, in the order of the file.

    Args:
        name: name of the file, for messages.

    Raises:
        UsageError: the node is not a mapping, or has a key twice.
    """
    if not isinstance(node, yaml.MappingNode):
        raise UsageError(f"{name}, line {_line(node)}: this is not a mapping.", _LINE_HINT)
    entries: dict[str, Entry] = {}
    for key, value in node.value:
        text, line = scalar_text(key), _line(key)
        if text is None:
            raise UsageError(f"{name}, line {line}: a key must be a text.", _LINE_HINT)
        if text in entries:
            raise UsageError(
                f"{name}, line {line}: this key is already on line {entries[text].line}.",
                "Remove one of the two.",
            )
        entries[text] = Entry(text, line, value)
    return list(entries.values())


def scalar_text(node: yaml.Node) -> str | None:
    """Returns the text of a scalar node; None if the node is a list, a mapping, or empty."""
    if not isinstance(node, yaml.ScalarNode) or is_null(node):
        return None
    text: str = node.value
    return text


def is_null(node: yaml.Node) -> bool:
    """Whether a node is empty, `null` or `~`."""
    return bool(node.tag == "tag:yaml.org,2002:null")


def read_bytes(path: Path, *, private: bool = False) -> bytes:
    """Read a settings file.

    Args:
        private: whether to refuse a file that other users can access. Not checked on Windows.

    Raises:
        UsageError: the file does not exist, cannot be read, is too large, or is not private.
    """
    try:
        with path.open("rb") as file:
            if private and os.name == "posix":
                _refuse_shared(path, os.fstat(file.fileno()).st_mode)
            content = file.read(_MAX_FILE_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UsageError(f"{path} cannot be read: {reason}.") from None
    if len(content) > _MAX_FILE_BYTES:
        megabytes = _MAX_FILE_BYTES // 1_000_000
        raise UsageError(f"{path} cannot be read: it is larger than {megabytes} MB.")
    return content


def _refuse_shared(path: Path, mode: int) -> None:
    """Raise an error if the mode of a file gives access to other users."""
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise UsageError(
            f"{path} contains credentials, but other users can access it"
            f" (mode {stat.S_IMODE(mode):o}).",
            f"Run: chmod 600 {shlex.quote(str(path))}",
        )


def _line(node: yaml.Node) -> int:
    """Returns the line number of a node, from 1."""
    return int(node.start_mark.line) + 1


def _position(error: Exception) -> str:
    """Returns where the YAML is invalid, as the end of a sentence; empty if PyYAML does not say."""
    mark: Any = getattr(error, "problem_mark", None)
    return f" on line {mark.line + 1}, column {mark.column + 1}" if mark else ""
