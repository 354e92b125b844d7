"""Starts commands as forks of a process that has already loaded their modules.

Hundreds of tests start the real command several times each, and loading pandas, requests and the
modules of this program takes longer than most tests. Therefore one process, the server, loads them
and forks for each command. Each fork runs the same code as `python -m batch_import`, with its own
arguments, environment, folder and standard streams.

No module of this program may read these while it is loaded; `test_forked_commands.py` checks this.
"""

import gc
import importlib
import json
import os
import pkgutil
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

#: The libraries that commands import.
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
#: The packages whose modules, and all that these import, are loaded.
_PACKAGES = ("batch_import.cli", "batch_import.workflows")
#: These modules are left out: `fleet.app`, which the first one imports, reads the environment while
#: it is loaded, and so does the package rich_click, which the second one imports.
_NOT_LOADED = ("batch_import.cli.worker", "batch_import.cli.help")
#: Seconds after which a command is killed; less than the time limit of a test.
_MAX_COMMAND_SECONDS = 100
#: Maximum number of bytes of one order: arguments, folder and environment as JSON.
_MAX_ORDER_BYTES = 1 << 17


class ForkedCommands:
    """Runs commands, and waits for each. Threads may run several at the same time."""

    def __init__(self) -> None:
        self._channel, server_end = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with server_end:
            self._process = subprocess.Popen(
                [sys.executable, __file__, str(server_end.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                env={**os.environ, "PYTHONUTF8": "1"},
                pass_fds=[server_end.fileno()],
            )

    @staticmethod
    def can_run(environ: Mapping[str, str]) -> bool:
        """Whether a fork behaves like a new process with these environment variables.

        Python reads the variables `PYTHON…` only when it starts. Therefore they must have the same
        values in the server and in the command.
        """
        read_at_start = {name for name in {*environ, *os.environ} if name.startswith("PYTHON")}
        server_environ = {**os.environ, "PYTHONUTF8": "1"}
        return (
            sys.platform == "linux"
            and "COVERAGE_PROCESS_CONFIG" not in environ
            and all(environ.get(name) == server_environ.get(name) for name in read_at_start)
        )

    def run(
        self, arguments: Sequence[str], folder: Path, environ: Mapping[str, str]
    ) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        order = {"arguments": arguments, "folder": str(folder), "environ": dict(environ)}
        with TemporaryFile() as out, TemporaryFile() as err:
            # The process that waits for the command writes the exit code into this pipe.
            code_reader, code_writer = os.pipe()
            streams = [out.fileno(), err.fileno(), code_writer]
            socket.send_fds(self._channel, [json.dumps(order).encode()], streams)
            os.close(code_writer)
            with os.fdopen(code_reader) as file:
                code = int(file.read())
            texts = [_text_of(out), _text_of(err)]
        return subprocess.CompletedProcess(arguments, code, *texts)

    def close(self) -> None:
        """End the server."""
        self._channel.close()
        self._process.wait()


def load_modules() -> None:
    """Load the modules that commands need."""
    for name in _LIBRARIES:
        importlib.import_module(name)
    for name in _PACKAGES:
        package = importlib.import_module(name)
        for module in pkgutil.iter_modules(package.__path__, f"{name}."):
            if module.name not in _NOT_LOADED:
                importlib.import_module(module.name)


def _text_of(file: Any) -> str:
    file.seek(0)
    return file.read().decode().replace("\r\n", "\n")


def _serve(channel: socket.socket) -> None:
    """Fork for each order until the channel is closed.

    This function also returns in each process of a command, after the command has ended.
    """
    load_modules()
    gc.freeze()
    while True:
        order, streams, *_ = socket.recv_fds(channel, _MAX_ORDER_BYTES, 3)
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
    """Fork a command, wait for its end, and write its exit code to `end`.

    The waiting process exits here. This function returns only in the process of the command.
    """
    command = os.fork()
    if command:
        _, status = os.waitpid(command, 0)
        os.write(end, str(os.waitstatus_to_exitcode(status)).encode())
        os._exit(0)
    os.close(end)
    for stream, number in ((out, 1), (err, 2)):
        os.dup2(stream, number)
        os.close(stream)
    signal.alarm(_MAX_COMMAND_SECONDS)
    os.chdir(order["folder"])
    os.environ.clear()
    os.environ.update(order["environ"])
    time.tzset()
    sys.path[0] = order["folder"]
    sys.argv[1:] = order["arguments"]
    runpy.run_module("batch_import", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])))
