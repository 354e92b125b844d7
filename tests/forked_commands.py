"""Commands without the time that their libraries take to load.

Hundreds of tests start the real command several times each, and loading pandas, requests and others
takes longer than most of what they test. One process loads these libraries, and nothing of this
program, and forks for each command. What then runs is what `python -m batch_import` runs, in a
process of its own, with arguments, an environment, a folder and standard streams of its own.
"""

import gc
import importlib
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

#: The packages that commands import.
_LIBRARIES = (
    *(
        "boto3",
        "click",
        "filelock",
        "jinja2",
        "pandas",
        "python_calamine",
        "requests",
        "tenacity",
        "tqdm",
    ),
    *("urllib3", "xlsxwriter", "yaml"),
)
#: Seconds after which a command is killed; less than pytest gives a test.
_LONGEST = 100
#: Bytes of what a command is given.
_MOST = 1 << 17


class ForkedCommands:
    """Runs commands, and waits for each. Threads may run several at the same time."""

    def __init__(self) -> None:
        self._channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, __file__, str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                env={**os.environ, "PYTHONUTF8": "1"},
                pass_fds=[theirs.fileno()],
            )

    @staticmethod
    def can_run(environ: Mapping[str, str]) -> bool:
        """Whether a fork is the same as a start: Python reads some variables when it starts."""
        read_at_start = {name for name in {*environ, *os.environ} if name.startswith("PYTHON")}
        there = {**os.environ, "PYTHONUTF8": "1"}
        return (
            sys.platform == "linux"
            and "COVERAGE_PROCESS_CONFIG" not in environ
            and all(environ.get(name) == there.get(name) for name in read_at_start)
        )

    def run(
        self, arguments: Sequence[str], folder: Path, environ: Mapping[str, str]
    ) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        order = {"arguments": arguments, "folder": str(folder), "environ": dict(environ)}
        with TemporaryFile() as out, TemporaryFile() as err:
            ended, end = os.pipe()
            streams = [out.fileno(), err.fileno(), end]
            socket.send_fds(self._channel, [json.dumps(order).encode()], streams)
            os.close(end)
            with os.fdopen(ended) as file:
                code = int(file.read())
            texts = [_text_of(out), _text_of(err)]
        return subprocess.CompletedProcess(arguments, code, *texts)

    def close(self) -> None:
        """Run no more commands."""
        self._channel.close()
        self._process.wait()


def _text_of(file: Any) -> str:
    file.seek(0)
    return file.read().decode().replace("\r\n", "\n")


def _serve(channel: socket.socket) -> None:
    """Fork for each order until no more can come. Returns in a command's process, too."""
    for name in _LIBRARIES:
        importlib.import_module(name)
    gc.freeze()
    while True:
        order, streams, *_ = socket.recv_fds(channel, _MOST, 3)
        if not order:
            break
        if not os.fork():
            channel.close()
            _supervise(json.loads(order), *streams)
            return
        for stream in streams:
            os.close(stream)
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
    with suppress(ChildProcessError):
        while os.wait():
            pass


def _supervise(order: Mapping[str, Any], out: int, err: int, end: int) -> None:
    """Wait for a command, and pass on how it ended; returns in the command's process alone."""
    command = os.fork()
    if command:
        _, status = os.waitpid(command, 0)
        os.write(end, str(os.waitstatus_to_exitcode(status)).encode())
        os._exit(0)
    os.close(end)
    for stream, number in ((out, 1), (err, 2)):
        os.dup2(stream, number)
        os.close(stream)
    signal.alarm(_LONGEST)
    os.chdir(order["folder"])
    os.environ.clear()
    os.environ.update(order["environ"])
    time.tzset()
    sys.path[0] = order["folder"]
    sys.argv[1:] = order["arguments"]
    runpy.run_module("batch_import", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])))
