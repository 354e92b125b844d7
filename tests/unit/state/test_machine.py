"""Whether a process of this machine has ended: known for certain, or not at all."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from batch_import.state.machine import Process

pytestmark = pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="Linux alone has /proc")

#: The same on every machine, so that tests do not depend on the configuration of this one.
HERE = replace(Process.current(), machine_id="m", boot_id="b")


def process(number: int) -> Process:
    """Return the data of a process of this machine."""
    program = f"from batch_import.state import machine; print(machine._start_time({number}))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return replace(HERE, process_id=number, start_time=done.stdout.strip())


def test_a_running_process_has_not_ended() -> None:
    assert not HERE.has_ended(HERE)
    assert not process(os.getppid()).has_ended(HERE)


def test_a_killed_process_has_ended_even_before_its_parent_knows() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        known = process(child.pid)
        assert known.start_time
        assert not known.has_ended(HERE)
        child.kill()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # a zombie
        assert known.has_ended(HERE)
    assert known.has_ended(HERE)


def test_a_later_process_with_the_same_number_is_another_one() -> None:
    assert replace(HERE, start_time="1").has_ended(HERE)


def test_all_processes_have_ended_after_a_restart_of_the_machine() -> None:
    assert replace(HERE, boot_id="earlier").has_ended(HERE)


@pytest.mark.parametrize(
    "unknown", [{"machine_id": "another"}, {"machine_id": ""}, {"boot_id": ""}]
)
def test_processes_of_another_machine_are_never_reported_as_ended(unknown: dict[str, str]) -> None:
    assert not replace(HERE, start_time="1", **unknown).has_ended(HERE)
