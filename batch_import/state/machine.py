"""Identify this process, and decide whether an earlier process of this machine has ended.

On Linux, /proc has this information. On other systems, and for other machines, it is not known.
"""

import os
import platform
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_MACHINE_ID: Final = Path("/etc/machine-id")
_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")
#: The process ID namespace. Each container, for example, has separate process IDs.
_NAMESPACE: Final = Path("/proc/self/ns/pid")
#: Index of the field `starttime` in /proc/PID/stat, among the fields after the name (proc(5)).
_START_TIME_FIELD: Final = 19


@dataclass(frozen=True, slots=True)
class Process:
    """A process on a machine.

    Attributes:
        host: name of the machine, for messages.
        machine_id: identifies the set of processes that can see each other; empty if not known.
        boot_id: identifies the time since the last start of the operating system.
        process_id: process ID in the operating system.
        start_time: when the process was started; distinguishes processes with the same ID.
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
    def running(cls, number: int) -> "Process":
        """Returns a running process of this machine, by its process ID."""
        machine = _read_text(_MACHINE_ID)
        namespace = _link_target(_NAMESPACE)
        # Copies of a virtual machine may share an ID; their network cards have different addresses.
        # Without a network card, getnode is random; therefore no other process has the same value.
        known = f"{machine} {uuid.getnode():x} {namespace}" if machine and namespace else ""
        return cls(platform.node(), known, _read_text(_BOOT_ID), number, _start_time(number))

    def has_ended(self, observer: "Process") -> bool:
        """Whether this process has ended for certain, as far as another process can know.

        Args:
            observer: the process that wants to know.
        """
        if not (self.machine_id and self.boot_id and self.machine_id == observer.machine_id):
            return False
        return self.boot_id != observer.boot_id or _start_time(self.process_id) != self.start_time


def _start_time(number: int) -> str:
    """Returns when a process was started, in ticks since the system start; empty if it ended."""
    stat = _read_text(Path(f"/proc/{number}/stat"))
    fields = stat.rpartition(")")[2].split()
    # Z and X: the process has ended, and the system still lists it.
    return (
        fields[_START_TIME_FIELD]
        if len(fields) > _START_TIME_FIELD and fields[0] not in "ZX"
        else ""
    )


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError:
        return ""


def _link_target(path: Path) -> str:
    try:
        return str(path.readlink())
    except OSError:
        return ""
