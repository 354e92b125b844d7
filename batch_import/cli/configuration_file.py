"""Read the configuration file: the validated value of each option, with its line.

The values have the same form as on the command line. This module must not know the commands, nor
whether a flag overrides a value.
"""

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from batch_import.cli.options import OPTIONS
from batch_import.configuration import value_types
from batch_import.configuration.declaration import Setting
from batch_import.configuration.yaml_settings import (
    Entry,
    is_null,
    mapping_entries,
    read_bytes,
    read_entries,
    scalar_text,
)
from batch_import.errors import UsageError, find_similar

#: Key in the file → its option.
_OPTIONS_BY_KEY: Final = {
    option.key: option for option in OPTIONS.values() if option.name != "config"
}
#: Parts of the names of secrets, in lower case and without dashes.
_SECRET_NAMES: Final = ("accesskey", "apikey", "password", "passwd", "secret", "token")


@dataclass(frozen=True, slots=True)
class FileValue:
    """A value of the file.

    Attributes:
        value: a text; a list of texts if the option can be repeated; a bool if it is a switch.
        position: file and line, for messages.
    """

    value: Any
    position: str


def read_config(path: Path) -> dict[str, FileValue]:
    """Read the configuration file. Returns the values by the names of their settings.

    Raises:
        UsageError: the file cannot be read, or has an unknown option or a value that is not valid.
    """
    file_name = str(path)
    values = {}
    for entry in read_entries(file_name, read_bytes(path)):
        position = f"{file_name}, line {entry.line}"
        option = _OPTIONS_BY_KEY.get(entry.key)
        if option is None:
            raise _unknown_key_error(position, entry.key)
        value = _validated_value(option, file_name, position, entry)
        values[option.name] = FileValue(value, position)
    return values


def _validated_value(option: Setting, file_name: str, position: str, entry: Entry) -> Any:
    """Returns the value of an option. Raises `UsageError` if the value is not valid."""
    try:
        value = _read_value(option, file_name, entry.value)
        items = value if isinstance(value, list) else [value]
        for item in items:
            if isinstance(item, str):
                option.value_type.parse(item)
    except ValueError as error:
        raise UsageError(f"{position}: {entry.key}: {error}.") from None
    return value


def _unknown_key_error(position: str, key: str) -> UsageError:
    folded = "".join(filter(str.isalnum, key.lower()))
    if any(name in folded for name in _SECRET_NAMES):
        return UsageError(
            f"{position}: credentials must not be in this file, because you may share the file.",
            "Put them into the environment, the keyring, or a separate file, and name that file"
            " with credentials: FILE.",
        )
    similar = find_similar(key.lower().replace("_", "-"), _OPTIONS_BY_KEY)
    return UsageError(
        f"{position}: {key!r} is not an option.",
        f"Did you mean {similar!r}?" if similar else "batch-import config lists the options.",
    )


def _read_value(option: Setting, file_name: str, node: yaml.Node) -> Any:
    """Returns the value of an option, in the form that it has on the command line."""
    if option.is_switch:
        return option.value_type.parse(_text(node))
    if option.multiple:
        return list(_texts(file_name, node))
    is_name_list = isinstance(option.value_type, value_types.NameListType)
    if is_name_list and not isinstance(node, yaml.ScalarNode):
        return _join_with_commas(_texts(file_name, node))
    return _text(node)


def _texts(file_name: str, node: yaml.Node) -> Iterator[str]:
    """Yield the items of a list, the entries of a mapping as `NAME=VALUE`, or a single text."""
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            if isinstance(item, yaml.MappingNode):
                yield from _texts(file_name, item)
            else:
                yield "" if is_null(item) else _text(item)
    elif isinstance(node, yaml.MappingNode):
        for entry in mapping_entries(file_name, node):
            if "=" in entry.key:
                raise ValueError(f"{entry.key!r} has an = in it")
            yield f"{entry.key}={_bracketed_text(entry.value) or _text(entry.value)}"
    else:
        yield _text(node)


def _bracketed_text(node: yaml.Node) -> str:
    """Returns the YAML text of a list in brackets, such as `[5, 60]`; otherwise an empty text.

    Some knobs of the sandbox have such a value.
    """
    file_text = node.start_mark.buffer
    if not (file_text and getattr(node, "flow_style", False)):
        return ""
    return str(file_text[node.start_mark.index : node.end_mark.index])


def _text(node: yaml.Node) -> str:
    """Returns the text of a single value. Raises `ValueError` if it is anything else."""
    text = scalar_text(node)
    if text is None:
        raise ValueError("exactly one value belongs here")
    return text


def _join_with_commas(texts: Iterable[str]) -> str:
    """Join texts by commas. A text with a comma is enclosed in double quotes."""
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(texts)
    return line.getvalue()
