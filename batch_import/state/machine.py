"""Identify this process, and decide whether an earlier process of this machine has ended.

On Linux, /proc has this information. On other systems, and for processes of other machines, it is
not known whether a process has ended.
"""

import os
import platform
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Final

#: File with the ID of the machine, which is created when the operating system is installed.
_MACHINE_ID_PATH: Final = Path("/etc/machine-id")
#: File with an ID that is different after each start of the operating system.
_BOOT_ID_PATH: Final = Path("/proc/sys/kernel/random/boot_id")
#: Link to the namespace of process IDs. A container, for example, has process IDs of its own.
_NAMESPACE_PATH: Final = Path("/proc/self/ns/pid")
#: Index of the field `starttime` in /proc/PID/stat, among the fields after the name (proc(5)).
_START_TIME_FIELD: Final = 19


@dataclass(frozen=True, slots=True)
class Process:
    """A process on a machine.

    Attributes:
        host: name of the machine, for messages.
        machine_id: identifies the machine, or the container, within which process IDs are unique;
            empty if not known.
        boot_id: is different after each start of the operating system; empty if not known.
        process_id: process ID in the operating system.
        start_time: when the process was started, in ticks since the start of the operating system.
            Distinguishes it from a later process with the same ID. Empty if not known.
    """

    host: str
    machine_id: str
    boot_id: str
    process_id: int
    start_time: str

    @classmethod
    def current(cls) -> "Process":
        """Returns the current process."""
        return cls.running(os.getpid())

    @classmethod
    def running(cls, process_id: int) -> "Process":
        """Returns a running process of this machine, by its process ID."""
        installation_id = _read_text(_MACHINE_ID_PATH)
        namespace = _link_target(_NAMESPACE_PATH)
        machine_id = ""
        if installation_id and namespace:
            # Copies of a virtual machine may have the same installation ID, but their network cards
            # have different addresses. Without a network card, getnode returns a random number.
            # Then no other process has the same machine ID, and `has_ended` is always False.
            machine_id = f"{installation_id} {uuid.getnode():x} {namespace}"
        return cls(
            platform.node(),
            machine_id,
            _read_text(_BOOT_ID_PATH),
            process_id,
            _start_time(process_id),
        )

    def has_ended(self, observer: "Process") -> bool:
        """Whether this process has certainly ended. False if this is not known.

        Args:
            observer: the process that calls this method.
        """
        if not (self.machine_id and self.boot_id and self.machine_id == observer.machine_id):
            return False
        return self.boot_id != observer.boot_id or _start_time(self.process_id) != self.start_time


def _start_time(process_id: int) -> str:
    """Returns when a process was started, in ticks since the start of the operating system.

    Empty if the process has ended, or if this is not known.
    """
    stat = _read_text(Path(f"/proc/{process_id}/stat"))
    # The name of the process is in parentheses, and may itself contain spaces and parentheses.
    fields = stat.rpartition(")")[2].split()
    if len(fields) <= _START_TIME_FIELD:
        return ""
    # In the states Z (zombie) and X (dead), the process has ended, and the system still lists it.
    return "" if fields[0] in "ZX" else fields[_START_TIME_FIELD]


def _read_text(path: Path) -> str:
    """Returns the content of a file; empty if it cannot be read."""
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError:
        return ""


def _link_target(path: Path) -> str:
    """Returns the target of a link; empty if it cannot be read."""
    try:
        return str(path.readlink())
    except OSError:
        return ""
