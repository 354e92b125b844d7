"""Completion of commands, options, choices and files in a shell.

The script is made from the parser, and completes without starting the program. This file must not
know any command.
"""

import argparse
from typing import Any, Final

import shtab

from batch_import.cli.exits import OK
from batch_import.cli.parser import parser

#: What completes a value, by what the help calls it.
_VALUES: Final = {
    "FILE": shtab.FILE,
    "MANIFEST": shtab.FILE,
    "DIR": shtab.DIRECTORY,
    "FOLDER": shtab.DIRECTORY,
}


def completion(arguments: argparse.Namespace) -> int:
    """Print the script for a shell."""
    print(shtab.complete(parser(_complete), arguments.shell))
    return OK


def _complete(action: Any) -> None:
    if action.metavar in _VALUES:
        action.complete = _VALUES[action.metavar]
