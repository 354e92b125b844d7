"""Starts a PostgreSQL server for tests, in a temporary folder, on a free port, without root rights.

The folder is in memory if possible. The server runs with `fsync = on`, because the program requires
it, and a disk would only make the tests slow.
"""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

import psycopg

#: User of the database and password; the password must be in no output.
USER, PASSWORD = "importer", "a-password-that-must-not-be-seen"
#: Folders in which packages install PostgreSQL's programs.
_PROGRAM_FOLDERS = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/usr/local/pgsql/bin")
#: A file system in memory.
_MEMORY = Path("/dev/shm")
#: The user that Debian's package makes; the server refuses to run as root.
_SYSTEM_USER = "postgres"


def installed() -> Path | None:
    """Return the folder of PostgreSQL's programs, of the newest version; None if not installed."""
    folders = [path for pattern in _PROGRAM_FOLDERS for path in Path("/").glob(pattern[1:])]
    folders = [path for path in folders if (path / "initdb").exists()]
    if folders:
        # The version is a number in the path.
        return max(folders, key=lambda path: [int(part) for part in path.parts if part.isdigit()])
    program = shutil.which("initdb")
    return Path(program).parent if program else None


class Server:
    """One running server.

    Args:
        programs: the folder of its programs.
        on_disk: what it commits is on a disk; in memory otherwise, where there is room for it.
        clients: IP addresses, besides the loopback addresses, that may connect.
        settings: of `postgresql.conf`, beside the usual ones.
    """

    def __init__(
        self, programs: Path, *, on_disk: bool = False, clients: str = "", **settings: str
    ) -> None:
        self._programs = programs
        self._databases = 0
        memory = _MEMORY if not on_disk and os.access(_MEMORY, os.W_OK) else None
        self.folder = Path(tempfile.mkdtemp(prefix="batch-import-", dir=memory))
        if self._user:
            shutil.chown(self.folder, self._user)
        password = self.folder / "password"
        password.write_text(PASSWORD)
        self.data = self.folder / "data"
        self._run("initdb", "-A", "scram-sha-256", "-U", USER, "--pwfile", str(password),
                  "--no-sync", "--no-instructions", "-E", "UTF8", "--locale", "C")  # fmt: skip
        self.port = _free_port()
        with (self.data / "postgresql.conf").open("a") as file:
            defaults = {
                "port": str(self.port), "listen_addresses": "*" if clients else "127.0.0.1",
                "unix_socket_directories": str(self.folder), "max_connections": "60",
                "shared_buffers": "32MB", "logging_collector": "off",
            }  # fmt: skip
            for name, value in {**defaults, **settings}.items():
                file.write(f"{name} = '{value}'\n")
        if clients:
            with (self.data / "pg_hba.conf").open("a") as file:
                file.write(f"host all all {clients} scram-sha-256\n")
        self._cleaner = self._start_cleaner()
        self.start()

    def _start_cleaner(self) -> "subprocess.Popen[bytes]":
        """Start a process that waits for the end of its input, then stops the server.

        It also deletes the server's folder. The system closes the input when this process ends,
        even if it is killed. Therefore no server is left running.
        """
        script = 'read _; "$0" -D "$1" -s -m immediate stop; rm -rf "$2"'
        return subprocess.Popen(
            ["sh", "-c", script, self._programs / "pg_ctl", self.data, self.folder],
            user=self._user, group=self._user, extra_groups=[] if self._user else None,
            cwd="/", stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip

    @property
    def _user(self) -> str | None:
        if os.getuid():
            return None
        try:
            return pwd.getpwnam(_SYSTEM_USER).pw_name
        except KeyError:
            return "nobody"

    def _run(self, program: str, *arguments: str, check: bool = True) -> None:
        done = subprocess.run(
            [self._programs / program, "-D", self.data, *arguments],
            user=self._user, group=self._user, extra_groups=[] if self._user else None,
            cwd=self.folder, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert not check or done.returncode == 0, done.stdout + done.stderr

    def start(self) -> None:
        self._run("pg_ctl", "-w", "-s", "-l", str(self.folder / "log"), "start")

    def stop(self, how: str = "immediate") -> None:
        self._run("pg_ctl", "-w", "-s", "-m", how, "stop", check=False)

    def close(self) -> None:
        self._cleaner.communicate()

    def url(self, database: str) -> str:
        return f"postgresql://{USER}:{PASSWORD}@127.0.0.1:{self.port}/{database}"

    def new_database(self) -> str:
        """Create an empty database; returns its URL."""
        self._databases += 1
        name = f"test{self._databases}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as db:
            db.execute(f"CREATE DATABASE {name}")
        return self.url(name)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
