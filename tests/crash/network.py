"""Simulated machines whose network connections to the database and to the API can be cut.

If the test runs as root and has the program `ip`, the machine is a network namespace with two
links; its connections are not notified of a cut. Otherwise a proxy is between the machine and the
database, and only this connection can be cut.
"""

import os
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import trustme

from batch_import.sandbox.platform import API
from batch_import.sandbox.server import SandboxServer

#: The addresses of all namespaces: a range for tests of networks (RFC 2544). No host on the
#: internet has such an address.
ADDRESSES: Final = "198.18.0.0/16"
#: Maximum number of namespaces: each has a /24 of these addresses.
_MAX_NAMESPACES: Final = 256
_LINKS: Final = ("db", "api")
#: Link → last number of the IP address of its end on the host, and of its end in the namespace.
_HOST_NUMBERS, _MACHINE_NUMBERS = {"db": 1, "api": 2}, {"db": 11, "api": 12}
#: A hardware address that no interface has.
_UNUSED_HARDWARE_ADDRESS: Final = "02:00:00:00:00:01"
#: Shell script that waits for the end of its input, and then deletes a namespace and its links.
_CLEAN_UP: Final = """
    read _
    ip netns pids "$0" | xargs -r kill -9
    ip link del "$0-db"; ip link del "$0-api"; ip netns del "$0"
    ip route del blackhole "$1.0/24"
    ip addr del "$1.1/32" dev lo; ip addr del "$1.2/32" dev lo
"""


class Direct:
    """A machine whose connections are never cut.

    Attributes:
        command: the start of each command line that runs on this machine.
        database: host and port of the database.
    """

    command: tuple[str, ...] = ()

    def __init__(self, port: int) -> None:
        self.database = f"127.0.0.1:{port}"

    def close(self) -> None:
        """Delete everything that was created for this machine."""


class Proxied(Direct):
    """A machine that reaches the database through a proxy, which stops passing data when cut."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.database = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self._passes = threading.Event()
        self._passes.set()
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                try:
                    far = socket.create_connection(("127.0.0.1", self._port), 5)
                except OSError:
                    near.close()
                    continue
                far.settimeout(None)
                self._open += [near, far]
                for source, target in ((near, far), (far, near)):
                    threading.Thread(target=self._pass, args=(source, target), daemon=True).start()

    def _pass(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                self._passes.wait()
                target.sendall(data)
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def cut(self, link: str) -> None:
        """Stop passing data."""
        assert link == "db"
        self._passes.clear()

    def restore(self) -> None:
        """Pass the data again, also what was held back."""
        self._passes.set()

    def close(self) -> None:
        self.restore()
        for each in (self._listener, *self._open):
            with suppress(OSError):
                each.close()


class Namespace(Direct):
    """A machine that is a network namespace, with one link to the database, and one to the API.

    The addresses of the database and the API are on the host's loopback interface. Therefore the
    host itself reaches them also if the links are cut.

    Args:
        port: of the database, which must accept connections from `ADDRESSES`.

    Attributes:
        api_host: the IP address for the API.
    """

    def __init__(self, port: int) -> None:
        self._name, self._network = _new_namespace()
        self._cleaner = subprocess.Popen(
            ["sh", "-c", _CLEAN_UP, self._name, self._network],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip
        self.command = ("ip", "netns", "exec", self._name)
        self.database = f"{self._network}.{_HOST_NUMBERS['db']}:{port}"
        self.api_host = f"{self._network}.{_HOST_NUMBERS['api']}"
        try:
            self._connect()
        except BaseException:
            self.close()
            raise

    def _connect(self) -> None:
        # Without this route, the host would send packets for a cut link to its gateway.
        _ip("route", "add", "blackhole", f"{self._network}.0/24")
        self._ip("link", "set", "lo", "up")
        for link in _LINKS:
            host, machine = (
                f"{self._network}.{ends[link]}/32" for ends in (_HOST_NUMBERS, _MACHINE_NUMBERS)
            )
            _ip("addr", "add", host, "dev", "lo")
            _ip("link", "add", f"{self._name}-{link}", "type", "veth", "peer", link, "netns",
                self._name)  # fmt: skip
            self._ip("addr", "add", machine, "dev", link)
            self._ip("link", "set", link, "up")
            self._ip("route", "add", host, "dev", link, "src", machine.removesuffix("/32"))
        self.restore()

    def _ip(self, *arguments: str) -> None:
        _ip("-netns", self._name, *arguments)

    def cut(self, link: str) -> None:
        """Unplug a link, `db` or `api`. The system knows that it cannot send now."""
        _ip("link", "set", f"{self._name}-{link}", "down")

    def lose(self, link: str) -> None:
        """Lose what the machine sends over a link, as if a switch failed.

        The system cannot see the failure. Therefore it repeats packets, after longer and longer
        times.
        """
        host = f"{self._network}.{_HOST_NUMBERS[link]}"
        self._ip("neigh", "replace", host, "lladdr", _UNUSED_HARDWARE_ADDRESS,
                 "dev", link, "nud", "permanent")  # fmt: skip

    def restore(self) -> None:
        """Connect both links again."""
        for link in _LINKS:
            end, host = f"{self._name}-{link}", f"{self._network}.{_HOST_NUMBERS[link]}"
            _ip("link", "set", end, "up")
            # The system deletes the route when the link is cut.
            _ip("route", "replace", f"{self._network}.{_MACHINE_NUMBERS[link]}/32", "dev", end)
            with suppress(OSError):  # there is none if nothing was lost
                self._ip("neigh", "del", host, "dev", link)

    def close(self) -> None:
        self._cleaner.communicate()


def _new_namespace() -> tuple[str, str]:
    """Create a network namespace; returns its name, and the first three numbers of its addresses.

    Raises:
        OSError: the system refuses it.
    """
    for number in range(_MAX_NAMESPACES):
        name = f"crash-{number}"
        try:
            _ip("netns", "add", name)
        except OSError as error:
            if "File exists" not in str(error):
                raise
        else:
            return name, f"198.18.{number}"
    raise OSError("all namespaces are in use: delete those that `ip netns` lists")


def _ip(*arguments: str) -> None:
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise OSError(f"ip {' '.join(arguments)}: {done.stderr.strip()}")


def has_namespaces() -> bool:
    """Whether this process may create network namespaces with links."""
    if os.getuid() or not shutil.which("ip"):
        return False
    try:
        Namespace(0).close()
    except OSError:
        return False
    return True


@contextmanager
def encrypted_api(server: SandboxServer, host: str, folder: Path) -> Iterator[tuple[str, Path]]:
    """Serve a sandbox over HTTPS at another address of this machine.

    The program refuses plain HTTP for every address that is not a loopback address.

    Args:
        host: an IP address of this machine.
        folder: where to write the certificate.

    Yields:
        the base URL of the API, and the file with the certificate of the authority.
    """
    authority = trustme.CA()
    path = folder / "authority.pem"
    authority.cert_pem.write_to_path(path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(host).configure_cert(context)
    listener = socket.create_server((host, 0))

    def serve() -> None:
        with suppress(OSError):
            while True:
                connection, address = listener.accept()
                # The thread of the connection does the handshake, when it reads.
                encrypted = context.wrap_socket(
                    connection, server_side=True, do_handshake_on_connect=False
                )
                server._http.process_request(encrypted, address)  # noqa: SLF001 - no other way in

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield f"https://{host}:{listener.getsockname()[1]}{API}", path
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
