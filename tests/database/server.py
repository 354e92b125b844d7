"""A PostgreSQL server for tests: in a temporary folder, on a free port, as a user without rights.

Its folder is in memory where there is such a place: it runs with `fsync = on`, as the program asks,
and a disk would only make the tests slow.
"""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

import psycopg

#: The user of the database, and its password: it must be seen nowhere.
USER, PASSWORD = "importer", "a-password-that-must-not-be-seen"
_PLACES = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/usr/local/pgsql/bin")
_MEMORY = Path("/dev/shm")
#: The user that Debian's package makes; the server refuses to run as root.
_SYSTEM_USER = "postgres"


def installed() -> Path | None:
    """The folder of PostgreSQL's programs, the newest version's; None where it is not installed."""
    found = [path for place in _PLACES for path in Path("/").glob(place[1:])]
    found = [path for path in found if (path / "initdb").exists()]
    if found:
        return max(found, key=lambda path: [int(part) for part in path.parts if part.isdigit()])
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
            usual = {
                "port": str(self.port), "listen_addresses": "*" if clients else "127.0.0.1",
                "unix_socket_directories": str(self.folder), "max_connections": "60",
                "shared_buffers": "32MB", "logging_collector": "off",
            }  # fmt: skip
            for name, value in {**usual, **settings}.items():
                file.write(f"{name} = '{value}'\n")
        if clients:
            with (self.data / "pg_hba.conf").open("a") as file:
                file.write(f"host all all {clients} scram-sha-256\n")
        self._cleaner = self._start_cleaner()
        self.start()

    def _start_cleaner(self) -> "subprocess.Popen[bytes]":
        """Start a process that stops the server and deletes its folder once its input ends.

        The system closes the pipe however this process ends, so a killed test leaves no server.
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
        """The URL of an empty database."""
        self._databases += 1
        name = f"test{self._databases}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as db:
            db.execute(f"CREATE DATABASE {name}")
        return self.url(name)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port
