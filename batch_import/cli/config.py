"""Which value each option has, and where it comes from.

Flags win over the environment, the environment over the configuration file, that over the
default. A flag replaces all that the others say of its option. This file must not know the
commands, nor what an option is for.
"""

import argparse
import csv
import io
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from batch_import.cli.options import CONFIG, OPTIONS, Option
from batch_import.cli.words import did_you_mean
from batch_import.errors import UsageError

if TYPE_CHECKING:
    import yaml

    from batch_import.entries import Entry

#: Origins of values. Others are the name of an environment variable, or a file and its line.
FLAG: Final = "flag"
DEFAULT: Final = "default"

_KEYS: Final = {option.name: option for option in OPTIONS if option.name != "config"}
_SWITCHES: Final = {
    **dict.fromkeys(("true", "yes", "on"), True),
    **dict.fromkeys(("false", "no", "off"), False),
}
#: What the names of secrets hold, without their dashes.
_SECRET: Final = ("accesskey", "apikey", "password", "passwd", "secret", "token")


@dataclass(frozen=True, slots=True)
class Told:
    """A value, and where it comes from."""

    value: Any
    origin: str


def in_force(
    options: Iterable[Option],
    flags: Mapping[str, Any],
    in_file: Mapping[str, Told],
    environ: Mapping[str, str] = os.environ,
) -> dict[str, Told]:
    """The value of each option, by name.

    Args:
        flags: values of the flags that were given, by attribute.

    Raises:
        UsageError: a variable holds what the option does not take.
    """
    return {option.name: _told(option, flags, in_file, environ) for option in options}


def _told(
    option: Option,
    flags: Mapping[str, Any],
    in_file: Mapping[str, Told],
    environ: Mapping[str, str],
) -> Told:
    if option.attribute in flags:
        return Told(flags[option.attribute], FLAG)
    if text := environ.get(option.variable, "").strip():
        try:
            return Told(option.read(text), option.variable)
        except argparse.ArgumentTypeError as error:
            raise UsageError(f"{option.variable}: {error}.") from None
    if option.name in in_file:
        return in_file[option.name]
    return Told([] if option.kind == "list" else option.default, DEFAULT)


def read_config(named: Path | None) -> dict[str, Told]:
    """What the configuration file says, by the names of options.

    Args:
        named: the file; None for the usual one, which may be missing.

    Raises:
        UsageError: the file cannot be read, or something in it is wrong.
    """
    if named is None and not CONFIG.exists():
        return {}
    # A command starts faster without it.
    from batch_import.entries import read_bytes, read_entries

    path = str(named or CONFIG)
    entries = read_entries(path, read_bytes(Path(path)))
    return {entry.key: Told(_value(path, entry), f"{path}, line {entry.line}") for entry in entries}


def _value(path: str, entry: "Entry") -> Any:
    place = f"{path}, line {entry.line}"
    option = _KEYS.get(entry.key)
    if option is None:
        raise _unknown(place, entry.key)
    try:
        return _read(option, path, entry.value)
    except argparse.ArgumentTypeError as error:
        raise UsageError(f"{place}: {entry.key}: {error}.") from None


def _unknown(place: str, key: str) -> UsageError:
    folded = "".join(filter(str.isalnum, key.lower()))
    if any(word in folded for word in _SECRET):
        return UsageError(
            f"{place}: credentials do not belong here; they would go where this file goes.",
            "Put them into the environment, the keyring, or a file of their own that"
            " credentials: FILE names.",
        )
    return UsageError(
        f"{place}: {key!r} is no option.",
        did_you_mean(key.lower().replace("_", "-"), _KEYS)
        or "The options are those of: batch-import config",
    )


def _read(option: Option, path: str, node: "yaml.Node") -> Any:
    if option.kind in ("value", "flag", "switch"):
        text = _text(node)
        return option.read(text) if option.kind == "value" else _switch(text)
    texts = list(_texts(path, node))
    if option.kind == "list":
        return [option.read(text) for text in texts]
    return option.read(texts[0] if _is_single(node) else _with_commas(texts))


def _switch(text: str) -> bool:
    if text.lower() not in _SWITCHES:
        raise argparse.ArgumentTypeError(f"{text!r} is neither true nor false")
    return _SWITCHES[text.lower()]


def _texts(path: str, node: "yaml.Node") -> Iterator[str]:
    """The parts of a list, `NAME=VALUE` for those of a mapping; or the one text there is."""
    from yaml import MappingNode, SequenceNode

    if isinstance(node, SequenceNode):
        for item in node.value:
            yield from _texts(path, item) if isinstance(item, MappingNode) else [_part(item)]
    elif isinstance(node, MappingNode):
        from batch_import.entries import entries_of

        for entry in entries_of(path, node):
            if "=" in entry.key:
                raise argparse.ArgumentTypeError(f"{entry.key!r} has an = in it")
            yield f"{entry.key}={_flow(entry.value) or _text(entry.value)}"
    else:
        yield _text(node)


def _flow(node: "yaml.Node") -> str:
    """A list in brackets as it is written, for knobs that take one; empty if it is none."""
    text = node.start_mark.buffer
    if not (text and getattr(node, "flow_style", False)):
        return ""
    return str(text[node.start_mark.index : node.end_mark.index])


def _part(node: "yaml.Node") -> str:
    """An item of a list; nothing is a gap between two commas."""
    from batch_import.entries import is_nothing

    return "" if is_nothing(node) else _text(node)


def _is_single(node: "yaml.Node") -> bool:
    return isinstance(node.value, str)


def _text(node: "yaml.Node") -> str:
    from batch_import.entries import scalar

    text = scalar(node)
    if text is None:
        raise argparse.ArgumentTypeError("exactly one value belongs here")
    if any(c == "\0" or "\ud800" <= c <= "\udfff" for c in text):
        raise argparse.ArgumentTypeError(f"{text!r} holds a character that is none")
    return text


def _with_commas(texts: Iterable[str]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(texts)
    return line.getvalue()
