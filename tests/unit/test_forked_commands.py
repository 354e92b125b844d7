"""A fork of a process that has loaded the program's modules behaves like a new process."""

import subprocess
import sys
from pathlib import Path

import forked_commands

#: Loads the modules of this program, and prints which of them read the environment, the arguments,
#: the working folder or the time zone meanwhile, themselves or by functions that they call.
_PROGRAM = """
import importlib, os, sys, time
import forked_commands

for name in forked_commands._LIBRARIES:
    importlib.import_module(name)
readers = set()

def recorded(function):
    def call(*arguments, **options):
        frame = sys._getframe(1)
        while frame:
            name = frame.f_globals.get("__name__", "")
            if name.startswith("batch_import"):
                readers.add(name)
            frame = frame.f_back
        return function(*arguments, **options)
    return call

class Recording(type(os.environ)):
    __getitem__ = recorded(type(os.environ).__getitem__)
    __iter__ = recorded(type(os.environ).__iter__)

class RecordingList(list):
    __getitem__ = recorded(list.__getitem__)
    __iter__ = recorded(list.__iter__)

os.environ.__class__ = Recording
os.getcwd = recorded(os.getcwd)
time.localtime = recorded(time.localtime)
sys.argv = RecordingList(sys.argv)
if len(sys.argv) > 1:
    importlib.import_module("".join(list.__iter__(sys.argv)).partition("=")[2])
else:
    forked_commands.load_modules()
own = [name for name in sys.modules if name.startswith("batch_import")]
print(len(own), *sorted(readers))
"""


def readers(*arguments: str) -> tuple[int, list[str]]:
    """Return the number of loaded modules, and those that read what differs between commands."""
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, *arguments],
        cwd=Path(forked_commands.__file__).parent,
        capture_output=True,
        text=True,
        check=True,
    )
    count, *names = done.stdout.split()
    return int(count), names


def test_no_loaded_module_reads_what_differs_between_commands() -> None:
    count, names = readers()
    assert count > 200
    assert names == []


def test_a_module_that_reads_the_environment_while_it_is_loaded_is_found() -> None:
    _, names = readers("=batch_import.cli.help")
    assert "batch_import.cli.help" in names
