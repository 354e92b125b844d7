"""Which process this is, and whether an earlier one of this machine is gone.

Linux tells this in /proc; elsewhere, and of other machines, nothing is known.
"""

import os
import platform
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_MACHINE_ID: Final = Path("/etc/machine-id")
_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")
#: Processes have numbers of their own in each of these: in a container, for one.
_NAMESPACE: Final = Path("/proc/self/ns/pid")
#: The 20th field behind the name in /proc/PID/stat is when the process was started (proc(5)).
_STARTED: Final = 19


@dataclass(frozen=True, slots=True)
class Process:
    """One process of one machine.

    Attributes:
        host: its name, for people.
        machine: the same for processes that see each other; empty where that is not known.
        boot: another one after each start of the machine's system.
        number: as the system counts.
        started: tells it from a later process of the same number.
    """

    host: str
    machine: str
    boot: str
    number: int
    started: str

    @classmethod
    def this(cls) -> "Process":
        """The one that asks."""
        number = os.getpid()
        machine = _text(_MACHINE_ID)
        namespace = _target(_NAMESPACE)
        # Copies of a virtual machine may share an ID; their network cards have their own numbers.
        # Where there is none, the number is drawn, and this process is like no other.
        known = f"{machine} {uuid.getnode():x} {namespace}" if machine and namespace else ""
        return cls(platform.node(), known, _text(_BOOT_ID), number, _started(number))

    def is_gone(self, here: "Process") -> bool:
        """Whether a process has surely ended, as far as another one can know.

        Args:
            here: who asks.
        """
        if not (self.machine and self.boot and self.machine == here.machine):
            return False
        return self.boot != here.boot or _started(self.number) != self.started


def _started(number: int) -> str:
    """When a process was started, in ticks since the system was; empty where there is none."""
    stat = _text(Path(f"/proc/{number}/stat"))
    fields = stat.rpartition(")")[2].split()
    # A zombie has no code that could send anything.
    return fields[_STARTED] if len(fields) > _STARTED and fields[0] not in "ZX" else ""


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError:
        return ""


def _target(path: Path) -> str:
    try:
        return str(path.readlink())
    except OSError:
        return ""
